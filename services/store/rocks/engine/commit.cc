// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/commit.h"

#include <rocksdb/write_batch.h>

#include <string>

#include "libs/common/check.h"
#include "libs/wire/codec/log_codec.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

rocksdb::WriteBatch MakeWrites(const RocksDb& db, const CommitBatch& batch) {
  rocksdb::WriteBatch writes;
  const auto put = [&](Column column, const std::string& key, const std::string& value) {
    // Only fails when a batch has a size bound, and this one has none.
    static_cast<void>(writes.Put(db.column(column), key, value));
  };
  EntryId last_body = 0;
  for (const EntryPtr& entry : batch.entries()) {
    const std::string value = wire::EncodeReference(*entry);
    put(Column::kLog, LogKey(entry->partition, entry->id), value);
    if (!entry->user_id.empty()) {
      put(Column::kFeed,
          WithId(UserPrefix(entry->partition, entry->project, entry->user_id), entry->id), value);
    } else if (!entry->payload.empty() && entry->id != last_body) {
      // Once for all partitions, and of none.
      Entry body = *entry;
      body.partition = 0;
      body.prev = 0;
      put(Column::kBodies, WithId(ProjectKey(entry->project), entry->id), wire::EncodeEntry(body));
      last_body = entry->id;
    }
  }
  for (const PartitionHead& position : batch.positions()) {
    put(Column::kMeta, PositionKey(position.partition), EncodePosition(position));
  }
  for (const RowChange& row : batch.rows()) {
    if (row.value) {
      put(ColumnOf(row.table), row.key, *row.value);
    } else {
      static_cast<void>(writes.Delete(db.column(ColumnOf(row.table)), row.key));
    }
  }
  return writes;
}

}  // namespace

Column ColumnOf(Table table) {
  switch (table) {
    case Table::kUsers:
      return Column::kUsers;
    case Table::kKeys:
      return Column::kKeys;
    case Table::kMeta:
      return Column::kMeta;
    case Table::kProjects:
      return Column::kProjects;
  }
  BELFRY_CHECK(false);
  return Column::kDefault;
}

Status Apply(const RocksDb& db, const CommitBatch& batch, std::string_view doing) {
  rocksdb::WriteBatch writes = MakeWrites(db, batch);
  rocksdb::WriteOptions options;
  options.sync = true;
  if (const rocksdb::Status status = db->Write(options, &writes); !status.ok()) {
    return Fail(ToError(doing, status));
  }
  return {};
}

}  // namespace belfry::store
