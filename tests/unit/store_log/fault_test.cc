// SPDX-License-Identifier: Apache-2.0
// What happens to acknowledged entries when the disk fails or the power goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "services/store/core/sequencer.h"
#include "services/store/rocks/backups/backups.h"
#include "services/store/rocks/log/rocks_store.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store_log/fault_fs.h"

namespace belfry::store {
namespace {

class NoListener final : public CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr>) override {}
};

struct FaultTest : testing::Test {
  void SetUp() override { Open(); }
  void Open() {
    sequencer.reset();
    store.reset();
    failures = 0;
    auto opened = RocksStore::Open({.directory = (dir.path() / "data").string(),
                                    .partitions = 2,
                                    .block_cache_bytes = 1u << 20,
                                    .write_buffer_bytes = 1u << 20,
                                    .env = env.get()},
                                   clock, {});
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    store = std::move(*opened);
    sequencer = std::move(*Sequencer::Make({}, *store, listener, guard, clock,
                                           [this](const Error&) { ++failures; }, {}, {}));
  }
  Result<Appended> Append(const std::string& key) {
    PendingAppend call;
    AppendItem item;
    item.project = "acme";
    item.user_id = "alice";
    item.idempotency_key = key;
    item.content_hash = std::string(32, 'h');
    item.payload = std::string(500, 'x');
    call.items.push_back(std::move(item));
    Result<Appended> answer;
    call.done = [&answer](Result<AppendResults> results) {
      if (results.ok()) {
        answer = std::move((*results)[0]);
      } else {
        answer = Fail(std::move(results.error()));
      }
    };
    sequencer->Append(std::move(call));
    sequencer->Round();
    clock.Advance(std::chrono::milliseconds(1));
    return answer;
  }
  // Every entry of the feed, and that the count says as many.
  std::vector<EntryId> ReadAll() {
    std::vector<EntryId> ids;
    EntryId after = 0;
    while (true) {
      const auto page = store->ReadFeed({"acme", "alice", after, 0, 0, false});
      EXPECT_TRUE(page.ok());
      for (const Entry& entry : page->entries) {
        ids.push_back(entry.id);
      }
      if (!page->more) {
        EXPECT_EQ(page->counts.unread, ids.size());
        return ids;
      }
      after = page->up_to;
    }
  }

  test::TempDir dir;
  ManualClock clock;
  DiskGuard guard{0};
  NoListener listener;
  const std::shared_ptr<FaultFs> fs = std::make_shared<FaultFs>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(fs);
  int failures = 0;
  std::unique_ptr<RocksStore> store;
  std::unique_ptr<Sequencer> sequencer;
};

TEST_F(FaultTest, APowerCutTakesNothingThatWasAcknowledged) {
  std::vector<EntryId> acknowledged;
  for (int cut = 0; cut < 3; ++cut) {
    for (int i = 0; i < 700; ++i) {  // more than a write buffer holds, so that flushes happen too
      const auto appended = Append(std::to_string(cut) + "/" + std::to_string(i));
      ASSERT_TRUE(appended.ok());
      acknowledged.push_back(appended->id);
    }
    sequencer.reset();
    store.reset();
    fs->LoseUnsynced();
    ASSERT_NO_FATAL_FAILURE(Open());
    ASSERT_EQ(ReadAll(), acknowledged);
  }
}

TEST_F(FaultTest, AFailedSyncIsUnknownAndStopsEverything) {
  ASSERT_TRUE(Append("before").ok());
  fs->syncs_fail = true;
  const auto unknown = Append("during");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kUnavailable);
  EXPECT_EQ(failures, 1);
  EXPECT_EQ(ReadAll().size(), 1u) << "readers must not see what may not be durable";
  fs->syncs_fail = false;
  EXPECT_FALSE(Append("after").ok()) << "the disk works again, but nobody knows what is on it";

  // Whether it was written or not: after recovery, the retry stores it exactly once.
  ASSERT_NO_FATAL_FAILURE(Open());
  EXPECT_TRUE(Append("before")->duplicate);
  ASSERT_TRUE(Append("during").ok());
  EXPECT_TRUE(Append("during")->duplicate);
  EXPECT_EQ(ReadAll().size(), 2u);
}

TEST_F(FaultTest, AFullDiskIsUnknownAndRecoversWithNothingLost) {
  ASSERT_TRUE(Append("before").ok());
  fs->appends_fail = true;
  EXPECT_EQ(Append("during").error().code, Code::kUnavailable);
  EXPECT_EQ(failures, 1);
  fs->appends_fail = false;
  ASSERT_NO_FATAL_FAILURE(Open());
  EXPECT_TRUE(Append("before")->duplicate);
  ASSERT_TRUE(Append("during").ok());
  EXPECT_EQ(ReadAll().size(), 2u);
}

TEST_F(FaultTest, AProbeFindsAFailingDisk) {
  EXPECT_TRUE(sequencer->Probe().ok());
  fs->syncs_fail = true;
  EXPECT_FALSE(sequencer->Probe().ok());
  EXPECT_TRUE(sequencer->failed());
}

TEST_F(FaultTest, AFullDiskAtTheBackupsHarmsNeitherCommitsNorOlderBackups) {
  const std::string backups = (dir.path() / "backups").string();
  const auto append_many = [this](const std::string& prefix) {
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(Append(prefix + std::to_string(i)).ok());
    }
  };
  append_many("before");
  ASSERT_TRUE(store->Backup({.directory = backups}).ok());
  append_many("after");
  for (const std::int64_t room : {0, 100, 2'000}) {
    fs->Limit(backups, room);
    const auto refused = store->Backup({.directory = backups});
    ASSERT_FALSE(refused.ok()) << room;
    EXPECT_EQ(refused.error().code, Code::kUnavailable);
    EXPECT_THAT(refused.error().message, testing::HasSubstr(backups));
    EXPECT_THAT(refused.error().message, testing::HasSubstr("No space left"));
    ASSERT_TRUE(Append("beside" + std::to_string(room)).ok());
  }
  EXPECT_EQ(failures, 0);
  fs->Limit("", 0);
  {
    const auto left = Backups::Open(backups, {});
    ASSERT_TRUE(left.ok());
    ASSERT_EQ((*left)->List().size(), 1u);
    EXPECT_TRUE((*left)->Verify(1).ok());
  }
  const auto made = store->Backup({.directory = backups});
  ASSERT_TRUE(made.ok()) << made.error().ToString();
  const auto whole = Backups::Open(backups, {});
  ASSERT_TRUE(whole.ok());
  EXPECT_TRUE((*whole)->Verify(made->id).ok());
}

}  // namespace
}  // namespace belfry::store
