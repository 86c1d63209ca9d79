// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/log/feed_reader.h"

#include <optional>
#include <string>
#include <utility>

#include "services/store/core/key_codec.h"
#include "services/store/rocks/engine/rows.h"

namespace belfry::store {
namespace {

// A row and its value's meaning; zeros where there is none.
template <typename Value, typename Decode>
Result<Value> GetValue(const RocksDb& db, Column column, const std::string& key,
                       const rocksdb::Snapshot* snapshot, ReadFrom from, Decode decode) {
  auto row = GetRow(db, column, key, snapshot, from);
  if (!row.ok()) {
    return Fail(std::move(row.error()));
  }
  if (!*row) {
    return Value{};
  }
  const std::optional<Value> value = decode(**row);
  if (!value) {
    return Fail(Code::kDataLoss, "decode a row of \"" +
                                     std::string(kColumnNames[static_cast<std::size_t>(column)]) +
                                     "\": malformed");
  }
  return *value;
}

}  // namespace

PartitionPosition FeedReader::HeadNow(Partition partition) const {
  // The floor first: it never passes a last id that is read after it.
  const EntryId floor = state_.floors[partition].load(std::memory_order_acquire);
  return {partition, state_.last_ids[partition].load(std::memory_order_acquire), floor};
}

Result<FeedMoment> FeedReader::Look(const UserRef& user) const {
  const auto snapshot = std::make_shared<rocksdb::ManagedSnapshot>(&db_.db());
  const auto position = GetValue<PartitionPosition>(
      db_, Column::kMeta, PositionKey(user.partition), snapshot->snapshot(), from_,
      [&](std::string_view bytes) { return DecodePosition(user.partition, bytes); });
  if (!position.ok()) {
    return Fail(position.error());
  }
  const std::string prefix = UserPrefix(user.partition, user.project, user.user_id);
  auto own = GetRow(db_, Column::kUsers, prefix, snapshot->snapshot(), from_);
  if (!own.ok()) {
    return Fail(std::move(own.error()));
  }
  std::optional<UserRecord> record = *own ? DecodeUserRecord(**own) : std::nullopt;
  if (*own && !record) {
    return Fail(Code::kDataLoss, "decode a row of \"users\": malformed");
  }
  const auto project = GetValue<ProjectRecord>(db_, Column::kProjects, ProjectKey(user.project),
                                               snapshot->snapshot(), from_, DecodeProjectRecord);
  if (!project.ok()) {
    return Fail(project.error());
  }
  return FeedMoment{
      .position = *position,
      .upgraded_at = state_.upgraded_at,
      .user = std::move(record),
      .project = *project,
      .user_entries = std::make_unique<Rows>(db_, Column::kFeed, prefix, snapshot, from_),
      .project_entries =
          std::make_unique<BroadcastRows>(db_, user.project, user.partition, snapshot, from_),
      .states = std::make_unique<StateRows>(db_, Column::kState, prefix, snapshot, from_)};
}

Result<std::unique_ptr<EntryCursor>> FeedReader::Log(Partition partition) const {
  return std::unique_ptr<EntryCursor>(std::make_unique<LogRows>(db_, partition));
}

}  // namespace belfry::store
