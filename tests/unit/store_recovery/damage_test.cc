// SPDX-License-Identifier: Apache-2.0
// Each way in which a data directory can be damaged has one outcome: the store says so and does not
// start, and told to accept the loss it starts with what is left and tells every cursor that may
// have missed something.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "services/store/rocks/check/check.h"
#include "tests/support/wait.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

constexpr int kUsers = 12;

// A store that died at work: some of it in tables, the newest in the log, as it is most of the
// time.
struct Damage : testing::Test, Disk {
  void SetUp() override {
    std::vector<EntryId> ids;
    const std::filesystem::path first_log = DbFiles(directory(), ".log").front();
    for (int round = 0; round < 60; ++round) {
      const auto more = AppendMany(20, kUsers, 1'500);
      ids.insert(ids.end(), more.begin(), more.end());
      if (round % 20 == 0) {
        ids.push_back(Broadcast().id);
      }
    }
    acknowledged.insert(ids.begin(), ids.end());
    // Tables are written beside the commits, whenever they are. They are whole and in use once the
    // log that they replace is gone; a store that is closed before gives them up.
    ASSERT_TRUE(test::WaitUntil([&first_log] { return !std::filesystem::exists(first_log); }));
    Close();
    ASSERT_FALSE(DbFiles(directory(), ".sst").empty());
    ASSERT_FALSE(DbFiles(directory(), ".log").empty());
  }

  void ExpectRefused(const std::string& advice) {
    for (int attempt = 0; attempt < 2; ++attempt) {
      const Status opened = TryOpen();
      ASSERT_FALSE(opened.ok());
      EXPECT_NE(opened.error().message.find(advice), std::string::npos) << opened.error().message;
      EXPECT_NE(opened.error().message.find("restore a backup"), std::string::npos)
          << opened.error().message;
    }
  }

  // Everything that is left, over all users, which must be as each user's feed began.
  std::set<EntryId> Left() {
    std::set<EntryId> left;
    for (int user = 0; user < kUsers; ++user) {
      EntryId after = 0;
      while (true) {
        const FeedPage page = Read("user" + std::to_string(user), after);
        if (page.fault != CursorFault::kNone || (page.entries.empty() && !page.more)) {
          break;
        }
        for (const Entry& entry : page.entries) {
          EXPECT_TRUE(acknowledged.contains(entry.id));
          left.insert(entry.id);
        }
        after = page.up_to;
      }
    }
    return left;
  }

  // Whoever was told something that is gone, or may have missed something, hears of it; ids go on
  // above all that were ever given out; and what is left is whole.
  void ExpectLossRecorded() {
    const std::set<EntryId> left = Left();
    std::vector<EntryId> gone;
    std::set_difference(acknowledged.begin(), acknowledged.end(), left.begin(), left.end(),
                        std::back_inserter(gone));
    for (const EntryId id : gone) {
      for (int user = 0; user < kUsers; ++user) {
        ASSERT_EQ(Read("user" + std::to_string(user), id).fault, CursorFault::kHistoryLost) << id;
      }
    }
    clock.SetUnixMicros(1'000);
    for (int user = 0; user < kUsers; ++user) {
      const std::string name = "user" + std::to_string(user);
      const EntryId last = store->Heads()[partition(name)].last_id;
      const EntryId next = Append(name).id;
      EXPECT_GT(next, *acknowledged.rbegin());
      EXPECT_GT(next, last);
      EXPECT_EQ(ReadAll(name, last), std::vector<EntryId>{next});
    }
    Close();
    const auto report = CheckDirectory({.directory = directory()}, {});
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    for (const CheckFault& fault : report->faults) {
      ADD_FAILURE() << fault.key << ": " << fault.what;
    }
    Open();  // and without being told again
  }

  std::set<EntryId> acknowledged;
};

TEST_F(Damage, AFlippedBitInTheMiddleOfTheLog) {
  const auto wal = DbFiles(directory(), ".log").back();
  FlipBit(wal, std::filesystem::file_size(wal) / 2);
  ExpectRefused("--store-accept-loss");
  Open(true);
  EXPECT_LT(Left().size(), acknowledged.size());
  EXPECT_GT(Left().size(), 0u);
  ExpectLossRecorded();
}

// Nobody knows how far the log went: everything up to the clock may be lost.
TEST_F(Damage, AFlippedBitInTheMiddleOfTheLogAndNoHighWater) {
  const auto wal = DbFiles(directory(), ".log").back();
  FlipBit(wal, std::filesystem::file_size(wal) / 2);
  std::filesystem::remove(directory() + "/high-water");
  ExpectRefused("--store-accept-loss");
  Open(true);
  ExpectLossRecorded();
}

TEST_F(Damage, ALogCutShort) {
  const auto wal = DbFiles(directory(), ".log").back();
  std::filesystem::resize_file(wal, std::filesystem::file_size(wal) / 2);
  ExpectRefused("--store-accept-loss");
  Open(true);
  EXPECT_LT(Left().size(), acknowledged.size());
  ExpectLossRecorded();
}

TEST_F(Damage, ADeletedLog) {
  for (const auto& wal : DbFiles(directory(), ".log")) {
    std::filesystem::remove(wal);
  }
  ExpectRefused("--store-accept-loss");
  Open(true);
  EXPECT_LT(Left().size(), acknowledged.size());
  ExpectLossRecorded();
}

// Nothing need be lost, and nobody can tell: that is said, not passed over.
TEST_F(Damage, ADeletedHighWater) {
  const std::string file = directory() + "/high-water";
  std::filesystem::rename(file, dir.path() / "kept");
  ExpectRefused("high-water is missing");
  std::filesystem::remove(file);
  std::filesystem::copy(dir.path() / "kept", file);
  Open();
  EXPECT_EQ(Left(), acknowledged);
  Close();
  std::filesystem::remove(file);
  ExpectRefused("--store-accept-loss");
  Open(true);
  EXPECT_EQ(Left(), acknowledged);
  for (int user = 0; user < kUsers; ++user) {
    const std::string name = "user" + std::to_string(user);
    EXPECT_EQ(Read(name, *acknowledged.rbegin()).fault, CursorFault::kHistoryLost)
        << "something may have come behind it";
  }
  ExpectLossRecorded();
}

TEST_F(Damage, AHighWaterOfWhichEverySlotIsDamaged) {
  const std::filesystem::path file = directory() + "/high-water";
  for (std::uint64_t slot = 0; slot < 4; ++slot) {
    FlipBit(file, slot * 16 * 1024 + 40);
  }
  ExpectRefused("every slot is damaged");
  Open(true);
  EXPECT_EQ(Left(), acknowledged);
  ExpectLossRecorded();
}

// A table is not the log's tail: what it held cannot be told from what is left. Every read of it
// fails and says so, the check names the file, and no loss can be accepted.
TEST_F(Damage, AFlippedBitInATable) {
  const std::filesystem::path original = dir.path() / "original";
  std::filesystem::rename(directory(), original);
  int refused = 0;
  int unreadable = 0;
  for (const auto& table : DbFiles(original.string(), ".sst")) {
    for (const std::uint64_t part : {1, 2, 3}) {
      std::filesystem::remove_all(directory());
      std::filesystem::copy(original, directory(), std::filesystem::copy_options::recursive);
      const std::filesystem::path copy = directory() + "/db/" + table.filename().string();
      FlipBit(copy, std::filesystem::file_size(copy) * part / 4);
      const auto report = CheckDirectory({.directory = directory()}, {});
      ASSERT_TRUE(report.ok()) << report.error().ToString();
      EXPECT_FALSE(report->clean()) << copy << " part " << part;
      ASSERT_FALSE(report->faults.empty());
      EXPECT_EQ(report->faults[0].kind, CheckKind::kTables);
      const std::string told = report->faults[0].key + ": " + report->faults[0].what;
      EXPECT_NE(told.find(table.filename().string()), std::string::npos) << told;
      if (!TryOpen(true).ok()) {
        ++refused;
        continue;
      }
      for (int user = 0; user < kUsers; ++user) {
        std::vector<EntryId> read;
        EntryId after = 0;
        auto page = store->ReadFeed({"acme", "user" + std::to_string(user), after, 0, 0, false});
        while (page.ok() && page->more) {
          after = page->up_to;
          page = store->ReadFeed({"acme", "user" + std::to_string(user), after, 0, 0, false});
        }
        if (!page.ok()) {
          EXPECT_EQ(page.error().code, Code::kDataLoss) << page.error().ToString();
          ++unreadable;
        }
      }
      Close();
    }
  }
  EXPECT_GT(refused + unreadable, 0);
}

}  // namespace
}  // namespace belfry::store
