// SPDX-License-Identifier: Apache-2.0
// The rows of the tables by what they mean: read through Tables, changed through a CommitBatch. A
// new table gets its functions here or beside its owner; the ports stay as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"
#include "services/store/core/project_record.h"
#include "services/store/core/user_ledger.h"

namespace belfry::store {

// Rows by name, in the order asked for; std::nullopt where there is none. Errors of Tables::Read;
// kDataLoss: a row is malformed.
Result<std::vector<std::optional<UserRecord>>> ReadUsers(Tables& tables,
                                                         std::span<const UserRef> users);
// LogState::upgraded_at. Errors likewise.
Result<EntryId> ReadUpgraded(Tables& tables);
// Zeros where there is none. Errors likewise.
Result<ProjectRecord> ReadProject(Tables& tables, std::string_view project);
// May return records that have expired.
Result<std::vector<std::optional<IdempotencyRecord>>> FindKeys(Tables& tables,
                                                               std::span<const KeyRef> keys);

// What was done to entries; zeros where nothing was.
Result<std::vector<EntryState>> ReadStates(Tables& tables, std::span<const EntryRef> entries);
// The newest entry of that collapse key; 0: there is none. It may be gone.
Result<EntryId> ReadCollapse(Tables& tables, const UserRef& user, std::string_view collapse_key);

void SetState(CommitBatch& batch, const EntryRef& entry, const EntryState& state);
// `kind`: the notification's.
void SetExpiry(CommitBatch& batch, const EntryRef& entry, std::int64_t expires_us,
               std::string_view kind);
void RemoveExpiry(CommitBatch& batch, const EntryRef& entry, std::int64_t expires_us);
void SetCollapse(CommitBatch& batch, const UserRef& user, std::string_view collapse_key,
                 EntryId id);
void SetUser(CommitBatch& batch, const UserRef& user, const UserRecord& record);
void SetProject(CommitBatch& batch, std::string_view project, const ProjectRecord& record);
void SetKey(CommitBatch& batch, const KeyRef& key, const IdempotencyRecord& record);
// An entry of a user and what was done to it; the partition's log is not touched.
void RemoveFeedEntry(CommitBatch& batch, const EntryRef& entry);
// The time by which the store believes that things have expired.
void SetBelievedTime(CommitBatch& batch, std::int64_t unix_us);
// What lies after `from` up to `to` is lost.
void SetLoss(CommitBatch& batch, Partition partition, EntryId from, EntryId to);

}  // namespace belfry::store
