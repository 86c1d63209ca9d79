// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

struct LifeTest : testing::Test, StoreRig {
  void SetUp() override { Start(); }
};

TEST_F(LifeTest, RemembersWhatItAcknowledgedHoweverItEnded) {
  std::vector<std::uint64_t> ids;
  std::string history;
  for (int life = 0; life < 4; ++life) {
    for (int i = 0; i < 5; ++i) {
      ids.push_back(Store(Item("alice", std::to_string(ids.size()))));
    }
    const std::string now = GetHeads().history_id();
    EXPECT_TRUE(history.empty() || history == now);
    history = now;
    life % 2 == 0 ? Kill() : Stop();
    Start();
    const v1::FeedPage page = ReadFeed("alice", 0);
    ASSERT_EQ(page.entries_size(), static_cast<int>(ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(page.entries(static_cast<int>(i)).id(), ids[i]);
    }
    EXPECT_EQ(page.counts().unread_count(), ids.size());
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  }
}

TEST_F(LifeTest, AnswersARetryAcrossARestartWithTheFirstResult) {
  const v1::AppendResult first = Append(Item("alice", "once"));
  const v1::AppendResult broadcast = Append(Item("", "all"));
  Kill();
  Start();
  const v1::AppendResult again = Append(Item("alice", "once"));
  EXPECT_TRUE(again.ok().duplicate());
  EXPECT_EQ(again.ok().id(), first.ok().id());
  EXPECT_EQ(again.ok().created_us(), first.ok().created_us());
  EXPECT_EQ(Append(Item("", "all")).ok().id(), broadcast.ok().id());
  EXPECT_EQ(Append(Item("alice", "once", "Other")).error().code(),
            static_cast<int>(Code::kFailedPrecondition));
  EXPECT_EQ(ReadFeed("alice", 0).entries_size(), 2);
}

TEST_F(LifeTest, RefusesASecondStoreOnItsDirectory) {
  Config second = config;
  const auto started = App::Start(second, {});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("this process holds"), std::string::npos)
      << started.error().ToString();
  Store(Item("alice", "k"));
}

TEST_F(LifeTest, RefusesASecondStoreOnItsPort) {
  Config second = config;
  second.data = (dir.path() / "other").string();
  second.grpc = "127.0.0.1:" + std::to_string(app->ports().grpc);
  const auto started = App::Start(second, {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Code::kUnavailable) << started.error().ToString();
  Store(Item("alice", "k"));
}

TEST_F(LifeTest, SaysThatItIsReadyOnlyOnceItsPortIsOpen) {
  Config second = config;
  second.data = (dir.path() / "other").string();
  second.grpc = "127.0.0.1:" + std::to_string(app->ports().grpc);
  second.admin = "127.0.0.1:" + std::to_string(app->ports().admin);
  const auto started = App::Start(second, {});
  ASSERT_FALSE(started.ok());
  EXPECT_TRUE(started.error().message.starts_with("store_grpc")) << started.error().ToString();
}

TEST_F(LifeTest, RefusesAnotherPartitionCount) {
  Stop();
  config.partitions = 8;
  const auto started = App::Start(config, {});
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("made with 16 partitions"), std::string::npos);
}

TEST_F(LifeTest, RefusesALogWhoseTailVanishedUntilTheLossIsAccepted) {
  const std::uint64_t kept = Store(Item("alice", "k1"));
  const std::string history = GetHeads().history_id();
  Stop();
  const auto db = std::filesystem::path(config.data) / "db";
  std::filesystem::copy(db, dir.path() / "backup", std::filesystem::copy_options::recursive);
  Start();
  const std::uint64_t lost = Store(Item("alice", "k2"));
  Kill();
  std::filesystem::remove_all(db);
  std::filesystem::rename(dir.path() / "backup", db);
  const auto refused = App::Start(config, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("--store-accept-loss"), std::string::npos);

  config.accept_loss = true;
  Start();
  EXPECT_EQ(ReadFeed("alice", lost).fault(), v1::CURSOR_FAULT_HISTORY_LOST);
  EXPECT_EQ(ReadFeed("alice", kept).fault(), v1::CURSOR_FAULT_HISTORY_LOST);
  EXPECT_GT(Store(Item("alice", "k3")), lost);
  const std::string after = GetHeads().history_id();
  EXPECT_NE(after, history) << "edges go by the store, and by nothing announced before";
  Stop();
  config.accept_loss = false;
  Start();
  EXPECT_EQ(GetHeads().history_id(), after);
}

}  // namespace
}  // namespace belfry::store
