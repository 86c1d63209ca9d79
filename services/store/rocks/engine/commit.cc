// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/commit.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <deque>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/common/check.h"
#include "libs/common/revocation.h"
#include "libs/wire/codec/log_codec.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

struct Row {
  Column column = Column::kDefault;
  std::string key;
  const std::string* value = nullptr;  // none: deleted
};

// The rows that entries are stored as. Their values live in `values`.
void AddEntryRows(const CommitBatch& batch, std::deque<std::string>& values,
                  std::vector<Row>& rows) {
  EntryId last_body = 0;
  for (const EntryPtr& entry : batch.entries()) {
    const std::string* value = &values.emplace_back(wire::EncodeReference(*entry));
    rows.push_back({Column::kLog, LogKey(entry->partition, entry->id), value});
    if (IsForEdges(entry->kind)) {
      continue;
    }
    if (!entry->user_id.empty()) {
      rows.push_back(
          {Column::kFeed,
           WithId(UserPrefix(entry->partition, entry->project, entry->user_id), entry->id), value});
    } else if (!entry->payload.empty() && entry->id != last_body) {
      // Once for all partitions, and of none.
      Entry body = *entry;
      body.partition = 0;
      body.prev = 0;
      rows.push_back({Column::kBodies, WithId(ProjectKey(entry->project), entry->id),
                      &values.emplace_back(wire::EncodeEntry(body))});
      last_body = entry->id;
    }
  }
}

rocksdb::WriteBatch MakeWrites(const RocksDb& db, const CommitBatch& batch) {
  std::deque<std::string> values;
  std::vector<Row> rows;
  rows.reserve(2 * batch.entries().size() + batch.positions().size() + batch.rows().size());
  AddEntryRows(batch, values, rows);
  for (const PartitionPosition& position : batch.positions()) {
    rows.push_back({Column::kMeta, PositionKey(position.partition),
                    &values.emplace_back(EncodePosition(position))});
  }
  for (const RowChange& row : batch.rows()) {
    rows.push_back({ColumnOf(row.table), row.key, row.value ? &*row.value : nullptr});
  }
  // In the order of their keys, as the memtables' hints have it. Stable: of two changes of one
  // row the later one holds.
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.column, a.key) < std::tie(b.column, b.key);
  });
  rocksdb::WriteBatch writes;
  for (const Row& row : rows) {
    // These only fail when a batch has a size bound, and this one has none.
    static_cast<void>(row.value != nullptr ? writes.Put(db.column(row.column), row.key, *row.value)
                                           : writes.Delete(db.column(row.column), row.key));
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
    case Table::kState:
      return Column::kState;
    case Table::kExpiry:
      return Column::kExpiry;
    case Table::kCollapse:
      return Column::kCollapse;
    case Table::kSegments:
      return Column::kSegments;
    case Table::kMembers:
      return Column::kMembers;
    case Table::kAudience:
      return Column::kAudience;
    case Table::kOperations:
      return Column::kOperations;
    case Table::kFeed:
      return Column::kFeed;
    case Table::kBodies:
      return Column::kBodies;
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
