// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/high_water.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace belfry::store {
namespace {

struct HighWaterTest : testing::Test {
  std::unique_ptr<HighWaterFile> Open() { return std::move(*HighWaterFile::Open(path)); }
  std::optional<HighWater> Reload() { return *Open()->Load(); }
  void Damage(std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x10));
  }

  test::TempDir dir;
  std::string path = (dir.path() / "high-water").string();
};

constexpr std::streamoff kSlot = 16 * 1024;

TEST_F(HighWaterTest, SaysNothingWhenNew) { EXPECT_FALSE(Reload().has_value()); }

TEST_F(HighWaterTest, RemembersWhatWasWrittenLast) {
  const auto file = Open();
  for (EntryId id = 1; id <= 9; ++id) {
    ASSERT_TRUE(file->Write({{id, id * 2}, false}).ok());
    if (id % 3 == 0) {
      ASSERT_TRUE(file->Sync().ok());
    }
    EXPECT_EQ(Reload(), (HighWater{{id, id * 2}, false}));
  }
  ASSERT_TRUE(file->Write({{10, 20}, true}).ok());
  EXPECT_EQ(Reload(), (HighWater{{10, 20}, true}));
}

TEST_F(HighWaterTest, GoesOnAfterItWasOpenedAgain) {
  ASSERT_TRUE(Open()->Write({{1}, false}).ok());
  for (EntryId id = 2; id < 6; ++id) {
    const auto file = Open();
    ASSERT_TRUE(file->Load().ok());
    ASSERT_TRUE(file->Write({{id}, false}).ok());
    EXPECT_EQ(Reload()->last_ids, std::vector<EntryId>{id});
  }
}

TEST_F(HighWaterTest, FallsBackToTheSlotsThatWereNotTorn) {
  const auto file = Open();
  ASSERT_TRUE(file->Write({{1}, false}).ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(file->Write({{2}, false}).ok());
  ASSERT_TRUE(file->Write({{3}, false}).ok());
  // A power cut tears both slots that were not synced; the synced one stands.
  Damage(35);
  Damage(kSlot + 35);
  EXPECT_EQ(Reload()->last_ids, std::vector<EntryId>{1});
}

TEST_F(HighWaterTest, SaysSoWhenEverySlotIsDamaged) {
  const auto file = Open();
  for (EntryId id = 1; id <= 2; ++id) {
    ASSERT_TRUE(file->Write({{id}, false}).ok());
    ASSERT_TRUE(file->Sync().ok());
  }
  for (std::streamoff slot = 0; slot < 4; ++slot) {
    Damage(slot * kSlot + 33);
  }
  const auto loaded = Open()->Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, Code::kDataLoss);
}

TEST_F(HighWaterTest, HoldsEveryPartition) {
  const HighWater large{std::vector<EntryId>(kPartitionsMax, kEntryIdMax), false};
  ASSERT_TRUE(Open()->Write(large).ok());
  EXPECT_EQ(Reload(), large);
}

TEST_F(HighWaterTest, FailsWhereItCannotBe) {
  EXPECT_FALSE(HighWaterFile::Open((dir.path() / "absent" / "high-water").string()).ok());
}

}  // namespace
}  // namespace belfry::store
