// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/losses.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"
#include "services/store/rocks/engine/commit.h"

namespace belfry::store {

Status LoadPartitions(const RocksDb& db, PartitionStates& state) {
  for (Partition p = 0; p < state.floors.size(); ++p) {
    const auto row = GetRow(db, Column::kMeta, PositionKey(p));
    if (!row.ok()) {
      return Fail(row.error());
    }
    if (!*row) {
      continue;
    }
    const auto position = DecodePosition(p, **row);
    if (!position) {
      return Fail(Code::kDataLoss, "position of partition " + std::to_string(p) + ": malformed");
    }
    state.last_ids[p].store(position->last_id);
    state.floors[p].store(position->floor);
  }
  state.lost.assign(state.floors.size(), {});
  const std::unique_ptr<rocksdb::Iterator> rows(
      db->NewIterator(rocksdb::ReadOptions(), db.column(Column::kMeta)));
  for (rows->Seek(ToSlice(kLostPrefix));
       rows->Valid() && rows->key().starts_with(ToSlice(kLostPrefix)); rows->Next()) {
    const auto place = PlaceOf(View(rows->key()).substr(kLostPrefix.size()));
    const auto to = DecodeNumber(View(rows->value()));
    if (!place || !to || place->partition >= state.lost.size()) {
      return Fail(Code::kDataLoss, "a lost interval in meta: malformed");
    }
    state.lost[place->partition].push_back({place->id, *to});
  }
  if (!rows->status().ok()) {
    return Fail(ToError("read lost intervals", rows->status()));
  }
  return {};
}

Status RecordLosses(const RocksDb& db, std::span<const Partition> partitions,
                    const std::vector<EntryId>& reached, std::int64_t now_us,
                    PartitionStates& state, CommitBatch batch) {
  for (const Partition p : partitions) {
    std::vector<LostInterval>& lost = state.lost[p];
    const EntryId last_id = state.last_ids[p].load();
    EntryId from = last_id;
    // No entry came between this loss and the one before: they are one.
    if (!lost.empty() && lost.back().to == last_id) {
      from = lost.back().from;
      lost.pop_back();
    }
    const EntryId now = now_us > 0 ? static_cast<EntryId>(now_us) : 0;
    const EntryId known = p < reached.size() ? reached[p] : 0;
    const EntryId to = std::min(std::max({last_id, known, now}) + 1, kEntryIdMax);
    lost.push_back({from, to});
    state.last_ids[p].store(to);
    SetLoss(batch, p, from, to);
    batch.Move({p, to, state.floors[p].load()});
  }
  return Apply(db, batch, "record lost intervals");
}

Status SettleRestored(const RocksDb& db, std::int64_t now_us, PartitionStates& state) {
  const auto row = GetRow(db, Column::kMeta, kRestoredKey);
  if (!row.ok()) {
    return Fail(row.error());
  }
  if (!*row) {
    return {};
  }
  CommitBatch batch;
  batch.Remove(Table::kMeta, std::string(kRestoredKey));
  std::vector<Partition> all(state.last_ids.size());
  std::iota(all.begin(), all.end(), Partition{0});
  return RecordLosses(db, all, {}, now_us, state, std::move(batch));
}

}  // namespace belfry::store
