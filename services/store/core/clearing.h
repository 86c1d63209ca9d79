// SPDX-License-Identifier: Apache-2.0
// Clears entries off the disk, for operations that erase: what is left of one is its place in the
// log. The batch's entries stand in for those that were there.
#pragma once

#include <vector>

#include "services/store/core/commit_batch.h"
#include "services/store/core/project_usage.h"
#include "services/store/core/refs.h"

namespace belfry::store {

// Of one step. Not thread-safe.
class Clearing {
 public:
  // An entry of `user`: its rows in the log and the feed, and what hangs on them. `floor` is its
  // partition's: what is at or below it compaction drops, or has dropped.
  void ClearOwn(CommitBatch& batch, const UserRef& user, const Entry& entry, EntryId floor);
  // An entry of a whole project, in one partition, with its body. The body's row is the caller's.
  void ClearShared(const Entry& entry, EntryId floor);

  // Adds the places to `batch`, by partition and id, and what is free to `usages`.
  void Finish(CommitBatch& batch, std::string_view project, Usages& usages);

 private:
  void LeavePlace(const Entry& entry);

  std::vector<EntryPtr> places_;
  Usage freed_ = {};
};

}  // namespace belfry::store
