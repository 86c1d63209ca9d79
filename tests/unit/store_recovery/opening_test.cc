// SPDX-License-Identifier: Apache-2.0
// Which directories are opened, which are refused, and what is known afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "services/store/core/key_codec.h"
#include "services/store/rocks/recovery/format.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

TEST(Opening, RemembersEverythingAcrossAnUncleanEnd) {
  Disk disk;
  EXPECT_TRUE(disk.store->opened_clean());
  AppendItem item;
  item.project = "acme";
  item.user_id = "alice";
  item.idempotency_key = "once";
  item.content_hash = std::string(32, 'h');
  const Appended first = disk.Append(item);
  const std::string history = disk.store->history_id();
  disk.Open();
  EXPECT_FALSE(disk.store->opened_clean());
  EXPECT_EQ(disk.store->history_id(), history);
  EXPECT_EQ(disk.Append(item), (Appended{first.id, first.created_us, true}));
  EXPECT_EQ(disk.ReadAll("alice", 0), std::vector<EntryId>{first.id});
  ASSERT_TRUE(disk.store->CloseCleanly().ok());
  disk.Open();
  EXPECT_TRUE(disk.store->opened_clean());
  EXPECT_EQ(disk.ReadAll("alice", 0), std::vector<EntryId>{first.id});
}

TEST(Opening, RefusesASecondStoreOfOneProcess) {
  Disk disk;
  const auto second =
      RocksStore::Open({.directory = disk.directory(), .partitions = 4}, disk.clock, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
  EXPECT_NE(second.error().message.find("this process holds"), std::string::npos)
      << second.error().message;
  disk.Append("alice");
}

TEST(Opening, TheDirectoryIsItsOwnersOnly) {
  using std::filesystem::perms;
  const auto mode = [](const std::string& path) {
    return std::filesystem::status(path).permissions();
  };
  Disk disk;
  EXPECT_EQ(mode(disk.directory()), perms::owner_all);
  EXPECT_EQ(mode(disk.directory() + "/db"), perms::owner_all);
  // As an earlier version made it.
  std::filesystem::permissions(disk.directory(), perms::owner_all | perms::group_read |
                                                     perms::others_read | perms::others_exec);
  disk.Open();
  EXPECT_EQ(mode(disk.directory()), perms::owner_all);
}

// Each file below `directory`, with the time of its last change.
std::map<std::string, std::filesystem::file_time_type> FilesOf(const std::string& directory) {
  std::map<std::string, std::filesystem::file_time_type> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    files[file.path().string()] = file.last_write_time();
  }
  return files;
}

TEST(Opening, AnotherUsersDataIsRefusedAndLeftAsItIs) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a file away, and become another user";
  }
  Disk disk;
  disk.Append("alice");
  disk.Close();
  const std::string db = disk.directory() + "/db";
  ASSERT_EQ(chown(db.c_str(), 12'345, 12'345), 0);
  const auto before = FilesOf(disk.directory());
  // Root could open it; what it writes there its owner could not open afterwards.
  const Status as_root = disk.TryOpen();
  ASSERT_FALSE(as_root.ok());
  EXPECT_EQ(as_root.error().code, Code::kPermissionDenied);
  EXPECT_THAT(as_root.error().message, HasSubstr(db + " belongs to user 12345"));
  EXPECT_THAT(as_root.error().message, HasSubstr("chown -R 0 " + disk.directory()));
  EXPECT_EQ(FilesOf(disk.directory()), before);

  // The owner of the data, to whom the directory itself is closed.
  ASSERT_EQ(chmod(disk.dir.path().c_str(), 0755), 0);
  ASSERT_EQ(seteuid(12'345), 0);
  const Status as_owner = disk.TryOpen();
  ASSERT_EQ(seteuid(0), 0);
  ASSERT_FALSE(as_owner.ok());
  EXPECT_THAT(as_owner.error().message, HasSubstr(disk.directory() + " belongs to user 0"));
  EXPECT_THAT(as_owner.error().message, HasSubstr("chown -R 12345 " + disk.directory()));
  EXPECT_EQ(FilesOf(disk.directory()), before);

  ASSERT_EQ(chown(db.c_str(), 0, 0), 0);
  disk.Open();
  EXPECT_EQ(disk.ReadAll("alice", 0).size(), 1u);
}

// A volume whose root belongs to somebody else, as a new one of a container does.
TEST(Opening, ANewDirectoryMayBelongToAnotherUser) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can give a file away";
  }
  const test::TempDir dir;
  ASSERT_EQ(chown(dir.path().c_str(), 12'345, 12'345), 0);
  const ManualClock clock;
  EXPECT_TRUE(
      RocksStore::Open({.directory = dir.path().string(), .partitions = 4}, clock, {}).ok());
}

std::size_t LogFilesOf(const std::string& directory) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator(directory + "/db")) {
    count += file.path().extension() == ".log" ? 1 : 0;
  }
  return count;
}

constexpr int kStarts = 30;
constexpr std::size_t kLogFilesMax = 6;

TEST(Opening, KeepsNoLogFileOfAStartWithoutAWrite) {
  Disk disk;
  disk.Append("alice");
  for (int i = 0; i < kStarts; ++i) {
    ASSERT_TRUE(disk.store->CloseCleanly().ok());
    disk.Open();
  }
  EXPECT_LE(LogFilesOf(disk.directory()), kLogFilesMax);
  EXPECT_EQ(disk.ReadAll("alice", 0).size(), 1u);
}

// Copies a directory whose store goes on: RocksDB may remove a file that it no longer needs between
// the listing and the copy.
void CopyLive(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::directory_iterator(from)) {
    const std::filesystem::path target = to / entry.path().filename();
    std::error_code error;
    if (entry.is_directory()) {
      CopyLive(entry.path(), target);
    } else {
      std::filesystem::copy_file(entry.path(), target, error);
      ASSERT_TRUE(!error || error == std::errc::no_such_file_or_directory) << error.message();
    }
  }
}

TEST(Opening, KeepsNoLogFileOfACrashLoop) {
  Disk disk;
  disk.Append("alice");
  for (int i = 0; i < kStarts; ++i) {
    // What a killed process leaves behind.
    const std::filesystem::path killed = disk.dir.path() / "killed";
    CopyLive(disk.directory(), killed);
    disk.Close();
    std::filesystem::remove_all(disk.directory());
    std::filesystem::rename(killed, disk.directory());
    disk.Open();
  }
  EXPECT_LE(LogFilesOf(disk.directory()), kLogFilesMax);
  EXPECT_EQ(disk.ReadAll("alice", 0).size(), 1u);
}

TEST(Opening, RefusesAnotherPartitionCount) {
  Disk disk;
  disk.Close();
  const auto other =
      RocksStore::Open({.directory = disk.directory(), .partitions = 8}, disk.clock, {});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::kFailedPrecondition);
  EXPECT_NE(other.error().message.find("made with 4 partitions"), std::string::npos);
  disk.Open();
}

TEST(Opening, RefusesALaterFormatAndSaysWhatToDo) {
  Disk disk;
  disk.Close();
  RawDb(disk.directory()).Put(Column::kMeta, "format", EncodeNumber(kFormat + 1));
  const auto opened =
      RocksStore::Open({.directory = disk.directory(), .partitions = 4}, disk.clock, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
  EXPECT_NE(opened.error().message.find("its format is " + std::to_string(kFormat + 1)),
            std::string::npos);
  EXPECT_NE(opened.error().message.find(kLaterVersion), std::string::npos);
  RawDb(disk.directory()).Put(Column::kMeta, "format", EncodeNumber(kFormat));
  disk.Open();
}

TEST(Opening, RefusesAColumnFamilyOfALaterVersionAndSaysWhatToDo) {
  Disk disk;
  disk.Close();
  {
    RawDb raw(disk.directory());
    raw.Destroy(raw.Create("later"));
  }
  const auto opened =
      RocksStore::Open({.directory = disk.directory(), .partitions = 4}, disk.clock, {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
  EXPECT_NE(opened.error().message.find(kLaterVersion), std::string::npos);
}

TEST(Opening, MakesAnotherHistoryInEveryDirectory) {
  Disk one;
  Disk two;
  EXPECT_NE(one.store->history_id(), two.store->history_id());
  EXPECT_EQ(one.store->history_id().size(), 32u);
}

// The log as it was earlier, under the high water of later.
struct RolledBack : Disk {
  RolledBack() : Disk(1) {
    last_kept = Append("alice").id;
    history = store->history_id();
    ASSERT_OK(store->CloseCleanly());
    Close();
    std::filesystem::copy(directory() + "/db", dir.path() / "backup",
                          std::filesystem::copy_options::recursive);
    Open();
    first_lost = Append("alice").id;
    last_lost = Append("alice").id;
    Close();
    std::filesystem::remove_all(directory() + "/db");
    std::filesystem::rename(dir.path() / "backup", directory() + "/db");
  }
  static void ASSERT_OK(const Status& status) { ASSERT_TRUE(status.ok()); }
  std::string history;
  EntryId last_kept = 0;
  EntryId first_lost = 0;
  EntryId last_lost = 0;
};

TEST(Opening, RefusesALogThatEndsBeforeTheHighWater) {
  RolledBack disk;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const Status opened = disk.TryOpen();
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
    EXPECT_NE(opened.error().message.find("--store-accept-loss"), std::string::npos);
  }
}

TEST(Opening, RecordsALossThatAcceptLossAllows) {
  RolledBack disk;
  const std::string before = disk.history;
  disk.clock.SetUnixMicros(1'000);  // the clock does not help to find free ids
  disk.Open(true);
  const std::string history = disk.store->history_id();
  EXPECT_NE(history, before) << "what was announced of the lost entries is of another history";
  const EntryId next = disk.Append("alice").id;
  EXPECT_GT(next, disk.last_lost);
  for (int opened = 0; opened < 2; ++opened) {
    for (const EntryId cursor : {disk.last_kept, disk.first_lost, disk.last_lost}) {
      const FeedPage page = disk.Read("alice", cursor);
      EXPECT_EQ(page.fault, CursorFault::kHistoryLost) << cursor;
      // The reset's new cursor is good.
      EXPECT_EQ(disk.Read("alice", page.up_to).fault, CursorFault::kNone);
      EXPECT_EQ(disk.store->ReadLog({.partition = 0, .after = cursor}).error().code,
                Code::kOutOfRange);
    }
    // Whoever is further back gets what is left, and then is told.
    const FeedPage left = disk.Read("alice", 0);
    EXPECT_EQ(left.fault, CursorFault::kNone);
    ASSERT_EQ(left.entries.size(), 1u);
    EXPECT_EQ(left.up_to, disk.last_kept);
    EXPECT_TRUE(left.more);
    disk.Open();  // and without being told again
    EXPECT_EQ(disk.store->history_id(), history);
  }
  disk.clock.SetUnixMicros(static_cast<std::int64_t>(next) + 120'000'000);
  disk.Retire(std::chrono::minutes(1));
  EXPECT_EQ(disk.store->Heads()[0].floor, next) << "retention walks across the loss";
}

TEST(Opening, GoesOnAtTheResetsCursorWhenNothingFollowedTheLoss) {
  RolledBack disk;
  disk.Open(true);
  const FeedPage lost = disk.Read("alice", disk.last_lost);
  EXPECT_EQ(lost.fault, CursorFault::kHistoryLost);
  EXPECT_EQ(disk.Read("alice", lost.up_to).fault, CursorFault::kNone);
  const EntryId next = disk.Append("alice").id;
  EXPECT_EQ(disk.ReadAll("alice", lost.up_to), std::vector<EntryId>{next});
}

TEST(Opening, RefusesAnEmptyLogBesideAHighWater) {
  Disk disk;
  disk.Append("alice");
  disk.Close();
  std::filesystem::remove_all(disk.directory() + "/db");
  EXPECT_FALSE(disk.TryOpen().ok());
}

// A directory with one write-ahead log of `entries` rows, of which each test damages a copy.
struct DamagedLog : Disk {
  explicit DamagedLog(int entries) : Disk(1) {
    for (int i = 0; i < entries; ++i) {
      ids.push_back(Append("alice", std::string(200, 'x')).id);
    }
    Close();
    std::filesystem::rename(directory(), original);
    for (const auto& file : std::filesystem::directory_iterator(original / "db")) {
      if (file.path().extension() == ".log" && file.file_size() > 0) {
        wal = file.path().filename();
        wal_bytes = static_cast<std::streamoff>(file.file_size());
      }
    }
  }
  // A fresh copy with one bit of the log flipped.
  void Flip(std::streamoff at) {
    std::filesystem::remove_all(directory());
    std::filesystem::copy(original, directory(), std::filesystem::copy_options::recursive);
    std::fstream file(directory() + "/db/" + wal.string(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x40));
  }
  const std::filesystem::path original = dir.path() / "original";
  std::filesystem::path wal;
  std::streamoff wal_bytes = 0;
  std::vector<EntryId> ids;
};

// An acknowledged entry is there afterwards, or the store refuses to start: never is it missing in
// silence, wherever the bit lies.
TEST(Opening, NeverDropsAcknowledgedRowsInSilenceWhenABitFlips) {
  DamagedLog disk(40);
  ASSERT_GT(disk.wal_bytes, 10'000);
  int refused = 0;
  for (std::streamoff at = 3; at < disk.wal_bytes; at += disk.wal_bytes / 60) {
    disk.Flip(at);
    if (!disk.TryOpen().ok()) {
      ++refused;
      continue;
    }
    ASSERT_EQ(disk.ReadAll("alice", 0), disk.ids) << "a flip at byte " << at << " lost rows";
    disk.Close();
  }
  EXPECT_GT(refused, 50);
}

// In the middle of the log RocksDB itself must notice: its default would open with what lies
// before.
TEST(Opening, RefusesADamagedLogEvenWithoutItsHighWater) {
  DamagedLog disk(200);
  constexpr std::streamoff kBlock = 32 * 1024;
  ASSERT_GT(disk.wal_bytes, 3 * kBlock);
  for (std::streamoff at = 5; at < 2 * kBlock; at += kBlock / 9) {
    disk.Flip(at);
    std::filesystem::remove(disk.directory() + "/high-water");
    const Status opened = disk.TryOpen();
    if (opened.ok()) {
      ASSERT_EQ(disk.ReadAll("alice", 0), disk.ids) << "a flip at byte " << at << " lost rows";
      disk.Close();
    } else {
      EXPECT_EQ(opened.error().code, Code::kDataLoss) << opened.error().ToString();
    }
  }
}

// Bytes cut off the end of the log look like a crash in the middle of a write. What was
// acknowledged is noted in the high water, so it is noticed all the same.
TEST(Opening, NoticesALogThatWasCutShort) {
  Disk disk(1);
  for (int i = 0; i < 5; ++i) {
    disk.Append("alice");
  }
  disk.Close();
  for (const auto& file : std::filesystem::directory_iterator(disk.directory() + "/db")) {
    if (file.path().extension() == ".log" && file.file_size() > 200) {
      std::filesystem::resize_file(file.path(), file.file_size() - 100);
    }
  }
  const Status opened = disk.TryOpen();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kFailedPrecondition) << opened.error().ToString();
}

}  // namespace
}  // namespace belfry::store
