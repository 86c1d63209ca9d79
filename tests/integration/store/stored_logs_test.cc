// SPDX-License-Identifier: Apache-2.0
// What the tests' checker reads back from a running store.
#include "tests/support/cluster/stored_logs.h"

#include <gmock/gmock.h>

#include <ctime>
#include <filesystem>

#include "belfry/v1/notification.pb.h"
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

using std::chrono::seconds;
using test::Stored;
using test::StoredLog;
using testing::ElementsAre;
using testing::Pair;

class StoredLogsTest : public StoreRig, public testing::Test {
 protected:
  StoredLogsTest() { config.partitions = 2; }

  // Stores a notification with that title; its id.
  std::uint64_t Tell(const std::string& user, const std::string& title,
                     std::int64_t expires_us = 0) {
    v1::Notification notification;
    notification.set_title(title);
    v1::AppendItem item = Item(user, title, notification.SerializeAsString());
    item.set_expires_us(expires_us);
    return Store(item);
  }
  std::vector<StoredLog> Logs(seconds patience = seconds(30)) {
    auto logs = test::ReadStoredLogs({"127.0.0.1", static_cast<std::uint16_t>(app->ports().grpc)},
                                     patience);
    EXPECT_TRUE(logs.ok()) << logs.error().ToString();
    return logs.ok() ? *logs : std::vector<StoredLog>(2);
  }
  std::filesystem::path Db() const { return std::filesystem::path(config.data) / "db"; }
  std::filesystem::path Copy() const { return dir.path() / "copy"; }
  // Puts the copy back that was made before what is lost now.
  void Lose() {
    std::filesystem::remove_all(Db());
    std::filesystem::rename(Copy(), Db());
    config.accept_loss = true;
  }
  void MakeCopy() {
    Stop();
    std::filesystem::copy(Db(), Copy(), std::filesystem::copy_options::recursive);
    Start();
  }
};

TEST_F(StoredLogsTest, AreWhatWasStored) {
  Start();
  const std::int64_t now_us = std::time(nullptr) * 1'000'000LL;
  const std::uint64_t first = Tell("alice", "first");
  const std::uint64_t all = Tell("", "for all");
  const std::uint64_t last = Tell("alice", "last", now_us + 3'600'000'000);
  const std::vector<StoredLog> logs = Logs();
  ASSERT_EQ(logs.size(), 2u);
  const Partition home = PartitionOf("acme", "alice", 2);
  ASSERT_EQ(logs[home].entries.size(), 3u);
  const Stored& broadcast = logs[home].entries[1];
  EXPECT_EQ(logs[home].entries[0].id, first);
  EXPECT_EQ(logs[home].entries[0].prev, 0u);
  EXPECT_EQ(logs[home].entries[0].tag, "first");
  EXPECT_EQ(logs[home].entries[0].user_id, "alice");
  EXPECT_EQ(broadcast.id, all);
  EXPECT_EQ(broadcast.broadcast_id, all);
  EXPECT_EQ(broadcast.prev, first);
  EXPECT_EQ(broadcast.user_id, "");
  EXPECT_EQ(broadcast.project, "acme");
  EXPECT_EQ(logs[home].entries[2].id, last);
  // On our own time line.
  EXPECT_NEAR(static_cast<double>(logs[home].entries[2].expires_us - test::SteadyMicros()), 3.6e9,
              60e6);
  ASSERT_EQ(logs[1 - home].entries.size(), 1u);
  EXPECT_EQ(logs[1 - home].entries[0].tag, "for all");
  for (const StoredLog& log : logs) {
    EXPECT_EQ(log.floor, 0u);
    EXPECT_TRUE(log.lost.empty());
    EXPECT_GT(log.read_us, 0);
  }
}

TEST_F(StoredLogsTest, SayWhatWasLostBeforeBetweenAndAfterWhatIsThere) {
  Start();
  const Partition home = PartitionOf("acme", "alice", 2);
  const std::uint64_t kept = Tell("alice", "kept");
  MakeCopy();
  const std::uint64_t lost = Tell("alice", "lost");
  Kill();
  Lose();
  Start();
  std::vector<StoredLog> logs = Logs();
  ASSERT_EQ(logs[home].entries.size(), 1u);
  ASSERT_EQ(logs[home].lost.size(), 1u);
  EXPECT_EQ(logs[home].lost[0].first, kept);
  EXPECT_GT(logs[home].lost[0].second, lost);
  EXPECT_TRUE(logs[1 - home].lost.empty());

  const auto between = logs[home].lost[0];
  const std::uint64_t after = Tell("alice", "after");
  MakeCopy();
  Tell("alice", "lost too");
  Kill();
  Lose();
  Start();
  logs = Logs();
  ASSERT_EQ(logs[home].entries.size(), 2u);
  EXPECT_EQ(logs[home].entries[1].prev, between.second);
  EXPECT_THAT(logs[home].lost, ElementsAre(between, Pair(after, testing::Gt(after))));
}

TEST_F(StoredLogsTest, BeginAtTheFloor) {
  config.retention = std::chrono::milliseconds(1);
  Start();
  const Partition home = PartitionOf("acme", "alice", 2);
  const std::uint64_t id = Tell("alice", "soon gone");
  ASSERT_TRUE(
      test::WaitUntil([&] { return GetHeads().heads(static_cast<int>(home)).floor() == id; }));
  const std::vector<StoredLog> logs = Logs();
  EXPECT_EQ(logs[home].floor, id);
  EXPECT_TRUE(logs[home].entries.empty());
  EXPECT_TRUE(logs[home].lost.empty());
}

TEST_F(StoredLogsTest, AreNotHadFromAStoreThatIsNotThere) {
  const auto logs = test::ReadStoredLogs({"127.0.0.1", 1}, seconds(0));
  ASSERT_FALSE(logs.ok());
  EXPECT_EQ(logs.error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace belfry::store
