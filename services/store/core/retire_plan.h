// SPDX-License-Identifier: Apache-2.0
// One step of retention: which heads change when the oldest entries of a partition go.
#pragma once

#include <span>
#include <vector>

#include "services/store/core/event_log.h"
#include "services/store/core/round_plan.h"

namespace belfry::store {

// Not thread-safe; decides, the caller commits.
class RetirePlan {
 public:
  // `entries`, at least one, are the oldest of the log of `partition` above its floor, in order.
  RetirePlan(LogState& state, Partition partition, std::span<const EntryPtr> entries);

  // Loads the users' heads from `tables` and takes the entries off them. Any error of `tables`;
  // then `state` is as before.
  Status Decide(Tables& tables);
  CommitBatch& batch() { return batch_; }
  // After the commit: moves the floor in `state`.
  void Settle();

 private:
  LogState& state_;
  const std::span<const EntryPtr> entries_;
  PartitionHead position_;
  std::vector<UsersCache::User*> touched_;
  CommitBatch batch_;
};

}  // namespace belfry::store
