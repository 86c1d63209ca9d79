// SPDX-License-Identifier: Apache-2.0
// A feed as its user has it: own entries and the project's as one sequence, each with what was done
// to it, and whether it is still there. Pages for streams and lists for people walk over it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/store/core/feed_rows.h"

namespace belfry::store {

// One thread.
class FeedView {
 public:
  // `moment` must outlive it; its cursors are used up. `now_us`: what has expired by then is not
  // there; the store's own time (Clock::ExpiryMicros), not the wall clock's.
  FeedView(const FeedMoment& moment, std::int64_t now_us);

  // The user's record. A user without one is taken to join at this moment.
  const UserRecord& user() const { return user_; }

  // Upwards from the first entry above `id`, or downwards from the last one below.
  void SeekAfter(EntryId id);
  void SeekBefore(EntryId id);
  void Next();

  // Where it stands; std::nullopt at the end, or after an error.
  std::optional<EntryId> id() const;
  // The size of the row. Only while it stands on one, as all below.
  std::size_t bytes() const { return first_->bytes(); }
  // Whether it is a change of state, which no list has.
  bool is_state() const { return first_->kind() == EntryKind::kState; }
  // What this user, or time, did to the entry.
  Result<EntryState> state();
  // The entry, with read_at_us and archived_at_us and without `prev`; std::nullopt: it is not there
  // for this user (deleted, replaced, retracted, expired, muted, or from before they joined).
  Result<std::optional<Entry>> Read();
  Status status() const;

 private:
  void Stand();
  bool IsThere(const Entry& entry, const EntryState& state) const;
  bool own() const { return first_ == moment_.user_entries.get(); }

  const FeedMoment& moment_;
  const std::int64_t now_us_;
  const UserRecord user_;
  EntryCursor* first_ = nullptr;  // the cursor that comes first; null at the end
  bool upwards_ = true;
  bool states_sought_ = false;
};

// The moment as its user may see it: what was erased lies below the floor.
FeedMoment VisibleTo(FeedMoment moment);
// Nobody has heard of the user, or they were erased.
bool IsUnknown(const FeedMoment& moment);
// The moment's record; a user without one is taken to join at that moment.
UserRecord UserOf(const FeedMoment& moment);

}  // namespace belfry::store
