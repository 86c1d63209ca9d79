// SPDX-License-Identifier: Apache-2.0
// What callers ask the store to write, and what they are told. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/audience.h"
#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"

namespace belfry::store {

// One thing to write, already validated: a notification or broadcast, fields as in
// belfry.v1.AppendItem; or, of kind kState, a change of state, which is `update`; or a change of an
// audience, which is `audience`: with kNotifySegment the item is what its members get.
struct AppendItem {
  EntryKind kind = EntryKind::kNotification;
  std::string project = {};
  std::string user_id = {};
  std::string idempotency_key = {};  // empty: it cannot come twice
  bool idempotency_key_fresh = false;
  std::string content_hash = {};
  std::int64_t expires_us = 0;
  std::string payload = {};
  std::string notification_kind = {};
  std::string collapse_key = {};
  std::vector<std::string> excluded = {};  // of a broadcast: who does not get it, sorted
  std::shared_ptr<const StateUpdate> update = {};
  std::shared_ptr<const AudienceUpdate> audience = {};

  // What it costs in the queue and in a round of a store with `partitions`. A broadcast becomes a
  // row in each of them, and one more row that holds the payload.
  std::size_t bytes(Partition partitions) const {
    constexpr std::size_t kRow = 256;  // an entry, its key and what surrounds both
    const std::size_t rows = kind == EntryKind::kBroadcast ? (partitions + 1) * kRow : 0;
    return sizeof(*this) + project.size() + user_id.size() + idempotency_key.size() +
           content_hash.size() + payload.size() + rows + 256 * excluded.size() +
           (update ? sizeof *update + 8 * update->change.ids.size() : 0) +
           (audience ? AudienceBytes(*audience) : 0);
  }

 private:
  static std::size_t AudienceBytes(const AudienceUpdate& audience) {
    constexpr std::size_t kRow = 256;
    std::size_t rows = 1 + audience.user_ids.size();
    for (const AudienceUser& user : audience.users) {
      rows += 1 + user.attributes.size();
    }
    return rows * kRow;
  }
};

// The item that asks for `update`.
inline AppendItem UpdateItem(StateUpdate update) {
  AppendItem item;
  item.kind = EntryKind::kState;
  item.project = update.project;
  item.user_id = update.user_id;
  item.update = std::make_shared<const StateUpdate>(std::move(update));
  return item;
}

// The item that asks for `update`, which brings its own notification if it needs one.
inline AppendItem AudienceItem(AudienceUpdate update, AppendItem item) {
  item.project = update.project;
  item.audience = std::make_shared<const AudienceUpdate>(std::move(update));
  return item;
}

// What was stored. `duplicate`: by an earlier item with the same idempotency key. `suppressed`:
// nothing was, the user has muted this kind.
struct Appended {
  EntryId id = 0;
  std::int64_t created_us = 0;
  bool duplicate = false;
  bool suppressed = false;
  std::shared_ptr<const StateUpdated> updated = {};      // of a change of state, and nothing else
  std::shared_ptr<const AudienceUpdated> audience = {};  // of a change of an audience, likewise
  bool operator==(const Appended&) const = default;
};

// One answer per item, in the order of the items. An item's error always means: not stored.
using AppendResults = std::vector<Result<Appended>>;

// One caller's items with the way back to it.
struct PendingAppend {
  std::vector<AppendItem> items = {};
  SteadyTime accepted = {};
  // After it the caller no longer wants the answer; checked until the items enter a round.
  SteadyTime deadline = SteadyTime::max();
  // Tells whether the caller has gone; may be empty. Called on the sequencer's thread.
  std::function<bool()> cancelled = {};
  // Called exactly once. An error of the whole call means: unknown, a retry with the same keys is
  // safe. Usually on the sequencer's thread: must not block.
  std::function<void(Result<AppendResults>)> done = {};
};

}  // namespace belfry::store
