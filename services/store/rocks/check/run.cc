// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/check/run.h"

#include <algorithm>
#include <utility>

#include "libs/common/hex.h"
#include "libs/common/keyed_hash.h"
#include "libs/common/revocation.h"
#include "libs/common/text.h"
#include "libs/wire/codec/log_codec.h"
#include "services/store/rocks/engine/rocks_db.h"

namespace belfry::store {
namespace {

constexpr std::size_t kReadAheadBytes = 2u << 20;

// What is wrong with `entry` under a key of `names`; empty if it is valid.
std::string Objection(const Entry& entry, const KeyNames& names, Partition partitions) {
  if (entry.id != names.id || entry.partition != names.partition) {
    return "holds entry " + std::to_string(entry.id) + " of partition " +
           std::to_string(entry.partition);
  }
  if (!names.project.empty() && entry.project != names.project) {
    return "holds an entry of another project";
  }
  if (!names.user_id.empty() && entry.user_id != names.user_id) {
    return "holds an entry of another user";
  }
  if (entry.kind == EntryKind::kErased && entry.user_id.empty()) {
    return entry.payload.empty() ? std::string() : "holds what was erased";
  }
  if (IsForEdges(entry.kind)) {
    const bool fits = entry.user_id.empty() ||
                      PartitionOf(entry.project, entry.user_id, partitions) == entry.partition;
    return fits ? std::string() : "holds an entry whose user is in another partition";
  }
  // A broadcast, or that one was retracted or has expired.
  const bool of_project = entry.broadcast_id != 0;
  const bool broadcast = entry.kind == EntryKind::kBroadcast;
  if (of_project != entry.user_id.empty()) {
    return of_project ? "holds a broadcast with a user" : "holds an entry without a user";
  }
  if (broadcast ? entry.broadcast_id != entry.id : entry.broadcast_id >= entry.id) {
    return "holds an entry whose broadcast does not fit";
  }
  if (!of_project && PartitionOf(entry.project, entry.user_id, partitions) != entry.partition) {
    return "holds an entry whose user is in another partition";
  }
  return {};
}

}  // namespace

void Findings::Fault(CheckKind kind, std::string key, std::string what) {
  if (Line(kind).faults++ < max_) {
    report_.faults.push_back({kind, std::move(key), std::move(what)});
  }
}

void RowSum::Add(std::string_view key, std::string_view value) {
  const KeyedHash hash;
  ++count;
  // Multiplied before it is added, so that rows that swapped their values do not cancel out.
  sum += (hash(key) * 0x9e3779b97f4a7c15 ^ hash(value)) * 0xff51afd7ed558ccd;
}

EntryId CheckRun::highest_floor() const {
  EntryId highest = 0;
  for (const PartitionPosition& position : positions) {
    highest = std::max(highest, position.floor);
  }
  return highest;
}

EntryId CheckRun::lowest_floor() const {
  EntryId lowest = kEntryIdMax;
  for (const PartitionPosition& position : positions) {
    lowest = std::min(lowest, position.floor);
  }
  return lowest;
}

CheckedRows::CheckedRows(CheckRun& run, Column column, CheckKind kind, std::string_view from)
    : run_(run), column_(column), kind_(kind) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  iterator_.reset(run.db->NewIterator(options, run.db.column(column)));
  iterator_->Seek(ToSlice(from));
}

bool CheckedRows::Next() {
  if (std::exchange(started_, true)) {
    before_ = key();
    iterator_->Next();
  }
  if (!iterator_->Valid()) {
    if (!iterator_->status().ok()) {
      run_.unreadable[static_cast<std::size_t>(column_)] = true;
      run_.findings.Fault(kind_, "after " + RawKeyText(before_),
                          "cannot be read on: " + iterator_->status().ToString());
    }
    return false;
  }
  run_.findings.Looked(kind_);
  if (!before_.empty() && key() <= before_) {
    run_.findings.Fault(kind_, RawKeyText(key()), "stands behind a key that is not smaller");
  }
  return true;
}

std::optional<std::string> FindRow(CheckRun& run, Column column, CheckKind kind,
                                   std::string_view key) {
  auto row = GetRow(run.db, column, key);
  if (!row.ok()) {
    run.findings.Fault(kind, RawKeyText(key), row.error().message);
    return std::nullopt;
  }
  return std::move(*row);
}

std::optional<Entry> ReadEntry(CheckRun& run, CheckKind kind, const KeyNames& names,
                               std::string_view value) {
  auto entry = wire::DecodeEntry(value);
  if (!entry.ok()) {
    run.findings.Fault(kind, KeyText(names), entry.error().message);
    return std::nullopt;
  }
  if (const std::string wrong = Objection(*entry, names, run.partitions()); !wrong.empty()) {
    run.findings.Fault(kind, KeyText(names), wrong);
    return std::nullopt;
  }
  return std::move(*entry);
}

std::string KeyText(const KeyNames& names) {
  std::string text = "partition " + std::to_string(names.partition);
  if (!names.project.empty()) {
    text += ' ';
    AppendJsonString(names.project, &text);
  }
  if (!names.user_id.empty()) {
    text += '/';
    AppendJsonString(names.user_id, &text);
  }
  if (names.id != 0) {
    text += " id " + std::to_string(names.id);
  }
  return text;
}

std::string ProjectText(std::string_view project, EntryId id) {
  std::string text = "project ";
  AppendJsonString(project, &text);
  return id == 0 ? text : text + " id " + std::to_string(id);
}

std::string ReferenceTo(const Entry& broadcast) {
  Entry entry = broadcast;
  entry.partition = 0;
  entry.prev = 0;
  return wire::EncodeReference(entry);
}

std::string RawKeyText(std::string_view key) {
  constexpr std::size_t kShown = 48;
  const std::string text = "key " + HexEncode(key.substr(0, kShown));
  return text + (key.size() > kShown ? "..." : "");
}

}  // namespace belfry::store
