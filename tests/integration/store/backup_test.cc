// SPDX-License-Identifier: Apache-2.0
// Backups of a store while it serves, and what a restored one knows and tells.
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "libs/common/file.h"
#include "tests/integration/store/command_call.h"
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;

constexpr int kUsers = 5;

struct BackupTest : testing::Test, StoreRig {
  void SetUp() override { Start(); }

  std::string backups() const { return (dir.path() / "backups").string(); }
  std::vector<std::string> BackupWords() const {
    return {"backup", "--to", backups(), "--data", config.data};
  }
  void ExpectBackup(const std::vector<std::string>& more = {}) {
    auto words = BackupWords();
    words.insert(words.end(), more.begin(), more.end());
    const Called called = Call(words);
    ASSERT_EQ(called.exit, kDone) << called.err;
    EXPECT_THAT(called.out, HasSubstr("verified"));
  }
  Called Restore(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"restore", "--from", backups(), "--data", config.data};
    words.insert(words.end(), more.begin(), more.end());
    return Call(words);
  }
  void ExpectRestored(const std::vector<std::string>& more = {}) {
    const Called called = Restore(more);
    ASSERT_EQ(called.exit, kDone) << called.err;
    const Called checked = Call({"check", "--data", config.data});
    EXPECT_EQ(checked.exit, kDone) << checked.out << checked.err;
  }
  static std::string User(int number) { return "user" + std::to_string(number % kUsers); }
  std::vector<std::uint64_t> IdsOf(const std::string& user) { return IdsOf(*this, user); }
  static std::vector<std::uint64_t> IdsOf(StoreRig& rig, const std::string& user) {
    std::vector<std::uint64_t> ids;
    std::uint64_t after = 0;
    while (true) {
      const v1::FeedPage page = rig.ReadFeed(user, after);
      // At the loss a feed ends for whoever comes from before it.
      if (page.fault() == v1::CURSOR_FAULT_HISTORY_LOST) {
        return ids;
      }
      EXPECT_EQ(page.fault(), v1::CURSOR_FAULT_UNSPECIFIED);
      for (const v1::LogEntry& entry : page.entries()) {
        ids.push_back(entry.id());
      }
      if (!page.more()) {
        return ids;
      }
      after = page.up_to();
    }
  }
};

// A writer beside the test, which keeps books.
class Writer {
 public:
  explicit Writer(StoreRig& rig) : rig_(rig), thread_([this] { Run(); }) {}
  ~Writer() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  // What was acknowledged so far: id, user.
  std::vector<std::pair<std::uint64_t, std::string>> acknowledged() {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }

 private:
  void Run() {
    for (int i = 0; !stopping_; ++i) {
      const std::string user = i % 50 == 49 ? "" : "user" + std::to_string(i % kUsers);
      const auto result = rig_.Append(Item(user, "w" + std::to_string(i), std::string(1'000, 'x')));
      if (result.has_ok()) {
        const std::lock_guard lock(mutex_);
        acknowledged_.emplace_back(result.ok().id(), user);
      }
    }
  }
  StoreRig& rig_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<std::pair<std::uint64_t, std::string>> acknowledged_;  // guarded by mutex_
  std::thread thread_;
};

TEST_F(BackupTest, OfAStoreAtWorkHoldsAllThatItAcknowledgedBefore) {
  Writer writer(*this);
  for (int i = 1; i <= 3; ++i) {
    const std::size_t goal = writer.acknowledged().size() + 40;
    ASSERT_TRUE(test::WaitUntil([&] { return writer.acknowledged().size() >= goal; }));
    const auto before = writer.acknowledged();
    ASSERT_NO_FATAL_FAILURE(ExpectBackup());
    StoreRig restored;
    const Called called = Call({"restore", "--from", backups(), "--data", restored.config.data});
    ASSERT_EQ(called.exit, kDone) << called.err;
    restored.Start();
    std::map<std::string, std::vector<std::uint64_t>> feeds;
    for (int user = 0; user < kUsers; ++user) {
      feeds[User(user)] = IdsOf(restored, User(user));
    }
    for (const auto& [id, user] : before) {
      for (const auto& [whose, ids] : feeds) {
        const bool has = std::find(ids.begin(), ids.end(), id) != ids.end();
        ASSERT_EQ(has, user.empty() || user == whose) << id << " of " << user << " in " << whose;
      }
    }
    restored.Kill();
  }
  writer.Stop();
  const Called list = Call({"backup", "list", "--from", backups(), "--json"});
  EXPECT_EQ(list.exit, kDone);
  EXPECT_THAT(list.out, HasSubstr("\"id\":3,"));
  EXPECT_THAT(list.out, HasSubstr(GetHeads().history_id()));
}

TEST_F(BackupTest, OfAStoppedStoreIsMadeByTheCommandItself) {
  const std::uint64_t id = Store(Item("alice", "k1"));
  Kill();  // what is left for recovery is in the backup too
  ASSERT_NO_FATAL_FAILURE(ExpectBackup());
  std::filesystem::remove_all(config.data);
  ASSERT_NO_FATAL_FAILURE(ExpectRestored());
  Start();
  EXPECT_EQ(IdsOf("alice"), std::vector<std::uint64_t>{id});
}

TEST_F(BackupTest, OfNothingIsNotMade) {
  Stop();
  const Called called =
      Call({"backup", "--to", backups(), "--data", (dir.path() / "none").string()});
  EXPECT_EQ(called.exit, kFailed);
  EXPECT_THAT(called.err, HasSubstr("there is no store's data"));
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "none"));
  EXPECT_EQ(Call({"backup"}).exit, kUsage);
  auto too_slow = BackupWords();
  too_slow.insert(too_slow.end(), {"--rate", "1KiB"});
  EXPECT_EQ(Call(too_slow).exit, kUsage);
}

TEST_F(BackupTest, KeepsAsManyAsItIsGiven) {
  for (int i = 0; i < 4; ++i) {
    Store(Item("alice", std::to_string(i)));
    ASSERT_NO_FATAL_FAILURE(ExpectBackup({"--keep", "2"}));
  }
  const Called list = Call({"backup", "list", "--from", backups()});
  EXPECT_THAT(list.out, testing::Not(HasSubstr("backup 2:")));
  EXPECT_THAT(list.out, HasSubstr("backup 3:"));
  EXPECT_THAT(list.out, HasSubstr("backup 4:"));
  const Called verified = Call({"backup", "verify", "--from", backups(), "--backup=3", "--json"});
  EXPECT_EQ(verified.exit, kDone);
  EXPECT_THAT(verified.out, HasSubstr("\"verified\":true"));
  EXPECT_EQ(Call({"backup", "delete", "--from", backups(), "--backup", "3"}).exit, kDone);
  EXPECT_EQ(Call({"backup", "verify", "--from", backups(), "--backup", "3"}).exit, kFailed);
}

TEST_F(BackupTest, ThatIsDamagedIsNotRestored) {
  Store(Item("alice", "k1"));
  ASSERT_NO_FATAL_FAILURE(ExpectBackup());
  Stop();
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(backups() + "/shared_checksum")) {
    std::string bytes = *ReadFile(file.path().string());
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    std::ofstream(file.path(), std::ios::binary | std::ios::trunc) << bytes;
    break;
  }
  EXPECT_EQ(Call({"backup", "verify", "--from", backups()}).exit, kFailed);
  const Called called = Restore({"--replace"});
  EXPECT_EQ(called.exit, kFailed);
  EXPECT_THAT(called.err, HasSubstr("verify backup 1"));
  Start();
  EXPECT_EQ(IdsOf("alice").size(), 1u) << "what was there is as it was";
}

TEST_F(BackupTest, IsNotRestoredOverDataWithoutReplace) {
  const std::uint64_t kept = Store(Item("alice", "k1"));
  ASSERT_NO_FATAL_FAILURE(ExpectBackup());
  const Called running = Restore({"--replace"});
  EXPECT_EQ(running.exit, kFailed);
  EXPECT_THAT(running.err, HasSubstr("holds this data directory"));
  Stop();
  const Called called = Restore();
  EXPECT_EQ(called.exit, kFailed);
  EXPECT_THAT(called.err, HasSubstr("--replace"));
  ASSERT_NO_FATAL_FAILURE(ExpectRestored({"--replace"}));
  Start();
  EXPECT_EQ(IdsOf("alice"), std::vector<std::uint64_t>{kept});
  Stop();
  bool old_kept = false;
  for (const auto& file : std::filesystem::directory_iterator(config.data)) {
    old_kept = old_kept || file.path().filename().string().starts_with("db.replaced-");
  }
  EXPECT_TRUE(old_kept) << "moved aside, not deleted";
}

// After the backup came more: who was told of it, or may have been, hears that it is lost; its ids
// are not given out again; what the backup knows is remembered.
TEST_F(BackupTest, RestoredResetsCursorsThatMayHaveReceivedMore) {
  const std::uint64_t kept = Store(Item("alice", "k1"));
  Store(Item("", "b1"));
  const std::uint64_t last_kept = IdsOf("alice").back();
  const std::string history = GetHeads().history_id();
  ASSERT_NO_FATAL_FAILURE(ExpectBackup());
  const std::uint64_t first_lost = Store(Item("alice", "k2"));
  const std::uint64_t last_lost = Store(Item("alice", "k3"));
  Kill();
  ASSERT_NO_FATAL_FAILURE(ExpectRestored({"--replace"}));
  for (int life = 0; life < 2; ++life) {
    Start();
    EXPECT_NE(GetHeads().history_id(), history);
    for (const std::uint64_t cursor : {last_kept, first_lost, last_lost}) {
      const v1::FeedPage page = ReadFeed("alice", cursor);
      EXPECT_EQ(page.fault(), v1::CURSOR_FAULT_HISTORY_LOST) << cursor;
      EXPECT_GT(page.up_to(), last_lost);
      EXPECT_EQ(ReadFeed("alice", page.up_to()).fault(), v1::CURSOR_FAULT_UNSPECIFIED);
    }
    EXPECT_EQ(ReadFeed("alice", 0).entries_size(), 2) << "and what is left is told";
    const v1::AppendResult again = Append(Item("alice", "k1"));
    EXPECT_TRUE(again.ok().duplicate());
    EXPECT_EQ(again.ok().id(), kept);
    EXPECT_GT(Store(Item("alice", "after" + std::to_string(life))), last_lost);
    Stop();
  }
  // What was published after the backup is gone with its key: publishing it again stores it.
  Start();
  const v1::AppendResult retried = Append(Item("alice", "k2"));
  EXPECT_FALSE(retried.ok().duplicate());
  EXPECT_GT(retried.ok().id(), last_lost);
}

}  // namespace
}  // namespace belfry::store
