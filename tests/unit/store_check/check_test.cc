// SPDX-License-Identifier: Apache-2.0
// A check finds each planted fault, names it, and finds nothing where nothing is.
#include "services/store/rocks/check/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/sst_file_writer.h>
#include <sys/wait.h>

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "libs/wire/codec/log_codec.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_record.h"
#include "services/store/core/project_usage.h"
#include "services/store/core/user_ledger.h"
#include "services/store/rocks/recovery/high_water.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

constexpr Partition kPartitions = 4;

// "users: partition 1 \"acme\"/\"alice\": says that ..." of each fault.
std::vector<std::string> Told(const CheckReport& report) {
  std::vector<std::string> told;
  for (const CheckFault& fault : report.faults) {
    told.push_back(std::string(kCheckKindNames[static_cast<std::size_t>(fault.kind)]) + ": " +
                   fault.key + ": " + fault.what);
  }
  return told;
}

struct CheckTest : testing::Test, Disk {
  // A store with some life behind it: users, broadcasts, retired entries.
  void SetUp() override {
    for (int i = 0; i < 4; ++i) {
      AppendMany(10, 7, 50);
      Broadcast();
    }
    clock.Advance(std::chrono::minutes(2));
    for (int i = 0; i < 6; ++i) {
      AppendMany(10, 11, 50);
      broadcasts.push_back(Broadcast().id);
    }
    alice.push_back(Append("alice").id);
    alice.push_back(Append("alice").id);
    alice.push_back(Append("alice").id);
    at = partition("alice");
    Retire(std::chrono::minutes(1));
  }

  CheckReport Check() {
    Close();
    auto report = CheckDirectory({.directory = directory()}, {});
    EXPECT_TRUE(report.ok()) << report.error().ToString();
    return report.ok() ? std::move(*report) : CheckReport{};
  }
  std::string AliceKey(EntryId id) const { return WithId(UserPrefix(at, "acme", "alice"), id); }
  std::string AliceText(EntryId id) const {
    return "partition " + std::to_string(at) + " \"acme\"/\"alice\" id " + std::to_string(id);
  }
  // Plants, checks: the first fault is of `kind` and says `what`.
  void ExpectFound(const std::function<void(RawDb&)>& plant, CheckKind kind,
                   const std::string& what) {
    Close();
    {
      RawDb raw(directory());
      plant(raw);
    }
    const CheckReport report = Check();
    EXPECT_FALSE(report.clean());
    EXPECT_GE(report.lines[static_cast<std::size_t>(kind)].faults, 1u);
    EXPECT_THAT(Told(report), testing::Contains(HasSubstr(what)));
  }

  std::vector<EntryId> broadcasts;
  std::vector<EntryId> alice;
  Partition at = 0;
};

TEST_F(CheckTest, FindsNothingInAGoodDirectoryHoweverItEnded) {
  for (const bool cleanly : {false, true, false}) {
    if (cleanly) {
      ASSERT_TRUE(store->CompactDropped().ok());
      ASSERT_TRUE(store->CloseCleanly().ok());
    }
    const CheckReport report = Check();
    EXPECT_THAT(Told(report), testing::IsEmpty());
    EXPECT_TRUE(report.clean());
    EXPECT_EQ(report.partitions, kPartitions);
    EXPECT_EQ(report.history_id.size(), 32u);
    for (const CheckKind kind : {CheckKind::kMeta, CheckKind::kPositions, CheckKind::kHighWater,
                                 CheckKind::kLog, CheckKind::kFeed, CheckKind::kBroadcasts,
                                 CheckKind::kUsers, CheckKind::kProjects, CheckKind::kKeys}) {
      const CheckLine& line = report.lines[static_cast<std::size_t>(kind)];
      EXPECT_GT(line.looked_at, 0u) << kCheckKindNames[static_cast<std::size_t>(kind)];
      EXPECT_EQ(line.skipped, "");
    }
    Open();
    Append("alice");
    Broadcast();
  }
}

TEST_F(CheckTest, FindsAProjectsUsageThatIsNotSo) {
  ExpectFound(
      [](RawDb& raw) {
        raw.Put(Column::kMeta, StoredKey("acme"), EncodeUsage({1, 2}));
      },
      CheckKind::kUsages, "project \"acme\": is said to have 1 entries and 2 bytes, and has ");
}

TEST_F(CheckTest, FindsAProjectsUsageThatIsNotThereOrOfNoProject) {
  ExpectFound(
      [](RawDb& raw) {
        raw.Delete(Column::kMeta, StoredKey("acme"));
        raw.Put(Column::kMeta, StoredKey("nobody"), EncodeUsage({1, 2}));
      },
      CheckKind::kUsages, "project \"acme\": has ");
}

TEST_F(CheckTest, FindsNothingWhereTheClockWasSet) {
  for (const auto by : {std::chrono::hours(24 * 365), std::chrono::hours(-24 * 700)}) {
    clock.SetUnixMicros(clock.UnixMicros() + std::chrono::microseconds(by).count());
    Append("alice");
    Broadcast();
  }
  EXPECT_THAT(Told(Check()), testing::IsEmpty());
}

TEST_F(CheckTest, ChangesNothing) {
  Close();
  const auto files = [this] {
    std::vector<std::pair<std::string, std::uintmax_t>> found;
    for (const auto& file : std::filesystem::recursive_directory_iterator(directory())) {
      found.emplace_back(file.path().string(), file.is_regular_file() ? file.file_size() : 0);
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const auto before = files();
  EXPECT_TRUE(Check().clean());
  EXPECT_EQ(files(), before);
}

TEST_F(CheckTest, RefusesADirectoryThatAStoreHasOpen) {
  const auto report = CheckDirectory({.directory = directory()}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(report.error().message, HasSubstr("holds this data directory"));
  Append("alice");
}

TEST_F(CheckTest, RefusesADirectoryWithNoDatabase) {
  const auto report = CheckDirectory({.directory = dir.path().string()}, {});
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::kNotFound) << report.error().ToString();
}

TEST_F(CheckTest, FindsADeletedFeedRow) {
  ExpectFound([&](RawDb& raw) { raw.Delete(Column::kFeed, AliceKey(alice[1])); }, CheckKind::kFeed,
              AliceText(alice[1]) + ": is in the log and not here");
}

TEST_F(CheckTest, FindsTheLastRowOfAUserMissing) {
  ExpectFound([&](RawDb& raw) { raw.Delete(Column::kFeed, AliceKey(alice[2])); }, CheckKind::kUsers,
              "says that the last entry is " + std::to_string(alice[2]) + ", and it is " +
                  std::to_string(alice[1]));
}

TEST_F(CheckTest, FindsAFeedRowThatTheLogDoesNotHave) {
  ExpectFound(
      [&](RawDb& raw) {
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kFeed, AliceKey(alice[0])));
        entry.id = alice[0] + 1;
        raw.Put(Column::kFeed, AliceKey(entry.id), wire::EncodeEntry(entry));
      },
      CheckKind::kFeed, AliceText(alice[0] + 1) + ": is here and not in the log");
}

TEST_F(CheckTest, FindsARowThatIsNotWhatTheLogHas) {
  ExpectFound(
      [&](RawDb& raw) {
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kFeed, AliceKey(alice[0])));
        entry.payload = "another";
        raw.Put(Column::kFeed, AliceKey(entry.id), wire::EncodeEntry(entry));
      },
      CheckKind::kFeed, AliceText(alice[0]) + ": is not what the log has");
}

TEST_F(CheckTest, FindsAWrongUnreadCount) {
  ExpectFound(
      [&](RawDb& raw) {
        const std::string key = UserPrefix(at, "acme", "alice");
        UserRecord record = *DecodeUserRecord(raw.Get(Column::kUsers, key));
        ++record.counters.front().count;
        raw.Put(Column::kUsers, key, EncodeUserRecord(record));
      },
      CheckKind::kUsers, "says that 4 are unread, and 3 are");
}

TEST_F(CheckTest, FindsAUserWithoutARecordAndARecordWithoutEntries) {
  ExpectFound(
      [&](RawDb& raw) {
        raw.Delete(Column::kUsers, UserPrefix(at, "acme", "alice"));
        raw.Put(Column::kUsers, UserPrefix(partition("nobody"), "acme", "nobody"),
                EncodeUserRecord(OnNotification({}, alice[2], std::nullopt)));
      },
      CheckKind::kUsers, "\"acme\"/\"alice\": has entries and no record");
  EXPECT_THAT(Told(Check()),
              testing::Contains(HasSubstr("/\"nobody\": says that the last entry is " +
                                          std::to_string(alice[2]) + ", and it is 0")));
}

TEST_F(CheckTest, FindsABrokenLink) {
  ExpectFound(
      [&](RawDb& raw) {
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kLog, LogKey(at, alice[1])));
        --entry.prev;
        const std::string value = wire::EncodeEntry(entry);
        raw.Put(Column::kLog, LogKey(at, alice[1]), value);
        raw.Put(Column::kFeed, AliceKey(alice[1]), value);
      },
      CheckKind::kLog, "id " + std::to_string(alice[1]) + ": its link says that ");
}

TEST_F(CheckTest, FindsAnEntryMissingFromTheLog) {
  ExpectFound([&](RawDb& raw) { raw.Delete(Column::kLog, LogKey(at, alice[1])); }, CheckKind::kLog,
              "id " + std::to_string(alice[2]) + ": its link says that " +
                  std::to_string(alice[1]) + " is before it, and " + std::to_string(alice[0]));
  EXPECT_THAT(Told(Check()),
              testing::Contains(HasSubstr("leads to entry " + std::to_string(alice[1]))))
      << "its idempotency record";
}

TEST_F(CheckTest, FindsTheLogsEndMissing) {
  ExpectFound([&](RawDb& raw) { raw.Delete(Column::kLog, LogKey(at, alice[2])); }, CheckKind::kLog,
              "ends at " + std::to_string(alice[1]) + ", and its position says");
}

TEST_F(CheckTest, FindsAnEntryBehindTheEnd) {
  ExpectFound(
      [&](RawDb& raw) {
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kLog, LogKey(at, alice[2])));
        entry.prev = entry.id;
        entry.id += 5;
        raw.Put(Column::kLog, LogKey(at, entry.id), wire::EncodeEntry(entry));
      },
      CheckKind::kLog, "lies behind the partition's last id");
}

TEST_F(CheckTest, FindsAnEntryThatCannotBeDecoded) {
  ExpectFound([&](RawDb& raw) { raw.Put(Column::kLog, LogKey(at, alice[1]), "\xff\xff"); },
              CheckKind::kLog, "id " + std::to_string(alice[1]) + ": ");
}

TEST_F(CheckTest, IsCleanWhateverWasDoneToNotifications) {
  const auto update = [&](StateOp op, std::vector<EntryId> ids, EntryId up_to = 0) {
    StateUpdate one{.project = "acme", .user_id = "alice"};
    one.change.op = op;
    one.change.ids = std::move(ids);
    one.change.up_to = up_to;
    Append(UpdateItem(std::move(one)));
  };
  AppendItem item;
  item.project = "acme";
  item.user_id = "alice";
  item.content_hash = std::string(32, 'h');
  const auto append = [&](const std::string& kind, const std::string& collapse_key,
                          std::int64_t expires_us) {
    AppendItem one = item;
    one.idempotency_key = "own" + std::to_string(++keys);
    one.notification_kind = kind;
    one.collapse_key = collapse_key;
    one.expires_us = expires_us;
    return Append(std::move(one)).id;
  };
  append("build", "nightly", 0);
  append("build", "nightly", 0);
  append("comment", "", clock.UnixMicros() + 1'000'000);
  const EntryId late = append("comment", "", clock.UnixMicros() + 3'600'000'000);
  update(StateOp::kRead, {alice[0]});
  update(StateOp::kArchive, {alice[1]});
  update(StateOp::kSeen, {}, late);
  append("comment", "", 0);
  update(StateOp::kDelete, {alice[2]});
  update(StateOp::kReadAll, {}, late);
  update(StateOp::kUnread, {alice[0]});
  clock.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(sequencer->Expire(10).ok());
  EXPECT_EQ(Read("alice", late).counts.unread, 2u) << "what came since, and one marked again";
  EXPECT_THAT(Told(Check()), testing::IsEmpty());
}

TEST_F(CheckTest, FindsAStateOfNoNotification) {
  ExpectFound(
      [&](RawDb& raw) {
        raw.Put(Column::kState, AliceKey(alice[2] + 1), EncodeEntryState({.read_at_us = 1}));
      },
      CheckKind::kState, AliceText(alice[2] + 1) + ": is of no notification");
}

TEST_F(CheckTest, FindsAStateThatTheRecordDoesNotKnowOf) {
  ExpectFound(
      [&](RawDb& raw) {
        raw.Put(Column::kState, AliceKey(alice[1]), EncodeEntryState({.read_at_us = 1}));
      },
      CheckKind::kState, AliceText(alice[1]) + ": lies above what the user's record knows of");
}

TEST_F(CheckTest, FindsACountOfAnotherKind) {
  ExpectFound(
      [&](RawDb& raw) {
        const std::string key = UserPrefix(at, "acme", "alice");
        UserRecord record = *DecodeUserRecord(raw.Get(Column::kUsers, key));
        record.counters.front().kind = "other";
        raw.Put(Column::kUsers, key, EncodeUserRecord(record));
      },
      CheckKind::kUsers, "counts kinds otherwise than its entries have them");
}

TEST_F(CheckTest, FindsWhatIsToExpireAtATimeThatNoEntryHas) {
  ExpectFound(
      [&](RawDb& raw) {
        raw.Put(Column::kExpiry, ExpiryKey(5, {{at, "acme", "alice"}, alice[2]}), "");
      },
      CheckKind::kExpiry, AliceText(alice[2]) + ": is to expire at a time that no entry has");
}

TEST_F(CheckTest, FindsAnOrphanBroadcast) {
  ExpectFound(
      [&](RawDb& raw) {
        const std::string last = WithId(ProjectKey("acme"), broadcasts.back());
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kBodies, last));
        entry.id = entry.broadcast_id = broadcasts.back() + 1;
        raw.Put(Column::kBodies, WithId(ProjectKey("acme"), entry.id), wire::EncodeEntry(entry));
      },
      CheckKind::kBroadcasts,
      "id " + std::to_string(broadcasts.back() + 1) + ": is here and not in the log");
}

TEST_F(CheckTest, FindsABroadcastThatOnePartitionLacks) {
  ExpectFound(
      [&](RawDb& raw) {
        // The link of what comes behind it, if anything does, is broken too.
        raw.Delete(Column::kLog, LogKey(2, broadcasts[2]));
      },
      CheckKind::kBroadcasts,
      "partition 2 \"acme\" id " + std::to_string(broadcasts[2]) + ": is here and not in the log");
}

TEST_F(CheckTest, FindsABodyThatIsMissing) {
  ExpectFound(
      [&](RawDb& raw) { raw.Delete(Column::kBodies, WithId(ProjectKey("acme"), broadcasts[2])); },
      CheckKind::kBroadcasts,
      "partition 3 \"acme\" id " + std::to_string(broadcasts[2]) + ": is in the log and not here");
}

TEST_F(CheckTest, FindsABodyThatIsNotWhatTheLogRefersTo) {
  ExpectFound(
      [&](RawDb& raw) {
        const std::string key = WithId(ProjectKey("acme"), broadcasts[2]);
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kBodies, key));
        entry.expires_us = 1;
        raw.Put(Column::kBodies, key, wire::EncodeEntry(entry));
      },
      CheckKind::kBroadcasts, "id " + std::to_string(broadcasts[2]) + ": is not what the log has");
}

TEST_F(CheckTest, FindsABodyInTheLog) {
  ExpectFound(
      [&](RawDb& raw) {
        Entry entry = *wire::DecodeEntry(raw.Get(Column::kLog, LogKey(1, broadcasts[2])));
        entry.payload = "body";
        raw.Put(Column::kLog, LogKey(1, broadcasts[2]), wire::EncodeEntry(entry));
      },
      CheckKind::kLog, "id " + std::to_string(broadcasts[2]) + ": holds a broadcast's body");
}

TEST_F(CheckTest, FindsABroadcastThatIsNotSaidToBeLive) {
  ExpectFound(
      [&](RawDb& raw) {
        ProjectRecord record = *DecodeProjectRecord(raw.Get(Column::kProjects, ProjectKey("acme")));
        record.live.pop_back();
        raw.Put(Column::kProjects, ProjectKey("acme"), EncodeProjectRecord(record));
      },
      CheckKind::kProjects,
      "project \"acme\": does not say that broadcast " + std::to_string(broadcasts.back()) +
          " is live");
}

TEST_F(CheckTest, FindsALiveBroadcastThatIsNot) {
  ExpectFound(
      [&](RawDb& raw) {
        ProjectRecord record = *DecodeProjectRecord(raw.Get(Column::kProjects, ProjectKey("acme")));
        record.live.push_back({.id = record.live.back().id + 1});
        raw.Put(Column::kProjects, ProjectKey("acme"), EncodeProjectRecord(record));
      },
      CheckKind::kProjects, "is live, and it is not");
}

TEST_F(CheckTest, FindsAWrongLastEntryOfAProject) {
  ExpectFound(
      [&](RawDb& raw) {
        ProjectRecord record = *DecodeProjectRecord(raw.Get(Column::kProjects, ProjectKey("acme")));
        --record.last_id;
        raw.Put(Column::kProjects, ProjectKey("acme"), EncodeProjectRecord(record));
      },
      CheckKind::kProjects, "project \"acme\": says that its last entry is");
}

TEST_F(CheckTest, FindsARecordOfNoEntry) {
  ExpectFound(
      [&](RawDb& raw) {
        raw.Put(Column::kKeys, IdempotencyKey("acme", "once"),
                EncodeIdempotencyRecord({alice[2] + 1, 1, 2, std::string(32, 'h')}));
      },
      CheckKind::kKeys, "leads to entry " + std::to_string(alice[2] + 1) + ", which is nowhere");
}

TEST_F(CheckTest, FindsARecordOfAnotherProjectsEntry) {
  ExpectFound(
      [&](RawDb& raw) {
        raw.Put(Column::kKeys, IdempotencyKey("rival", "once"),
                EncodeIdempotencyRecord({alice[2], 1, 2, std::string(32, 'h')}));
      },
      CheckKind::kKeys, "leads to entry " + std::to_string(alice[2]));
}

TEST_F(CheckTest, FindsMalformedKeysInEveryColumn) {
  const std::vector<std::pair<Column, CheckKind>> columns = {
      {Column::kLog, CheckKind::kLog},           {Column::kFeed, CheckKind::kFeed},
      {Column::kUsers, CheckKind::kUsers},       {Column::kBodies, CheckKind::kBroadcasts},
      {Column::kProjects, CheckKind::kProjects}, {Column::kKeys, CheckKind::kKeys},
      {Column::kState, CheckKind::kState},       {Column::kMeta, CheckKind::kMeta},
      {Column::kExpiry, CheckKind::kExpiry},     {Column::kCollapse, CheckKind::kCollapse}};
  Close();
  {
    RawDb raw(directory());
    for (const auto& [column, kind] : columns) {
      raw.Put(column, std::string("\0\0\0\1\xfe nonsense", 14), "value");
    }
  }
  const CheckReport report = Check();
  for (const auto& [column, kind] : columns) {
    EXPECT_EQ(report.lines[static_cast<std::size_t>(kind)].faults, 1u)
        << kCheckKindNames[static_cast<std::size_t>(kind)];
  }
}

TEST_F(CheckTest, FindsAUsersRowInAnotherPartition) {
  const Partition other = (at + 1) % kPartitions;
  ExpectFound(
      [&](RawDb& raw) {
        raw.Put(Column::kFeed, WithId(UserPrefix(other, "acme", "alice"), alice[0]),
                raw.Get(Column::kFeed, AliceKey(alice[0])));
      },
      CheckKind::kFeed, "is not a key of a feed");
}

TEST_F(CheckTest, FindsPositionsAndLossesThatMakeNoSense) {
  Close();
  {
    RawDb raw(directory());
    raw.Put(Column::kMeta, PositionKey(0), EncodePosition({0, 5, 6}));
    raw.Put(Column::kMeta, LostKey(1, 10), EncodeNumber(10));
    raw.Put(Column::kMeta, LostKey(2, 10), EncodeNumber(kEntryIdMax));
    raw.Put(Column::kMeta, LostKey(3, 10), EncodeNumber(20));
    raw.Put(Column::kMeta, LostKey(3, 15), EncodeNumber(25));
  }
  const auto told = Told(Check());
  EXPECT_THAT(told, testing::Contains(HasSubstr("positions: partition 0: makes no sense")));
  EXPECT_THAT(told, testing::Contains(HasSubstr("id 10: ends before it begins")));
  EXPECT_THAT(told, testing::Contains(HasSubstr("id 10: ends behind the partition's last id")));
  EXPECT_THAT(told, testing::Contains(HasSubstr("id 15: begins inside the interval before it")));
}

TEST_F(CheckTest, FindsEntriesInALostInterval) {
  ExpectFound(
      [&](RawDb& raw) { raw.Put(Column::kMeta, LostKey(at, alice[0]), EncodeNumber(alice[2])); },
      CheckKind::kLog, "id " + std::to_string(alice[1]) + ": lies in an interval that was lost");
}

TEST_F(CheckTest, FindsALogShorterThanItsHighWater) {
  Close();
  auto file = *HighWaterFile::Open(directory() + "/high-water");
  HighWater high_water = **file->Load();
  high_water.last_ids[at] = alice[2] + 1;
  ASSERT_TRUE(file->Write(high_water).ok());
  EXPECT_THAT(Told(Check()), testing::Contains(HasSubstr("was durable up to ")));
}

TEST_F(CheckTest, FindsAHighWaterThatIsMissing) {
  Close();
  std::filesystem::remove(directory() + "/high-water");
  EXPECT_THAT(Told(Check()), testing::Contains(HasSubstr("high-water: is missing")));
}

// A column whose rows stand backwards in a table with good checksums, as no store writes it. A
// RocksDB that was built with its assertions, as Debian's is, ends the process where it meets them;
// another lets the check tell.
TEST_F(CheckTest, NeverPassesKeysOutOfOrder) {
  Close();
  class Backwards final : public rocksdb::Comparator {
   public:
    const char* Name() const override { return rocksdb::BytewiseComparator()->Name(); }
    int Compare(const rocksdb::Slice& a, const rocksdb::Slice& b) const override {
      return b.compare(a);
    }
    void FindShortestSeparator(std::string*, const rocksdb::Slice&) const override {}
    void FindShortSuccessor(std::string*) const override {}
  };
  const Backwards backwards;
  rocksdb::Options options;
  options.comparator = &backwards;
  const std::string table = (dir.path() / "backwards.sst").string();
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
  ASSERT_TRUE(writer.Open(table).ok());
  for (const char* user : {"c", "b", "a"}) {
    ASSERT_TRUE(writer.Put(WithId(UserPrefix(0, "acme", user), 7), "").ok());
  }
  ASSERT_TRUE(writer.Finish().ok());
  {
    RawDb raw(directory());
    raw.Ingest(Column::kState, table);
  }
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto found = [](int status) { return !WIFEXITED(status) || WEXITSTATUS(status) == 1; };
  EXPECT_EXIT(std::exit(Check().clean() ? 0 : 1), found, "");
}

// Even if faults abound, what is kept of them is bounded, and all are counted.
TEST_F(CheckTest, CountsMoreThanItReports) {
  Close();
  {
    RawDb raw(directory());
    for (int i = 0; i < 50; ++i) {
      raw.Put(Column::kKeys, IdempotencyKey("acme", "bad" + std::to_string(i)), "malformed");
    }
  }
  const auto report = CheckDirectory({.directory = directory(), .faults_max_per_kind = 3}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->lines[static_cast<std::size_t>(CheckKind::kKeys)].faults, 50u);
  EXPECT_EQ(report->faults.size(), 3u);
}

}  // namespace
}  // namespace belfry::store
