// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/convert.h"

#include <rocksdb/iterator.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/wire/codec/log_codec.h"
#include "libs/common/big_endian.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"
#include "services/store/rocks/engine/commit.h"

namespace belfry::store {
namespace {

constexpr std::size_t kCommitBytes = 1u << 20;
constexpr std::size_t kIdBytes = 8;

Error Malformed(std::string_view what) {
  return {Code::kDataLoss, "convert to storage format 2: " + std::string(what) + ": malformed"};
}

// Collects changes and commits them in batches.
class Writer {
 public:
  explicit Writer(const RocksDb& db) : db_(db) {}

  CommitBatch& batch() { return batch_; }
  Status CommitIfLarge() { return batch_.encoded_bytes() < kCommitBytes ? Status() : Commit(); }
  Status Commit() {
    const CommitBatch batch = std::exchange(batch_, CommitBatch());
    return batch.empty() ? Status() : Apply(db_, batch, "convert to storage format 2");
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
    return Fail(ToError("convert to storage format 2", rows->status()));
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
  user.unkinded_up_to = user.last_id;
  if (const std::uint64_t unread = ReadNumber(value.substr(kIdBytes, kIdBytes)); unread != 0) {
    user.counters.push_back({"", unread});
  }
  const EntryId read_up_to = ReadNumber(value.substr(2 * kIdBytes));
  user.read_all = {read_up_to, read_up_to};
  return user;
}

// Format 1 kept of a project, in each partition, under an empty user: last broadcast's id, how
// many.
Result<ProjectRecord> ProjectFromFormat1(std::string_view value) {
  if (value.size() != 2 * kIdBytes) {
    return Fail(Malformed("a project's head"));
  }
  return ProjectRecord{.last_broadcast_id = ReadNumber(value.substr(0, kIdBytes)),
                       .broadcasts = ReadNumber(value.substr(kIdBytes))};
}

Status ConvertHeads(RocksDb& db, Writer& writer) {
  std::map<std::string, ProjectRecord> projects;
  Status users = ConvertRows(
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
        const auto names =
            ParseProjectKey(key.substr(sizeof(Partition), key.size() - sizeof(Partition) - 1));
        auto project = ProjectFromFormat1(value);
        if (!names || !project.ok()) {
          return Fail(Malformed("a project's head"));
        }
        ProjectRecord& kept = projects[std::string(names->project)];
        if (project->broadcasts > kept.broadcasts) {
          kept = std::move(*project);
        }
        return {};
      });
  if (!users.ok()) {
    return users;
  }
  for (const auto& [project, record] : projects) {
    SetProject(writer.batch(), project, record);
  }
  return writer.Commit();
}

Result<std::vector<EntryId>> ReadFloors(const RocksDb& db, Partition partitions) {
  std::vector<EntryId> floors(partitions);
  for (Partition p = 0; p < partitions; ++p) {
    const auto row = GetRow(db, Column::kMeta, PositionKey(p));
    if (!row.ok()) {
      return Fail(row.error());
    }
    const auto position = *row ? DecodePosition(p, **row) : PartitionHead{};
    if (!position) {
      return Fail(Malformed("a position"));
    }
    floors[p] = position->floor;
  }
  return floors;
}

}  // namespace

Status Convert(RocksDb& db, const Format& format, const Log& log) {
  if (format.version == kFormat && !db.has_old_columns()) {
    return {};
  }
  log.Info("converting to storage format 2", {{"from", format.version}});
  Writer writer(db);
  // From here on an older version refuses to open it.
  PutFormat(format, writer.batch());
  if (Status begun = writer.Commit(); !begun.ok()) {
    return begun;
  }
  const auto floors = ReadFloors(db, format.partitions);
  if (!floors.ok()) {
    return Fail(floors.error());
  }
  if (Status converted = ConvertBroadcasts(db, *floors, writer); !converted.ok()) {
    return converted;
  }
  if (Status converted = ConvertHeads(db, writer); !converted.ok()) {
    return converted;
  }
  if (Status dropped = db.DropOldColumns(); !dropped.ok()) {
    return dropped;
  }
  log.Info("converted to storage format 2");
  return {};
}

}  // namespace belfry::store
