// SPDX-License-Identifier: Apache-2.0
// A directory of storage format 1, 2 or 3 is opened and converted, and says the same afterwards.
#include "services/store/rocks/recovery/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/utilities/backup_engine.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/big_endian.h"
#include "libs/common/record_fields.h"
#include "libs/wire/codec/log_codec.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_record.h"
#include "services/store/core/project_usage.h"
#include "services/store/core/user_ledger.h"
#include "services/store/rocks/backups/backup_manifest.h"
#include "services/store/rocks/backups/backups.h"
#include "services/store/rocks/backups/restore.h"
#include "services/store/rocks/check/check.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"
#include "tests/unit/store_log/fault_fs.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

std::string Numbers(std::initializer_list<std::uint64_t> numbers) {
  std::string bytes;
  for (const std::uint64_t number : numbers) {
    AppendNumber(bytes, number);
  }
  return bytes;
}

// Writes a directory of today's format, which no store has open, as format 1 had it: a broadcast is
// a whole row per partition in `log` and `broadcasts`, `heads` has 24 bytes per user who has
// entries and 16 per project and partition.
class Format1Writer {
 public:
  explicit Format1Writer(const std::string& directory) : raw_(directory) {
    old_[OldColumn::kBroadcasts] = raw_.Create("broadcasts");
    old_[OldColumn::kHeads] = raw_.Create("heads");
  }
  ~Format1Writer() {
    for (const auto& [column, handle] : old_) {
      raw_.Destroy(handle);
    }
  }

  void Write(Partition partitions) {
    for (Partition p = 0; p < partitions; ++p) {
      floors_.push_back(DecodePosition(p, raw_.Get(Column::kMeta, PositionKey(p)))->floor);
    }
    WriteBroadcasts();
    WriteUsers();
    WriteProjects(partitions);
    raw_.Put(Column::kMeta, "format", EncodeNumber(1));
    raw_.Drop(
        {Column::kBodies, Column::kUsers, Column::kProjects, Column::kExpiry, Column::kCollapse});
  }

 private:
  void WriteBroadcasts() {
    for (const auto& [key, value] : raw_.Rows(Column::kLog)) {
      Entry entry = *wire::DecodeEntry(value);
      if (entry.kind != EntryKind::kBroadcast || entry.id <= floors_[entry.partition]) {
        continue;
      }
      const std::string body = WithId(ProjectKey(entry.project), entry.id);
      entry.payload = wire::DecodeEntry(raw_.Get(Column::kBodies, body))->payload;
      const std::string partition = LogKey(entry.partition, 0).substr(0, 4);
      raw_.Put(Column::kLog, key, wire::EncodeEntry(entry));
      raw_.Put(old_[OldColumn::kBroadcasts], partition + body, wire::EncodeEntry(entry));
    }
  }
  void WriteUsers() {
    for (const auto& [key, value] : raw_.Rows(Column::kUsers)) {
      const auto record = DecodeUserRecord(value);
      if (record->last_id > floors_[ParseUsersKey(key)->partition]) {
        raw_.Put(old_[OldColumn::kHeads], key,
                 Numbers({record->last_id, record->unread(), record->read_all.up_to}));
      }
    }
  }
  void WriteProjects(Partition partitions) {
    for (const auto& [key, value] : raw_.Rows(Column::kProjects)) {
      const auto record = DecodeProjectRecord(value);
      for (Partition p = 0; p < partitions; ++p) {
        raw_.Put(old_[OldColumn::kHeads], UserPrefix(p, ParseProjectKey(key)->project, {}),
                 Numbers({record->last_id, record->live.size()}));
      }
    }
  }

  RawDb raw_;
  std::map<OldColumn, rocksdb::ColumnFamilyHandle*> old_;
  std::vector<EntryId> floors_;
};

// Likewise, as format 2 had it: no index of what expires and no collapse keys; a user's record
// counts without kinds and knows no joins, a project's has the number of its broadcasts.
class Format2Writer {
 public:
  explicit Format2Writer(const std::string& directory) : raw_(directory) {}

  void Write() {
    for (const auto& [key, value] : raw_.Rows(Column::kUsers)) {
      const UserRecord today = *DecodeUserRecord(value);
      UserRecord user;
      user.last_id = user.unkinded_up_to = today.last_id;
      user.counters = {{"", today.unread()}};
      user.read_all = today.read_all;
      raw_.Put(Column::kUsers, key, EncodeUserRecord(user));
    }
    for (const auto& [key, value] : raw_.Rows(Column::kProjects)) {
      const ProjectRecord today = *DecodeProjectRecord(value);
      RecordWriter project;
      project.PutNumber(1, today.last_id);
      project.PutNumber(2, today.live.size());
      raw_.Put(Column::kProjects, key, project.Take({}));
    }
    raw_.Put(Column::kMeta, "format", EncodeNumber(2));
    raw_.Drop({Column::kExpiry, Column::kCollapse});
  }

 private:
  RawDb raw_;
};

// Likewise, as format 3 had it: nobody kept what projects have stored.
class Format3Writer {
 public:
  explicit Format3Writer(const std::string& directory) : raw_(directory) {}

  void Write() {
    for (const auto& [key, value] : raw_.Rows(Column::kMeta)) {
      if (key.starts_with(kStoredPrefix)) {
        raw_.Delete(Column::kMeta, key);
      }
    }
    raw_.Put(Column::kMeta, "format", EncodeNumber(3));
  }

 private:
  RawDb raw_;
};

// By the format before.
struct ConvertTest : testing::TestWithParam<int>, Disk {
  // Users, broadcasts of two projects, and floors that differ.
  void SetUp() override {
    Append("alice");  // a user's first entry comes before the broadcasts that are theirs
    for (int i = 0; i < 3; ++i) {
      AppendMany(20, 9, 300);
      Append("", "early " + std::to_string(i));
    }
    clock.Advance(std::chrono::minutes(2));
    for (int i = 0; i < 20; ++i) {
      AppendMany(10, 7, 300);
      Append("", "broadcast " + std::to_string(i) + std::string(1'000, 'b'));
    }
    Append("alice");
    Retire(std::chrono::minutes(1));
  }

  struct Feed {
    EntryId floor = 0;
    std::uint64_t unread = 0;
    std::vector<Entry> entries;
    bool operator==(const Feed&) const = default;
  };
  std::map<std::string, Feed> Feeds() {
    std::map<std::string, Feed> feeds;
    for (const char* user : {"alice", "user0", "user3", "user6", "user8"}) {
      Feed& feed = feeds[user];
      feed.floor = store->Heads()[partition(user)].floor;
      FeedPage page;
      for (EntryId after = feed.floor; page.more || after == feed.floor; after = page.up_to) {
        page = Read(user, after);
        feed.unread = page.counts.unread;
        feed.entries.insert(feed.entries.end(), page.entries.begin(), page.entries.end());
        if (!page.more) {
          break;
        }
      }
    }
    return feeds;
  }
  std::vector<Entry> Logs() {
    std::vector<Entry> entries;
    for (const PartitionPosition& head : store->Heads()) {
      const auto page = store->ReadLog({.partition = head.partition,
                                        .after = head.floor,
                                        .entries_max = 10'000,
                                        .bytes_max = 1u << 30});
      EXPECT_TRUE(page.ok());
      for (const EntryPtr& entry : page->entries) {
        entries.push_back(*entry);
      }
    }
    return entries;
  }
  void MakeOld() {
    Close();
    if (GetParam() == 1) {
      Format1Writer(directory()).Write(partitions);
    } else if (GetParam() == 2) {
      Format2Writer(directory()).Write();
    } else {
      Format3Writer(directory()).Write();
    }
  }
  // With RocksDB alone: only the column families that are there are opened.
  void BackUpAsItIs(const BackupManifest& manifest, const std::string& backups) {
    const std::string path = directory() + "/db";
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> columns;
    for (const std::string& name : names) {
      columns.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path, columns, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::BackupEngine* made = nullptr;
    std::filesystem::create_directories(backups);
    ASSERT_TRUE(rocksdb::BackupEngine::Open(rocksdb::Env::Default(),
                                            rocksdb::BackupEngineOptions(backups), &made)
                    .ok());
    const std::unique_ptr<rocksdb::BackupEngine> engine(made);
    ASSERT_TRUE(
        engine->CreateNewBackupWithMetadata({}, db.get(), EncodeManifest(manifest), nullptr).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      ASSERT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
    }
  }
  void ExpectSound() {
    Close();
    const auto report = CheckDirectory({.directory = directory()}, {});
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    for (const CheckFault& fault : report->faults) {
      ADD_FAILURE() << fault.key << ": " << fault.what;
    }
    EXPECT_TRUE(report->clean());
  }
};

TEST_P(ConvertTest, SaysTheSameAfterwardsAndGoesOn) {
  const auto feeds = Feeds();
  const auto logs = Logs();
  ASSERT_GT(feeds.at("user3").entries.size(), 20u);
  MakeOld();
  Open();
  EXPECT_EQ(Feeds(), feeds);
  EXPECT_EQ(Logs(), logs);
  if (GetParam() < 3) {
    const FeedPage nobody = Read("nobody", store->Heads()[partition("nobody")].floor);
    EXPECT_EQ(nobody.entries.size(), 20u)
        << "who has no record had the broadcasts, and has them as long as they are kept";
    EXPECT_EQ(nobody.counts.unread, 20u);
  }
  const std::uint64_t unread = Feeds().at("alice").unread;
  Append("");
  Append("alice");
  EXPECT_EQ(Feeds().at("alice").unread, unread + 2);
  ExpectSound();
  Open();
  EXPECT_EQ(Feeds().at("alice").unread, unread + 2);
}

TEST_P(ConvertTest, ACheckNamesTheFormatAndChangesNothing) {
  MakeOld();
  const auto report = CheckDirectory({.directory = directory()}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(report.error().message, HasSubstr("its storage format is older"));
  Open();
  ExpectSound();
}

TEST_P(ConvertTest, GoesOnWhereAFullDiskOrAPowerCutEndedIt) {
  const auto feeds = Feeds();
  const auto logs = Logs();
  MakeOld();
  int refused = 0;
  for (std::int64_t bytes = GetParam() == 3 ? 0 : 4'000;; bytes += 30'000) {
    FaultFs* const faults = new FaultFs();
    const std::shared_ptr<rocksdb::FileSystem> fs(faults);
    const auto env = rocksdb::NewCompositeEnv(fs);
    faults->Limit(directory() + "/db", bytes);
    auto opened = RocksStore::Open({.directory = directory(),
                                    .partitions = partitions,
                                    .block_cache_bytes = 1u << 20,
                                    .write_buffer_bytes = 1u << 20,
                                    .env = env.get()},
                                   clock, {});
    const bool converted = opened.ok();
    if (converted) {
      opened->reset();
    }
    faults->LoseUnsynced();
    if (converted) {
      break;
    }
    ++refused;
    ASSERT_LT(refused, 200) << opened.error().ToString();
  }
  EXPECT_GT(refused, GetParam() == 3 ? 0 : 1);
  Open();
  EXPECT_EQ(Feeds(), feeds);
  EXPECT_EQ(Logs(), logs);
  ExpectSound();
}

TEST_P(ConvertTest, ABackupOfAnOlderFormatIsVerifiedAndRestored) {
  const auto feeds = Feeds();
  BackupManifest manifest{
      .created_us = clock.UnixMicros(), .history_id = store->history_id(), .last_ids = {}};
  for (const PartitionPosition& head : store->Heads()) {
    manifest.last_ids.push_back(head.last_id);
  }
  MakeOld();
  const std::string backups = (dir.path() / "backups").string();
  BackUpAsItIs(manifest, backups);
  {
    const auto opened = Backups::Open(backups, {});
    ASSERT_TRUE(opened.ok());
    const Status good = (*opened)->Verify(1);
    EXPECT_TRUE(good.ok()) << good.error().ToString();
  }
  std::filesystem::remove_all(directory());
  const auto restored = Restore({.backups = backups, .directory = directory()}, clock, {});
  ASSERT_TRUE(restored.ok()) << restored.error().ToString();
  Open();
  for (const auto& [user, feed] : feeds) {
    const Feed after = Feeds().at(user);
    EXPECT_EQ(after.entries, feed.entries) << user;
    EXPECT_EQ(after.unread, feed.unread) << user;
  }
  ExpectSound();
}

TEST_P(ConvertTest, WhatExpiresLeavesTheCountsAfterwards) {
  const std::int64_t soon = clock.UnixMicros() + 60'000'000;
  Append("alice", "expires", soon);
  Append("", "expires", soon);
  const std::uint64_t unread = Feeds().at("alice").unread;
  MakeOld();
  Open();
  EXPECT_EQ(Feeds().at("alice").unread, unread);
  const auto expire = [this] {
    for (bool more = true; more;) {
      const auto expired = sequencer->Expire(10);
      ASSERT_TRUE(expired.ok()) << expired.error().ToString();
      more = *expired;
    }
  };
  expire();
  EXPECT_EQ(Feeds().at("alice").unread, unread) << "it is not their time";
  clock.Advance(std::chrono::minutes(2));
  expire();
  EXPECT_EQ(Feeds().at("alice").unread, unread - 2);
  ExpectSound();
}

TEST_P(ConvertTest, RefusesRowsThatMakeNoSense) {
  MakeOld();
  {
    RawDb raw(directory());
    if (GetParam() == 1) {
      raw.Put(OldColumn::kHeads, UserPrefix(partition("alice"), "acme", "alice"), "short");
    } else {
      raw.Put(Column::kBodies, raw.Rows(Column::kBodies).front().first, "short");
    }
  }
  const Status opened = TryOpen();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kDataLoss);
  EXPECT_THAT(opened.error().message,
              HasSubstr(GetParam() == 1 ? "a user's head: malformed" : "an entry: malformed"));
}

INSTANTIATE_TEST_SUITE_P(Formats, ConvertTest, testing::Values(1, 2, 3));

}  // namespace
}  // namespace belfry::store
