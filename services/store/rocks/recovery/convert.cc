// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/convert.h"

#include <rocksdb/iterator.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/big_endian.h"
#include "libs/wire/codec/log_codec.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_record.h"
#include "services/store/core/project_usage.h"
#include "services/store/core/typed_rows.h"
#include "services/store/rocks/engine/commit.h"

namespace belfry::store {
namespace {

constexpr std::size_t kCommitBytes = 1u << 20;
constexpr std::size_t kIdBytes = 8;
constexpr std::string_view kDoing = "convert to storage format 4";

Error Malformed(std::string_view what) {
  return {Code::kDataLoss, std::string(kDoing) + ": " + std::string(what) + ": malformed"};
}

// Collects changes and commits them in batches.
class Writer {
 public:
  explicit Writer(const RocksDb& db) : db_(db) {}

  CommitBatch& batch() { return batch_; }
  Status CommitIfLarge() { return batch_.encoded_bytes() < kCommitBytes ? Status() : Commit(); }
  Status Commit() {
    const CommitBatch batch = std::exchange(batch_, CommitBatch());
    return batch.empty() ? Status() : Apply(db_, batch, kDoing);
  }

 private:
  const RocksDb& db_;
  CommitBatch batch_;
};

// Calls `take` with key and value of each row of an old column family, and commits what that adds
// to `writer`.
template <typename Take>
Status ConvertRows(RocksDb& db, OldColumn column, Writer& writer, Take take) {
  if (db.column(column) == nullptr) {
    return {};
  }
  const std::unique_ptr<rocksdb::Iterator> rows(
      db->NewIterator(rocksdb::ReadOptions(), db.column(column)));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    if (Status taken = take(View(rows->key()), View(rows->value())); !taken.ok()) {
      return taken;
    }
    if (Status committed = writer.CommitIfLarge(); !committed.ok()) {
      return committed;
    }
  }
  if (!rows->status().ok()) {
    return Fail(ToError(kDoing, rows->status()));
  }
  return writer.Commit();
}

// Format 1 had a whole row per partition, in `log` and in `broadcasts`: partition, project, id. The
// first copy of a broadcast that is met becomes its body.
Status ConvertBroadcasts(RocksDb& db, const std::vector<EntryId>& floors, Writer& writer) {
  return ConvertRows(
      db, OldColumn::kBroadcasts, writer,
      [&](std::string_view key, std::string_view value) -> Status {
        auto entry = wire::DecodeEntry(value);
        const auto place = PlaceOf(key);
        if (!entry.ok() || !place || place->id != entry->id ||
            place->partition != entry->partition || place->partition >= floors.size() ||
            entry->kind != EntryKind::kBroadcast || entry->broadcast_id != entry->id) {
          return Fail(Malformed("a broadcast"));
        }
        if (entry->id <= floors[entry->partition]) {
          return {};  // retired
        }
        const auto body =
            GetRow(db, Column::kBodies, WithId(ProjectKey(entry->project), entry->id));
        if (!body.ok()) {
          return Fail(body.error());
        }
        if (*body) {
          entry->payload = Payload();
        }
        writer.batch().Add(std::make_shared<const Entry>(std::move(*entry)));
        return {};
      });
}

// Format 1 kept of a user: last id, unread, read up to. The row went with the last entry.
Result<UserRecord> FromFormat1(std::string_view value) {
  if (value.size() != 3 * kIdBytes) {
    return Fail(Malformed("a user's head"));
  }
  UserRecord user;
  user.last_id = ReadNumber(value.substr(0, kIdBytes));
  user.last_notification_id = user.last_id;
  user.unkinded_up_to = user.last_id;
  if (const std::uint64_t unread = ReadNumber(value.substr(kIdBytes, kIdBytes)); unread != 0) {
    user.counters.push_back({"", unread});
  }
  const EntryId read_up_to = ReadNumber(value.substr(2 * kIdBytes));
  user.read_all = {read_up_to, read_up_to};
  return user;
}

// What format 1 kept of a project, in each partition under an empty user, is made anew from its
// broadcasts (BuildProjects).
Status ConvertHeads(RocksDb& db, Writer& writer) {
  return ConvertRows(
      db, OldColumn::kHeads, writer, [&](std::string_view key, std::string_view value) -> Status {
        if (const auto names = ParseUsersKey(key)) {
          auto user = FromFormat1(value);
          if (!user.ok()) {
            return Fail(std::move(user.error()));
          }
          SetUser(writer.batch(), {names->partition, names->project, names->user_id}, *user);
          return {};
        }
        // Partition and project, then an empty user's length.
        if (key.size() < sizeof(Partition) + 1 || key.back() != '\0') {
          return Fail(Malformed("a head's key"));
        }
        return {};
      });
}

// Calls `take` with key and entry of each row of a column, and commits what that adds to `writer`.
template <typename Take>
Status WalkEntries(const RocksDb& db, Column column, Writer& writer, Take take) {
  const std::unique_ptr<rocksdb::Iterator> rows(
      db->NewIterator(rocksdb::ReadOptions(), db.column(column)));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const auto entry = wire::DecodeEntry(View(rows->value()));
    if (!entry.ok()) {
      return Fail(Malformed("an entry"));
    }
    take(*entry);
    if (Status committed = writer.CommitIfLarge(); !committed.ok()) {
      return committed;
    }
  }
  if (!rows->status().ok()) {
    return Fail(ToError(kDoing, rows->status()));
  }
  return {};
}

// Format 3 keeps each project's live broadcasts in its record, and an index of what expires. Until
// a broadcast's turn in that index has come it is live, whatever the time.
Status BuildProjects(const RocksDb& db, const std::vector<EntryId>& floors, Writer& writer) {
  const EntryId lowest_floor = *std::min_element(floors.begin(), floors.end());
  std::map<std::string, ProjectRecord> projects;
  Status walked = WalkEntries(db, Column::kBodies, writer, [&](const Entry& entry) {
    ProjectRecord& project = projects[entry.project];
    if (entry.kind != EntryKind::kBroadcast || entry.id <= lowest_floor) {
      project.last_id = std::max(project.last_id, entry.id);
      return;
    }
    const std::string kind = wire::FieldsOf(entry).kind;
    project = OnBroadcast(std::move(project), {entry.id, entry.expires_us, kind, false});
    if (entry.expires_us != 0) {
      SetExpiry(writer.batch(), {{0, entry.project, {}}, entry.id}, entry.expires_us, kind);
    }
  });
  if (!walked.ok()) {
    return walked;
  }
  for (const auto& [project, record] : projects) {
    SetProject(writer.batch(), project, record);
  }
  return writer.Commit();
}

Status BuildExpiry(const RocksDb& db, const std::vector<EntryId>& floors, Writer& writer) {
  Status walked = WalkEntries(db, Column::kFeed, writer, [&](const Entry& entry) {
    if (entry.expires_us != 0 && entry.partition < floors.size() &&
        entry.id > floors[entry.partition]) {
      // Its kind is on no counter: UserRecord::unkinded_up_to.
      SetExpiry(writer.batch(), {{entry.partition, entry.project, entry.user_id}, entry.id},
                entry.expires_us, {});
    }
  });
  return walked.ok() ? writer.Commit() : std::move(walked);
}

// Format 4 keeps what each project has stored. A conversion that is begun anew counts anew.
Status BuildUsages(const RocksDb& db, const std::vector<EntryId>& floors, Writer& writer) {
  Usages usages;
  Status walked = WalkEntries(db, Column::kLog, writer, [&](const Entry& entry) {
    if (entry.partition < floors.size() && entry.id > floors[entry.partition]) {
      usages.Add(entry.project, UsageOf(entry));
    }
  });
  if (!walked.ok()) {
    return walked;
  }
  walked = WalkEntries(db, Column::kBodies, writer, [&](const Entry& entry) {
    if (entry.id > floors.front()) {
      usages.Add(entry.project, {0, BodyBytes(entry)});
    }
  });
  if (!walked.ok()) {
    return walked;
  }
  for (const auto& [project, usage] : usages.of) {
    SetUsage(writer.batch(), project, usages);
  }
  return writer.Commit();
}

struct Positions {
  std::vector<EntryId> floors;  // by partition
  EntryId last_id = 0;          // the greatest of all
};

Result<Positions> ReadPositions(const RocksDb& db, Partition partitions) {
  Positions positions{std::vector<EntryId>(partitions)};
  for (Partition p = 0; p < partitions; ++p) {
    const auto row = GetRow(db, Column::kMeta, PositionKey(p));
    if (!row.ok()) {
      return Fail(row.error());
    }
    const auto position = *row ? DecodePosition(p, **row) : PartitionPosition{};
    if (!position) {
      return Fail(Malformed("a position"));
    }
    positions.floors[p] = position->floor;
    positions.last_id = std::max(positions.last_id, position->last_id);
  }
  return positions;
}

// From format 1 or 2 to 3, but for the number.
Status ConvertTo3(RocksDb& db, const Format& format, const Positions& positions, Writer& writer) {
  const std::vector<EntryId>& floors = positions.floors;
  if (format.version == 1 || db.has_old_columns()) {
    // From here on a version that reads format 1 refuses to open it.
    Format reached = format;
    reached.version = 2;
    PutFormat(reached, writer.batch());
    if (Status begun = writer.Commit(); !begun.ok()) {
      return begun;
    }
    if (Status converted = ConvertBroadcasts(db, floors, writer); !converted.ok()) {
      return converted;
    }
    if (Status converted = ConvertHeads(db, writer); !converted.ok()) {
      return converted;
    }
    if (Status dropped = db.DropOldColumns(); !dropped.ok()) {
      return dropped;
    }
  }
  // A version that reads format 2 refuses to open it since its new column families are there.
  if (Status built = BuildProjects(db, floors, writer); !built.ok()) {
    return built;
  }
  if (Status built = BuildExpiry(db, floors, writer); !built.ok()) {
    return built;
  }
  writer.batch().Put(Table::kMeta, std::string(kUpgradedKey), EncodeNumber(positions.last_id));
  return {};
}

}  // namespace

Status Convert(RocksDb& db, const Format& format, const Log& log) {
  if (format.version == kFormat && !db.has_old_columns()) {
    return {};
  }
  log.Info("converting to storage format 4", {{"from", format.version}});
  Writer writer(db);
  const auto positions = ReadPositions(db, format.partitions);
  if (!positions.ok()) {
    return Fail(positions.error());
  }
  if (format.version < 3 || db.has_old_columns()) {
    if (Status converted = ConvertTo3(db, format, *positions, writer); !converted.ok()) {
      return converted;
    }
  }
  if (Status built = BuildUsages(db, positions->floors, writer); !built.ok()) {
    return built;
  }
  Format reached = format;
  reached.version = kFormat;
  PutFormat(reached, writer.batch());
  if (Status ended = writer.Commit(); !ended.ok()) {
    return ended;
  }
  log.Info("converted to storage format 4");
  return {};
}

}  // namespace belfry::store
