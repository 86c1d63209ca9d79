// SPDX-License-Identifier: Apache-2.0
// The planted fault that only the real RocksDB can have: its own recovery mode opens a damaged
// write-ahead log with what lies before the damage, and acknowledged rows are gone in silence.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libs/common/planted_fault.h"
#include "services/store/core/sequencer.h"
#include "services/store/rocks/log/rocks_store.h"
#include "tests/support/checker/checker.h"
#include "tests/support/temp_dir.h"

namespace belfry::sim {
namespace {

class NoListener final : public store::CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr>) override {}
};

// A store that was damaged in a power cut: a bit of its write-ahead log has flipped, and the high
// water, which would tell what is missing, is as of a moment ago, as it may be then.
class WalRecovery : public testing::Test {
 protected:
  void TearDown() override { planted_fault = PlantedFault::kNone; }

  Result<std::unique_ptr<store::RocksStore>> Open() {
    return store::RocksStore::Open({.directory = directory(), .partitions = 1}, clock_, {});
  }
  std::string directory() const { return (dir_.path() / "data").string(); }

  std::string high_water() const { return directory() + "/high-water"; }
  std::string older_high_water() const { return (dir_.path() / "high-water").string(); }

  void PublishSome() {
    auto opened = Open();
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    NoListener listener;
    const store::DiskGuard disk(0);
    auto sequencer = std::move(
        *store::Sequencer::Make({}, **opened, listener, disk, clock_, [](const Error&) {}, {}, {}));
    for (int i = 0; i < kPublishes; ++i) {
      if (i == 1) {
        std::filesystem::copy_file(high_water(), older_high_water());
      }
      Publish(*sequencer, "tag-" + std::to_string(i));
    }
  }

  void Publish(store::Sequencer& sequencer, const std::string& tag) {
    test::Publish publish;
    publish.tag = tag;
    publish.project = "acme";
    publish.user_id = "alice";
    publish.asked_us = Micros();
    store::PendingAppend call;
    call.items.push_back({.project = "acme",
                          .user_id = "alice",
                          .idempotency_key = tag,
                          .content_hash = std::string(32, 'h'),
                          .payload = tag});
    call.done = [&publish](Result<store::AppendResults> results) {
      ASSERT_TRUE(results.ok() && (*results)[0].ok());
      publish.ids.push_back((*results)[0]->id);
    };
    sequencer.Append(std::move(call));
    sequencer.Round();
    clock_.Advance(std::chrono::milliseconds(1));
    publish.outcome = test::Publish::Outcome::kAcknowledged;
    publish.answered_us = Micros();
    history_.publishes.push_back(std::move(publish));
  }

  void FlipABit() {
    std::filesystem::copy_file(older_high_water(), high_water(),
                               std::filesystem::copy_options::overwrite_existing);
    for (const auto& file : std::filesystem::directory_iterator(directory() + "/db")) {
      if (file.path().extension() != ".log" || file.file_size() == 0) {
        continue;
      }
      std::fstream wal(file.path(), std::ios::in | std::ios::out | std::ios::binary);
      const auto middle = static_cast<std::streamoff>(file.file_size() / 2);
      wal.seekg(middle);
      const char byte = static_cast<char>(wal.get());
      wal.seekp(middle);
      wal.put(static_cast<char>(byte ^ 0x40));
      ++flipped_;
    }
    ASSERT_GT(flipped_, 0);
  }

  // What the store holds now, judged.
  test::Verdict Judge(store::RocksStore& store) {
    test::StoredLog log;
    EntryId after = 0;
    while (true) {
      const auto page = store.ReadLog({.partition = 0, .after = after});
      EXPECT_TRUE(page.ok());
      for (const EntryPtr& entry : page->entries) {
        after = entry->id;
        log.entries.push_back({.partition = 0,
                               .id = entry->id,
                               .prev = entry->prev,
                               .project = entry->project,
                               .user_id = entry->user_id,
                               .tag = entry->payload.str()});
      }
      if (!page->more) {
        break;
      }
    }
    history_.stored = {std::move(log)};
    return test::Check(history_, {.partitions = 1});
  }

  std::int64_t Micros() const { return clock_.UnixMicros(); }

  static constexpr int kPublishes = 400;
  const test::TempDir dir_;
  ManualClock clock_;
  test::History history_;
  int flipped_ = 0;
};

TEST_F(WalRecovery, IsKeptByAStoreThatRecoversItsOwnWay) {
  ASSERT_NO_FATAL_FAILURE(PublishSome());
  {
    auto opened = Open();
    ASSERT_TRUE(opened.ok());
    const test::Verdict verdict = Judge(**opened);
    EXPECT_TRUE(verdict.ok()) << verdict.ToString();
    EXPECT_EQ(verdict.stored, static_cast<std::size_t>(kPublishes));
  }
}

TEST_F(WalRecovery, IsRefusedByAStoreThatRecoversItsOwnWay) {
  ASSERT_NO_FATAL_FAILURE(PublishSome());
  ASSERT_NO_FATAL_FAILURE(FlipABit());
  const auto opened = Open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kDataLoss) << opened.error().ToString();
}

TEST_F(WalRecovery, IsNoticedWhenRocksDbRecoversAsItDoesByDefault) {
  planted_fault = PlantedFault::kDefaultWalRecovery;
  ASSERT_NO_FATAL_FAILURE(PublishSome());
  ASSERT_NO_FATAL_FAILURE(FlipABit());
  auto opened = Open();
  ASSERT_TRUE(opened.ok()) << opened.error().ToString();
  const test::Verdict verdict = Judge(**opened);
  EXPECT_TRUE(verdict.Has(test::Clause::kDurable)) << verdict.ToString();
  EXPECT_EQ(verdict.Count(test::Clause::kDurable), verdict.violations.size()) << verdict.ToString();
}

}  // namespace
}  // namespace belfry::sim
