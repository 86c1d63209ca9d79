// SPDX-License-Identifier: Apache-2.0
// What a user has, by a plain walk over their partition's log: a list of items and a loop, without
// marks, counters or caches. A value; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"
#include "tests/support/checker/history.h"

namespace belfry::test {

// "unread 2, unseen 1, chat.message 2 at 17"
std::string TextOf(const Counts& counts);
std::string TextOf(const StateChange& change);

struct PlainItem {
  std::string tag = {};
  std::string kind = {};
  std::string collapse_key = {};
  std::int64_t expires_us = 0;  // 0: never
  bool read = false;
  bool archived = false;
  bool gone = false;         // deleted, retracted, replaced or expired
  std::string history = {};  // what became of it, for people
};

class PlainInbox {
 public:
  // `known`: the user has joined before the log's first broadcast. Otherwise with their first
  // entry.
  PlainInbox(std::string project, std::string user_id, bool known)
      : project_(std::move(project)), user_id_(std::move(user_id)), known_(known) {}

  // The next entry of the log. Another user's changes nothing. Empty, or what is wrong with it.
  std::string Take(const Stored& entry, const std::string& collapse_key);

  // `up_to` is the last entry's id that was taken, of whichever user.
  Counts counts() const;
  // Whether `change` would change anything now.
  bool WouldChange(const StateChange& change) const;
  // All that ever came, by id.
  const std::map<EntryId, PlainItem>& items() const { return items_; }
  const std::vector<std::string>& muted_kinds() const { return muted_; }
  // Whether something is still to expire.
  bool Expires() const;
  // For people: what became of these.
  std::string HistoryOf(const std::vector<EntryId>& ids) const;

 private:
  bool Mutes(const std::string& kind) const;
  std::string Arrives(const Stored& entry, const std::string& collapse_key);
  // True: something is otherwise than before.
  bool Apply(const StateChange& change);

  std::string project_;
  std::string user_id_;
  bool known_;
  std::map<EntryId, PlainItem> items_;
  std::vector<std::string> muted_;
  EntryId seen_ = 0;
  EntryId up_to_ = 0;
  EntryId replaced_next_ = 0;  // the next entry must say that this one is replaced
};

}  // namespace belfry::test
