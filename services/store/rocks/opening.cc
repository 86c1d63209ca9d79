// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/opening.h"

#include <algorithm>
#include <filesystem>
#include <random>
#include <utility>

#include "services/store/rocks/key_codec.h"

namespace belfry::store {
namespace {

constexpr std::uint64_t kFormat = 1;

std::string MakeHistoryId() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::uniform_int_distribution<int> digit(0, 15);
  std::string id;
  for (int i = 0; i < 32; ++i) {
    id.push_back(kDigits[digit(random)]);
  }
  return id;
}

rocksdb::WriteOptions Synced() {
  rocksdb::WriteOptions options;
  options.sync = true;
  return options;
}

Status WriteFormat(const RocksDb& db, Partition partitions, const std::string& history_id) {
  rocksdb::WriteBatch writes;
  const auto put = [&](std::string_view key, const std::string& value) {
    static_cast<void>(writes.Put(db.column(Column::kMeta), ToSlice(key), value));
  };
  put("format", EncodeNumber(kFormat));
  put("partitions", EncodeNumber(partitions));
  put("history", history_id);
  if (const rocksdb::Status status = db->Write(Synced(), &writes); !status.ok()) {
    return Fail(ToError("write the format of a new data directory", status));
  }
  return {};
}

// Reads what the directory says of itself, or writes it into a new one. Returns the history's id.
Result<std::string> CheckFormat(const RocksDb& db, const RocksOptions& options) {
  const auto format = GetRow(db, Column::kMeta, "format");
  const auto partitions = GetRow(db, Column::kMeta, "partitions");
  const auto history = GetRow(db, Column::kMeta, "history");
  for (const auto* row : {&format, &partitions, &history}) {
    if (!row->ok()) {
      return Fail(row->error());
    }
  }
  if (!*format) {
    std::string history_id = MakeHistoryId();
    if (Status written = WriteFormat(db, options.partitions, history_id); !written.ok()) {
      return Fail(std::move(written.error()));
    }
    return history_id;
  }
  const auto found_format = DecodeNumber(**format);
  if (found_format != kFormat) {
    return Fail(Code::kFailedPrecondition,
                "open " + options.directory + ": its format is " +
                    (found_format ? std::to_string(*found_format) : "malformed") +
                    ", this version reads format " + std::to_string(kFormat));
  }
  const auto found_partitions = *partitions ? DecodeNumber(**partitions) : std::nullopt;
  if (!found_partitions || !*history) {
    return Fail(Code::kDataLoss, "open " + options.directory + ": \"partitions\" is missing");
  }
  if (*found_partitions != options.partitions) {
    return Fail(Code::kFailedPrecondition, "open " + options.directory + ": it was made with " +
                                               std::to_string(*found_partitions) +
                                               " partitions, store_partitions says " +
                                               std::to_string(options.partitions) +
                                               "; the number is fixed when a directory is made");
  }
  return **history;
}

Status LoadPartitions(const RocksDb& db, ReadState& state) {
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
  const std::string prefix = "lost/";
  const std::unique_ptr<rocksdb::Iterator> rows(
      db->NewIterator(rocksdb::ReadOptions(), db.column(Column::kMeta)));
  for (rows->Seek(prefix); rows->Valid() && rows->key().starts_with(prefix); rows->Next()) {
    const auto place = PlaceOf(View(rows->key()).substr(prefix.size()));
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

// Partitions whose log ends before `high_water`.
std::vector<Partition> FindLosses(const HighWater& high_water, const ReadState& state) {
  std::vector<Partition> losses;
  const std::size_t known = std::min(high_water.last_ids.size(), state.last_ids.size());
  for (Partition p = 0; p < known; ++p) {
    if (state.last_ids[p].load() < high_water.last_ids[p]) {
      losses.push_back(p);
    }
  }
  return losses;
}

// Records what is gone, so that cursors inside it are told, and lets ids go on behind it: behind
// the high water, and behind the clock, which ids that were never noted may have reached.
Status AcceptLosses(const RocksDb& db, const std::vector<Partition>& losses,
                    const HighWater& high_water, std::int64_t now_us, ReadState& state) {
  rocksdb::WriteBatch writes;
  for (const Partition p : losses) {
    const EntryId from = state.last_ids[p].load();
    const EntryId to = std::min(
        std::max(high_water.last_ids[p], static_cast<EntryId>(std::max<std::int64_t>(0, now_us))) +
            1,
        kEntryIdMax);
    state.lost[p].push_back({from, to});
    state.last_ids[p].store(to);
    static_cast<void>(writes.Put(db.column(Column::kMeta), LostKey(p, from), EncodeNumber(to)));
    static_cast<void>(writes.Put(db.column(Column::kMeta), PositionKey(p),
                                 EncodePosition({p, to, state.floors[p].load()})));
  }
  if (const rocksdb::Status status = db->Write(Synced(), &writes); !status.ok()) {
    return Fail(ToError("record lost intervals", status));
  }
  return {};
}

Status CheckHighWater(Opened& opened, const RocksOptions& options, const Clock& clock,
                      const Log& log) {
  auto loaded = opened.high_water->Load();
  if (!loaded.ok() && !options.accept_loss) {
    return Fail(Code::kFailedPrecondition,
                loaded.error().message +
                    ": whether the log is whole cannot be told; start once with "
                    "--store-accept-loss to go on with what is there");
  }
  ReadState& state = *opened.state;
  const bool has_entries = std::any_of(state.last_ids.begin(), state.last_ids.end(),
                                       [](const auto& id) { return id.load() != 0; });
  if (!loaded.ok() || !*loaded) {
    opened.clean = !has_entries;
    if (has_entries) {
      log.Warn("no high water to compare the log with", {{"directory", options.directory}});
    }
    return {};
  }
  const HighWater& high_water = **loaded;
  opened.clean = high_water.clean;
  const std::vector<Partition> losses = FindLosses(high_water, state);
  if (losses.empty()) {
    return {};
  }
  const Partition first = losses.front();
  if (!options.accept_loss) {
    return Fail(Code::kFailedPrecondition,
                "open " + options.directory + ": the log of " + std::to_string(losses.size()) +
                    " partitions ends before what was durable (partition " + std::to_string(first) +
                    ": at " + std::to_string(state.last_ids[first].load()) + ", was at " +
                    std::to_string(high_water.last_ids[first]) +
                    "); restore the directory, or start once with --store-accept-loss to go on "
                    "without the entries between");
  }
  log.Error("accepting the loss of the log's tail", {{"partitions", losses.size()}});
  return AcceptLosses(*opened.db, losses, high_water, clock.UnixMicros(), state);
}

Status NoteOpened(const Opened& opened) {
  HighWater now;
  for (const auto& last_id : opened.state->last_ids) {
    now.last_ids.push_back(last_id.load());
  }
  if (Status written = opened.high_water->Write(now); !written.ok()) {
    return written;
  }
  return opened.high_water->Sync();
}

}  // namespace

Result<Opened> OpenDirectory(const RocksOptions& options, const Clock& clock, const Log& log) {
  std::error_code error;
  std::filesystem::create_directories(options.directory + "/db", error);
  if (error) {
    return Fail(Code::kUnavailable, "make " + options.directory + ": " + error.message());
  }
  Opened opened;
  opened.state = std::make_unique<ReadState>(options.partitions);
  auto db = RocksDb::Open(options.directory + "/db", options, opened.state->floors, clock, log);
  if (!db.ok()) {
    return Fail(std::move(db.error()));
  }
  opened.db = std::move(*db);
  auto high_water = HighWaterFile::Open(options.directory + "/high-water");
  if (!high_water.ok()) {
    return Fail(std::move(high_water.error()));
  }
  opened.high_water = std::move(*high_water);
  auto history_id = CheckFormat(*opened.db, options);
  if (!history_id.ok()) {
    return Fail(std::move(history_id.error()));
  }
  opened.history_id = std::move(*history_id);
  if (Status loaded = LoadPartitions(*opened.db, *opened.state); !loaded.ok()) {
    return Fail(std::move(loaded.error()));
  }
  if (Status checked = CheckHighWater(opened, options, clock, log); !checked.ok()) {
    return Fail(std::move(checked.error()));
  }
  if (Status noted = NoteOpened(opened); !noted.ok()) {
    return Fail(std::move(noted.error()));
  }
  return opened;
}

}  // namespace belfry::store
