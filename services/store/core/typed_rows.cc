// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/typed_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "services/store/core/key_codec.h"
#include "services/store/core/read_rows.h"

namespace belfry::store {
Result<std::vector<std::optional<UserRecord>>> ReadUsers(Tables& tables,
                                                         std::span<const UserRef> users) {
  std::vector<std::string> keys;
  keys.reserve(users.size());
  for (const UserRef& user : users) {
    keys.push_back(UserPrefix(user.partition, user.project, user.user_id));
  }
  return ReadRows<UserRecord>(tables, Table::kUsers, keys, DecodeUserRecord);
}

Result<EntryId> ReadUpgraded(Tables& tables) {
  auto found =
      ReadRows<std::uint64_t>(tables, Table::kMeta, {std::string(kUpgradedKey)}, DecodeNumber);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  return found->front().value_or(0);
}

Result<ProjectRecord> ReadProject(Tables& tables, std::string_view project) {
  auto found =
      ReadRows<ProjectRecord>(tables, Table::kProjects, {ProjectKey(project)}, DecodeProjectRecord);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  return std::move(found->front()).value_or(ProjectRecord{});
}

Result<std::vector<std::optional<IdempotencyRecord>>> FindKeys(Tables& tables,
                                                               std::span<const KeyRef> keys) {
  std::vector<std::string> rows;
  rows.reserve(keys.size());
  for (const KeyRef& key : keys) {
    rows.push_back(IdempotencyKey(key.project, key.key));
  }
  return ReadRows<IdempotencyRecord>(tables, Table::kKeys, rows, DecodeIdempotencyRecord);
}

Result<std::vector<EntryState>> ReadStates(Tables& tables, std::span<const EntryRef> entries) {
  std::vector<std::string> keys;
  keys.reserve(entries.size());
  for (const EntryRef& entry : entries) {
    keys.push_back(
        WithId(UserPrefix(entry.user.partition, entry.user.project, entry.user.user_id), entry.id));
  }
  auto found = ReadRows<EntryState>(tables, Table::kState, keys, DecodeEntryState);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  std::vector<EntryState> states;
  states.reserve(found->size());
  for (const std::optional<EntryState>& state : *found) {
    states.push_back(state.value_or(EntryState{}));
  }
  return states;
}

Result<EntryId> ReadCollapse(Tables& tables, const UserRef& user, std::string_view collapse_key) {
  auto found = ReadRows<std::uint64_t>(tables, Table::kCollapse, {CollapseKey(user, collapse_key)},
                                       DecodeNumber);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  return found->front().value_or(0);
}

void SetState(CommitBatch& batch, const EntryRef& entry, const EntryState& state) {
  batch.Put(
      Table::kState,
      WithId(UserPrefix(entry.user.partition, entry.user.project, entry.user.user_id), entry.id),
      EncodeEntryState(state));
}

void SetExpiry(CommitBatch& batch, const EntryRef& entry, std::int64_t expires_us,
               std::string_view kind) {
  batch.Put(Table::kExpiry, ExpiryKey(expires_us, entry), std::string(kind));
}

void RemoveExpiry(CommitBatch& batch, const EntryRef& entry, std::int64_t expires_us) {
  batch.Remove(Table::kExpiry, ExpiryKey(expires_us, entry));
}

void SetCollapse(CommitBatch& batch, const UserRef& user, std::string_view collapse_key,
                 EntryId id) {
  batch.Put(Table::kCollapse, CollapseKey(user, collapse_key), EncodeNumber(id));
}

void SetUser(CommitBatch& batch, const UserRef& user, const UserRecord& record) {
  batch.Put(Table::kUsers, UserPrefix(user.partition, user.project, user.user_id),
            EncodeUserRecord(record));
}

void SetProject(CommitBatch& batch, std::string_view project, const ProjectRecord& record) {
  batch.Put(Table::kProjects, ProjectKey(project), EncodeProjectRecord(record));
}

void SetKey(CommitBatch& batch, const KeyRef& key, const IdempotencyRecord& record) {
  batch.Put(Table::kKeys, IdempotencyKey(key.project, key.key), EncodeIdempotencyRecord(record));
}

void RemoveFeedEntry(CommitBatch& batch, const EntryRef& entry) {
  const std::string key =
      WithId(UserPrefix(entry.user.partition, entry.user.project, entry.user.user_id), entry.id);
  batch.Remove(Table::kFeed, key);
  batch.Remove(Table::kState, key);
}

void SetBelievedTime(CommitBatch& batch, std::int64_t unix_us) {
  batch.Put(Table::kMeta, std::string(kClockKey),
            EncodeNumber(static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_us))));
}

void SetLoss(CommitBatch& batch, Partition partition, EntryId from, EntryId to) {
  batch.Put(Table::kMeta, LostKey(partition, from), EncodeNumber(to));
}

}  // namespace belfry::store
