// SPDX-License-Identifier: Apache-2.0
// What a restored directory knows, and what it never does again.
#include "services/store/rocks/backups/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "services/store/rocks/check/check.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

// A store that was backed up and went on.
struct RestoreTest : testing::Test, Disk {
  void SetUp() override {
    for (int i = 0; i < 3; ++i) {
      AppendMany(10, 7, 300);
      Broadcast();
    }
    alice = Append("alice").id;
    history = store->history_id();
    const auto made = store->Backup({.directory = backups_directory()});
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    in_backup = store->Heads();
    for (int i = 0; i < 3; ++i) {
      AppendMany(10, 7, 300);
      lost.push_back(Append("alice").id);
      Broadcast();
    }
    at_end = store->Heads();
    Close();
  }
  std::string backups_directory() const { return (dir.path() / "backups").string(); }
  std::string high_water() const { return directory() + "/high-water"; }

  Result<RestoreResult> TryRestore(const RestoreOptions& more = {}) {
    Close();
    RestoreOptions options = more;
    options.backups = backups_directory();
    options.directory = directory();
    options.replace = true;
    return Restore(options, clock, {});
  }
  RestoreResult ExpectRestored(const RestoreOptions& more = {}) {
    auto restored = TryRestore(more);
    EXPECT_TRUE(restored.ok()) << restored.error().ToString();
    if (!restored.ok()) {
      return {};
    }
    const auto report = CheckDirectory({.directory = directory()}, {});
    EXPECT_TRUE(report.ok() && report->clean());
    Open();
    return std::move(*restored);
  }
  // The lowest id that a new entry of any partition gets.
  EntryId NextId() {
    EntryId lowest = kEntryIdMax;
    for (int user = 0; user < 7; ++user) {
      lowest = std::min(lowest, Append("user" + std::to_string(user)).id);
    }
    return lowest;
  }
  static EntryId Highest(const std::vector<PartitionPosition>& heads) {
    EntryId highest = 0;
    for (const PartitionPosition& head : heads) {
      highest = std::max(highest, head.last_id);
    }
    return highest;
  }

  EntryId alice = 0;
  std::vector<EntryId> lost;
  std::string history;
  std::vector<PartitionPosition> in_backup;
  std::vector<PartitionPosition> at_end;
};

TEST_F(RestoreTest, RecordsPerPartitionWhatTheBackupDoesNotKnow) {
  clock.SetUnixMicros(1'000);  // the high water is all there is to go by
  const RestoreResult restored = ExpectRestored();
  EXPECT_NE(restored.history_id, history);
  EXPECT_EQ(store->history_id(), restored.history_id);
  EXPECT_EQ(restored.backup.manifest.history_id, history);
  EXPECT_TRUE(restored.high_water_known);
  EXPECT_TRUE(std::filesystem::exists(restored.moved_to));
  ASSERT_EQ(restored.lost.size(), partitions);
  for (Partition p = 0; p < partitions; ++p) {
    EXPECT_EQ(restored.lost[p].from, in_backup[p].last_id);
    EXPECT_GT(restored.lost[p].to, at_end[p].last_id);
    EXPECT_GE(store->Heads()[p].last_id, restored.lost[p].to);
  }
  for (const EntryId cursor : lost) {
    EXPECT_EQ(Read("alice", cursor).fault, CursorFault::kHistoryLost);
  }
  // Who comes from before is told what is left, and then that something is lost.
  const FeedPage left = Read("alice", 0);
  EXPECT_EQ(left.entries.back().id, alice);
  EXPECT_EQ(left.up_to, in_backup[partition("alice")].last_id);
  EXPECT_TRUE(left.more);
  EXPECT_EQ(Read("alice", left.up_to).fault, CursorFault::kHistoryLost);
}

TEST_F(RestoreTest, GivesOutNoIdTwiceWhateverTheClockSays) {
  for (const std::int64_t now :
       {std::int64_t{0}, std::int64_t{1'000}, static_cast<std::int64_t>(lost[0]),
        static_cast<std::int64_t>(lost[2]) + 1'000'000'000}) {
    clock.SetUnixMicros(now);
    const RestoreResult restored = ExpectRestored();
    clock.SetUnixMicros(now);
    for (int user = 0; user < 7; ++user) {
      const std::string name = "user" + std::to_string(user);
      const EntryId next = Append(name).id;
      EXPECT_GT(next, at_end[partition(name)].last_id) << "the clock at " << now;
      EXPECT_GT(next, restored.lost[partition(name)].to);
      EXPECT_GE(next, static_cast<EntryId>(now));
      at_end[partition(name)].last_id = next;  // and not after the next restore either
    }
    for (Partition p = 0; p < partitions; ++p) {
      at_end[p].last_id = std::max(at_end[p].last_id, store->Heads()[p].last_id);
    }
  }
}

// The clock stands in for a high water that is gone, and is taken to be no earlier than the backup.
TEST_F(RestoreTest, GoesByTheClockWhereNothingElseIsKnown) {
  std::filesystem::remove(high_water());
  const std::int64_t now = clock.UnixMicros();
  ASSERT_GT(static_cast<EntryId>(now), Highest(at_end));
  const RestoreResult restored = ExpectRestored();
  EXPECT_FALSE(restored.high_water_known);
  for (const LostInterval& interval : restored.lost) {
    EXPECT_GT(interval.to, static_cast<EntryId>(now));
  }
  EXPECT_GT(NextId(), Highest(at_end));
}

TEST_F(RestoreTest, GoesNoFurtherBackThanTheBackup) {
  std::filesystem::remove(high_water());
  clock.SetUnixMicros(1'000);
  const RestoreResult restored = ExpectRestored();
  for (const LostInterval& interval : restored.lost) {
    EXPECT_GT(interval.to, static_cast<EntryId>(restored.backup.manifest.created_us));
  }
}

TEST_F(RestoreTest, TakesTheOperatorsWordForIds) {
  std::filesystem::remove(high_water());
  clock.SetUnixMicros(1'000);
  const EntryId above = Highest(at_end) + 1'000'000;
  ExpectRestored({.ids_above = above});
  EXPECT_GT(NextId(), above);
}

TEST_F(RestoreTest, TakesAHighWaterFromElsewhere) {
  const std::string elsewhere = (dir.path() / "kept").string();
  std::filesystem::rename(directory(), dir.path() / "old");
  std::filesystem::copy(dir.path() / "old" / "high-water", elsewhere);
  clock.SetUnixMicros(1'000);
  const auto missing = TryRestore({.high_water = elsewhere + "x"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  const RestoreResult restored = ExpectRestored({.high_water = elsewhere});
  EXPECT_TRUE(restored.high_water_known);
  EXPECT_EQ(restored.moved_to, "");
  for (Partition p = 0; p < partitions; ++p) {
    EXPECT_GT(restored.lost[p].to, at_end[p].last_id);
  }
}

TEST_F(RestoreTest, DoesNotPassOverADamagedHighWater) {
  for (std::uint64_t slot = 0; slot < 4; ++slot) {
    FlipBit(high_water(), slot * 16 * 1024 + 40);
  }
  const auto refused = TryRestore();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("move it away"));
  std::filesystem::remove(high_water());
  ExpectRestored();
}

// The store that was backed up may still run when its backup is restored to another place.
TEST_F(RestoreTest, CountsAsLostWhatCameUntilItsFirstStart) {
  ASSERT_TRUE(TryRestore().ok());
  const EntryId meanwhile = static_cast<EntryId>(clock.UnixMicros()) + 60'000'000;
  clock.Advance(std::chrono::minutes(2));
  Open();
  EXPECT_EQ(Read("alice", meanwhile).fault, CursorFault::kHistoryLost);
  const EntryId told = Append("alice").id;
  EXPECT_GT(told, meanwhile);
  Close();
  EXPECT_TRUE(CheckDirectory({.directory = directory()}, {})->clean());
  clock.Advance(std::chrono::minutes(2));
  Open();
  EXPECT_EQ(Read("alice", told).fault, CursorFault::kNone) << "and not what came after that";
}

TEST_F(RestoreTest, LeavesAloneWhatBelongsToAnotherUser) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can give files away";
  }
  Close();
  const std::string db = directory() + "/db";
  ASSERT_EQ(::chown(db.c_str(), 12'345, 12'345), 0);
  const auto refused = TryRestore();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_THAT(refused.error().message, HasSubstr("belongs to user 12345"));
  ASSERT_EQ(::chown(db.c_str(), 0, 0), 0);
  ExpectRestored();
}

// Broken off at any point: a store finds what was there, or refuses; and it can be run again.
TEST_F(RestoreTest, CanBeBrokenOffAndRunAgain) {
  // While files were copied.
  std::filesystem::create_directories(directory() + "/db.restoring");
  std::filesystem::copy(directory() + "/db/CURRENT", directory() + "/db.restoring/CURRENT");
  Open();
  EXPECT_EQ(store->history_id(), history);
  Close();
  // Between the two renames.
  std::filesystem::rename(directory() + "/db", directory() + "/db.replaced-x");
  EXPECT_FALSE(TryOpen().ok()) << "never a new and empty store";
  std::filesystem::remove_all(directory() + "/db");
  const RestoreResult restored = ExpectRestored();
  EXPECT_EQ(store->history_id(), restored.history_id);
  EXPECT_FALSE(std::filesystem::exists(directory() + "/db.restoring"));
}

TEST_F(RestoreTest, CanBeDoneTwiceInARow) {
  const RestoreResult first = ExpectRestored();
  const EntryId told = Append("alice").id;
  const RestoreResult second = ExpectRestored();
  EXPECT_NE(first.history_id, second.history_id);
  EXPECT_EQ(Read("alice", told).fault, CursorFault::kHistoryLost);
  EXPECT_GT(Append("alice").id, told);
}

// The next backups go on in the same directory, beside those of the history before.
TEST_F(RestoreTest, IsBackedUpBesideWhatItCameFrom) {
  ExpectRestored();
  Append("alice");
  const auto made = store->Backup({.directory = backups_directory()});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  auto backups = Backups::Open(backups_directory(), {});
  ASSERT_TRUE(backups.ok());
  EXPECT_TRUE((*backups)->Verify(1).ok());
  EXPECT_TRUE((*backups)->Verify(made->id).ok());
  backups->reset();
  ExpectRestored();
  EXPECT_EQ(Read("alice", 0).entries.back().id, alice) << "as the newest backup begins";
}

TEST_F(RestoreTest, KeepsTheWindowThatRetentionLeft) {
  Open();
  clock.Advance(std::chrono::minutes(2));
  const EntryId kept = Append("alice").id;
  Retire(std::chrono::minutes(1));
  const EntryId floor = store->Heads()[partition("alice")].floor;
  ASSERT_TRUE(store->CompactDropped().ok());
  ASSERT_TRUE(store->Backup({.directory = backups_directory()}).ok());
  Append("alice");
  ExpectRestored();
  EXPECT_EQ(store->Heads()[partition("alice")].floor, floor);
  EXPECT_EQ(Read("alice", alice).fault, CursorFault::kWindowPassed);
  const FeedPage left = Read("alice", floor);
  EXPECT_EQ(left.entries.front().id, kept);
  clock.Advance(std::chrono::minutes(5));
  const EntryId next = Append("alice").id;
  clock.SetUnixMicros(static_cast<std::int64_t>(next) + 120'000'000);
  Retire(std::chrono::minutes(1));
  EXPECT_EQ(store->Heads()[partition("alice")].floor, next) << "retention walks across the loss";
}

}  // namespace
}  // namespace belfry::store
