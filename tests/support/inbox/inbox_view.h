// SPDX-License-Identifier: Apache-2.0
// What a device shows of its user's inbox, derived as docs/protocol.md says: a list that was
// fetched once and the events of one stream, which goes on after every reconnect.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"
#include "libs/http/sse_parser.h"
#include "tests/support/inbox/inbox_json.h"

namespace belfry::test {

// Thread-safe.
class InboxView {
 public:
  // The stream's next block.
  void OnEvent(const http::SseEvent& event);

  // Whether the list has to be fetched: at first, after a reset, and when something is unarchived
  // that this device has not got. Then TakeList(BeginList's number, all pages).
  bool wants_list() const;
  std::size_t BeginList();
  void TakeList(std::size_t begun, const std::vector<ShownPage>& pages);
  // An answer's counts.
  void TakeCounts(const Counts& counts);

  Counts counts() const;
  // What is not archived, by id.
  std::map<EntryId, Shown> items() const;
  // The newest id that it has received or shown.
  EntryId newest() const;
  std::size_t resets() const;
  // What came that could not be read; empty if there was nothing.
  std::string unreadable() const;
  // The last `count` events, for people.
  std::string Tail(std::size_t count) const;

 private:
  struct Item {
    Shown shown;
    EntryId as_of = 0;  // a change at or below it is in `shown` already
  };
  // What has come, in its order: a notification or a change.
  struct Heard {
    EntryId id = 0;
    std::optional<Shown> shown = {};
    std::optional<StateTold> told = {};
  };

  // All below with the mutex held.
  void Arrives(const std::string& json);
  void Hear(Heard heard);
  void Apply(const Heard& heard);
  void ApplyState(EntryId id, const StateTold& told);
  static void Change(Item& item, const StateTold& told);
  void Renew(const Counts& counts);

  mutable std::mutex mutex_;
  // Guarded by it.
  bool wants_list_ = true;
  std::size_t wants_ = 0;  // how often it came to want one
  std::map<EntryId, Item> items_;
  std::vector<Heard> heard_;  // since the last reset
  Counts counts_;
  EntryId newest_ = 0;
  std::size_t resets_ = 0;
  std::string unreadable_;
  std::vector<std::string> log_;
};

}  // namespace belfry::test
