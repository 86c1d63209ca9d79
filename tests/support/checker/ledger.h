// SPDX-License-Identifier: Apache-2.0
// What was committed, as far as a history can say: its publishes and its stored logs, found by tag,
// by id and by feed. The history must outlive it and not change.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/support/checker/history.h"

namespace belfry::test {

// One notification in a partition's log.
struct Committed {
  EntryId id = 0;
  const Publish* publish = nullptr;  // null: nobody asked for it
  const Stored* stored = nullptr;    // null: acknowledged, but not in a log that was read
  // A later entry took it away from its user: deleted, retracted, replaced or expired. That entry
  // may be lost since: until then streams did not have to deliver this one.
  bool taken_away = false;

  // 0: never.
  std::int64_t expires_us() const;
  // Whether a stream may pass it then without a word: it was taken away, or has expired.
  bool MayBeLeftOut(std::int64_t at_us) const;
  // The publish's line and the stored entry's, as far as there are any.
  std::string Lines() const;
};

class Ledger {
 public:
  Ledger(const History& history, Partition partitions);

  Partition partitions() const { return partitions_; }
  Partition HomeOf(const std::string& project, const std::string& user_id) const {
    return PartitionOf(project, user_id, partitions_);
  }
  // The partitions that hold a copy of it: one, or all for a broadcast.
  std::vector<Partition> HomesOf(const Publish& publish) const;

  // Null if nobody published it.
  const Publish* ByTag(const std::string& tag) const;
  // Null if that partition's log was not read.
  const StoredLog* LogOf(Partition partition) const;
  // The entry with that id; null if it was not read.
  const Stored* At(Partition partition, EntryId id) const;
  // The acknowledged publish that was promised that id; null if there is none.
  const Publish* PromisedAt(Partition partition, EntryId id) const;
  // All stored entries with that tag, by partition, then as read.
  const std::vector<const Stored*>& CopiesOf(const std::string& tag) const;
  // The one among them that counts in that partition: the one that was acknowledged, else the first
  // one. Null if there is none.
  const Stored* CopyIn(Partition partition, const std::string& tag) const;
  // The id that an acknowledged publish has in that partition: its copy's if that was read, else
  // what the OK said (a broadcast's copies have its id as long as one store makes them all).
  EntryId IdIn(Partition partition, const Publish& publish) const;

  // Whether the store says that it lost that id.
  bool IsLost(Partition partition, EntryId id) const;
  // Whether a log that was read must hold `id`, which was known at `at_us`.
  bool MustBeStored(Partition partition, EntryId id, std::int64_t at_us) const;

  // What is known to have been committed for this user, broadcasts included, by id. What should not
  // be stored at all is left out: nobody has to be told.
  std::vector<Committed> OfFeed(const std::string& project, const std::string& user_id) const;

  // What was done to this user's notifications, broadcasts included, by id; what is lost too.
  std::vector<const Stored*> ChangesOf(const std::string& project,
                                       const std::string& user_id) const;
  // Whether that broadcast is of a kind that the user had muted when it came, by `changes` of that
  // user.
  static bool IsMuted(const std::vector<const Stored*>& changes, const Stored& broadcast);
  // From when on broadcasts are this user's, as far as somebody looked: any of them may have been
  // so at some time.
  std::vector<EntryId> JoinsOf(const std::string& project, const std::string& user_id) const;

  // The last moment that the history knows of.
  std::int64_t end_us() const { return end_us_; }

 private:
  // (project, user), the user empty for broadcasts.
  using Feed = std::pair<std::string, std::string>;
  // One partition's ids.
  using Ids = std::unordered_map<EntryId, const Stored*>;

  void AddLog(const StoredLog& log);
  void AddPublish(const Publish& publish);
  void NoteTime(std::int64_t at_us) { end_us_ = std::max(end_us_, at_us); }

  const Partition partitions_;
  std::unordered_map<std::string, const Publish*> by_tag_;
  std::map<Feed, std::vector<const Publish*>> acknowledged_;
  std::map<std::pair<Partition, EntryId>, const Publish*> promised_;
  std::map<Partition, const StoredLog*> logs_;
  std::map<Partition, Ids> entries_;
  std::unordered_map<std::string, std::vector<const Stored*>> copies_;
  std::map<Feed, std::vector<const Stored*>> stored_;
  std::map<Partition, std::vector<const Stored*>> changes_;
  std::map<std::pair<Partition, EntryId>, const Stored*> retired_;  // that tell something
  std::map<Feed, std::vector<EntryId>> joins_;
  std::int64_t end_us_ = 0;
};

}  // namespace belfry::test
