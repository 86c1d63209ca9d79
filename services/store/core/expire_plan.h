// SPDX-License-Identifier: Apache-2.0
// One step of expiry: what is due leaves the counts at a log position.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "services/store/core/commit_draft.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {

// Not thread-safe; decides, the caller commits.
class ExpirePlan {
 public:
  ExpirePlan(LogState& state, Tables& tables, const CommitTimes& times)
      : draft_(state, tables, times) {}

  // Takes up to `rows_max` rows that are due off the index: a user who had one of them, read or
  // not, gets an entry that says so, a broadcast one in each partition. What was read needs it too:
  // its state row keeps it away whatever the clock says after a restart, and lists change their
  // version. Any error of Tables; then the state is as before. True: there may be more that are
  // due.
  Result<bool> Decide(std::size_t rows_max);
  CommitBatch& batch() { return draft_.batch(); }

 private:
  // One that is due.
  struct Due {
    std::string row;  // its key in the index
    ExpiryNames names;
    std::string kind;
    EntryState state = {};
  };
  EntryRef RefOf(const Due& due) const {
    return {{due.names.entry.partition, due.names.entry.project, due.names.entry.user_id},
            due.names.entry.id};
  }
  Status Load(std::vector<Due>& dues);
  // `dues` are one user's. False: no ids are left.
  bool ExpireOwn(std::span<const Due> dues);
  bool ExpireBroadcast(const Due& due);

  CommitDraft draft_;
};

}  // namespace belfry::store
