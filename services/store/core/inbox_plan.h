// SPDX-License-Identifier: Apache-2.0
// Decides one change of state: what it means for the user's ledger, for single entries and for the
// log. Reads everything before it changes anything.
#pragma once

#include "libs/common/inbox.h"
#include "libs/common/result.h"
#include "services/store/core/commit_draft.h"
#include "services/store/core/critical_kinds.h"

namespace belfry::store {

// Does deciding `change` of `user` read rows that an earlier change of the same draft may have
// made? Then it has to wait for the next draft, if this one has touched the user.
bool ReadsCommitted(const CommitDraft& draft, const CommitDraft::User& user,
                    const StateChange& change);

// Decides `update`, whose user (if it has one) and project are loaded. An error changes nothing:
// kNotFound, kInvalidArgument, kFailedPrecondition (KIND_CRITICAL), kPermissionDenied: what the
// caller is told. kUnavailable, kDataLoss: of Tables. kResourceExhausted: no ids are left.
Result<StateUpdated> DecideUpdate(CommitDraft& draft, const CriticalKinds& critical,
                                  const StateUpdate& update);

// One of a user's own entries goes for good: it was retracted, has expired, or was replaced. Its
// state row and the user's record change; the entry that says so is the caller's to add.
void TakeAway(CommitDraft& draft, CommitDraft::User& user, const Entry& entry, EntryState state);
// A broadcast is retracted or has expired: the entries that say so, in all partitions. `id`:
// NextEntryId's. The project is loaded, the broadcast live.
void TakeBroadcastAway(CommitDraft& draft, const std::string& project, const LiveBroadcast& live,
                       StateOp op, EntryId id);

}  // namespace belfry::store
