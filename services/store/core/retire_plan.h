// SPDX-License-Identifier: Apache-2.0
// One step of retention: which heads change when the oldest entries of a partition go.
#pragma once

#include <span>

#include "services/store/core/commit_draft.h"

namespace belfry::store {

// Not thread-safe; decides, the caller commits.
class RetirePlan {
 public:
  // `entries`, at least one, are the oldest of the log of `partition` above its floor, in order.
  RetirePlan(LogState& state, Tables& tables, const CommitTimes& times, Partition partition,
             std::span<const EntryPtr> entries);

  // Takes the entries off their users' records. Any error of Tables; then the state is as before.
  Status Decide();
  CommitBatch& batch() { return draft_.batch(); }
  // After the commit: moves the floor in `state`.
  void Settle();

 private:
  // Removes the records of users who were erased and not seen since: a record kept old cursors from
  // going on, and all of those lie below the floor now.
  void ForgetErased();

  CommitDraft draft_;
  const std::span<const EntryPtr> entries_;
  PartitionPosition position_;
};

}  // namespace belfry::store
