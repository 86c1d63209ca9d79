// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/opening.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "services/store/core/key_codec.h"
#include "services/store/rocks/engine/commit.h"
#include "services/store/rocks/engine/files.h"
#include "services/store/rocks/recovery/convert.h"
#include "services/store/rocks/recovery/format.h"
#include "services/store/rocks/recovery/losses.h"
#include "services/store/rocks/recovery/owner.h"

namespace belfry::store {
namespace {

// Reads what the directory says of itself, or writes it into a new one.
Result<Format> CheckFormat(const RocksDb& db, const RocksOptions& options) {
  auto found = ReadFormat(db, options.directory);
  if (!found.ok()) {
    return Fail(std::move(found.error()));
  }
  if (!*found) {
    Format format{options.partitions, MakeHistoryId()};
    CommitBatch batch;
    PutFormat(format, batch);
    if (Status written = Apply(db, batch, "write the format of a new data directory");
        !written.ok()) {
      return Fail(std::move(written.error()));
    }
    return format;
  }
  if ((*found)->partitions != options.partitions) {
    return Fail(Code::kFailedPrecondition, "open " + options.directory + ": it was made with " +
                                               std::to_string((*found)->partitions) +
                                               " partitions, store_partitions says " +
                                               std::to_string(options.partitions) +
                                               "; the number is fixed when a directory is made");
  }
  return std::move(**found);
}

// Partitions whose log ends before `high_water`.
std::vector<Partition> FindLosses(const HighWater& high_water, const PartitionStates& state) {
  std::vector<Partition> losses;
  const std::size_t known = std::min(high_water.last_ids.size(), state.last_ids.size());
  for (Partition p = 0; p < known; ++p) {
    if (state.last_ids[p].load() < high_water.last_ids[p]) {
      losses.push_back(p);
    }
  }
  return losses;
}

// Whether the log is as long as it was. `damaged`: it was opened up to its damage, as accept_loss
// allows, so what followed in any partition is not known. An accepted loss begins another history:
// what was announced of the lost entries must not pass for the log's.
Status CheckHighWater(OpenedDirectory& opened, bool damaged, const RocksOptions& options,
                      const Clock& clock, const Log& log, Format* format) {
  PartitionStates& state = *opened.state;
  const auto loaded = opened.high_water->Load();
  const bool known = loaded.ok() && *loaded;
  const bool has_entries = std::any_of(state.last_ids.begin(), state.last_ids.end(),
                                       [](const auto& id) { return id.load() != 0; });
  const bool is_new = loaded.ok() && !known && !has_entries && !damaged;
  opened.clean = is_new || (known && (*loaded)->clean);
  if (is_new) {
    return {};
  }
  if (!known && !options.accept_loss) {
    return Fail(Code::kFailedPrecondition,
                "open " + options.directory + ": " +
                    (loaded.ok() ? "its file high-water is missing" : loaded.error().message) +
                    ": whether the log is whole cannot be told; put the file back, restore a "
                    "backup, or start once with --store-accept-loss to go on with what is there");
  }
  const HighWater high_water = known ? **loaded : HighWater{};
  std::vector<Partition> losses = FindLosses(high_water, state);
  if (!known || damaged) {
    losses.resize(state.last_ids.size());
    std::iota(losses.begin(), losses.end(), Partition{0});
  }
  if (losses.empty()) {
    return {};
  }
  if (!options.accept_loss) {
    const Partition first = losses.front();
    return Fail(Code::kFailedPrecondition,
                "open " + options.directory + ": the log of " + std::to_string(losses.size()) +
                    " partitions ends before what was durable (partition " + std::to_string(first) +
                    ": at " + std::to_string(state.last_ids[first].load()) + ", was at " +
                    std::to_string(high_water.last_ids[first]) +
                    "); restore a backup, or start once with --store-accept-loss to go on "
                    "without the entries between");
  }
  format->history_id = MakeHistoryId();
  log.Error("accepting that entries at the log's end may be lost",
            {{"partitions", losses.size()}, {"history", format->history_id}});
  CommitBatch batch;
  PutFormat(*format, batch);
  return RecordLosses(*opened.db, losses, high_water.last_ids, clock.UnixMicros(), state,
                      std::move(batch));
}

// `damaged` becomes true if the log had to be cut off at its damage, which accept_loss allows.
Result<std::unique_ptr<RocksDb>> OpenDatabase(const RocksOptions& options, const Floors& floors,
                                              const Clock& clock, const Log& log, bool* damaged) {
  const std::string path = options.directory + "/db";
  auto whole = RocksDb::Open(path, options, Recovery::kWhole, floors, clock, log);
  if (whole.ok() || whole.error().code != Code::kDataLoss) {
    return whole;
  }
  if (!options.accept_loss) {
    return Fail(Code::kDataLoss,
                whole.error().message +
                    "; restore a backup, or start once with --store-accept-loss, which goes on "
                    "with what lies before the damage if that is in the write-ahead log");
  }
  log.Error("the log is damaged: opening what lies before", {{"error", whole.error()}});
  auto part = RocksDb::Open(path, options, Recovery::kWhatIsThere, floors, clock, log);
  if (!part.ok()) {
    return Fail(Code::kDataLoss, part.error().message +
                                     "; what is damaged is not the write-ahead log alone, so "
                                     "--store-accept-loss cannot help: restore a backup");
  }
  *damaged = true;
  return part;
}

Result<std::optional<std::int64_t>> ReadNotedTime(const RocksDb& db) {
  const auto row = GetRow(db, Column::kMeta, kClockKey);
  if (!row.ok()) {
    return Fail(row.error());
  }
  if (!*row) {
    return std::optional<std::int64_t>();
  }
  const auto time_us = DecodeNumber(**row);
  if (!time_us) {
    return Fail(Code::kDataLoss, "read the time that was noted: malformed");
  }
  return std::optional(static_cast<std::int64_t>(*time_us));
}

Status NoteOpened(const OpenedDirectory& opened) {
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

Result<OpenedDirectory> OpenDirectory(const RocksOptions& options, const Clock& clock,
                                      const Log& log) {
  // The directory itself may be a mount, and not ours to change; what is in it is.
  const Status owned = CheckOwner(options.directory);
  std::error_code error;
  if (!owned.ok() && std::filesystem::exists(options.directory + "/db", error)) {
    return Fail(Wrap("open " + options.directory, owned.error()));
  }
  for (const std::string& directory : {options.directory, options.directory + "/db"}) {
    if (Status made = MakePrivateDirectory(directory); !made.ok()) {
      return Fail(owned.ok() ? std::move(made.error())
                             : Wrap("open " + options.directory, owned.error()));
    }
  }
  OpenedDirectory opened;
  opened.state = std::make_unique<PartitionStates>(options.partitions);
  bool damaged = false;
  auto db = OpenDatabase(options, opened.state->floors, clock, log, &damaged);
  if (!db.ok()) {
    return Fail(std::move(db.error()));
  }
  opened.db = std::move(*db);
  auto high_water = HighWaterFile::Open(options.directory + "/high-water");
  if (!high_water.ok()) {
    return Fail(std::move(high_water.error()));
  }
  opened.high_water = std::move(*high_water);
  auto format = CheckFormat(*opened.db, options);
  if (!format.ok()) {
    return Fail(format.error());
  }
  auto noted_time = ReadNotedTime(*opened.db);
  if (!noted_time.ok()) {
    return Fail(std::move(noted_time.error()));
  }
  opened.noted_time_us = *noted_time;
  if (Status loaded = LoadPartitions(*opened.db, *opened.state); !loaded.ok()) {
    return Fail(std::move(loaded.error()));
  }
  if (Status checked = CheckHighWater(opened, damaged, options, clock, log, &*format);
      !checked.ok()) {
    return Fail(std::move(checked.error()));
  }
  opened.history_id = format->history_id;
  if (Status settled = SettleRestored(*opened.db, clock.UnixMicros(), *opened.state);
      !settled.ok()) {
    return Fail(std::move(settled.error()));
  }
  if (Status converted = Convert(*opened.db, *format, log); !converted.ok()) {
    return Fail(std::move(converted.error()));
  }
  const auto upgraded = GetRow(*opened.db, Column::kMeta, kUpgradedKey);
  if (!upgraded.ok()) {
    return Fail(upgraded.error());
  }
  opened.state->upgraded_at = *upgraded ? DecodeNumber(**upgraded).value_or(0) : 0;
  if (Status noted = NoteOpened(opened); !noted.ok()) {
    return Fail(std::move(noted.error()));
  }
  return opened;
}

}  // namespace belfry::store
