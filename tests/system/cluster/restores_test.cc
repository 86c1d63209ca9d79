// SPDX-License-Identifier: Apache-2.0
// Backups of a store under load and a restore under connected streams, with the commands as an
// operator types them.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/cluster/traffic.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

// What a command printed, and how it ended.
struct Ended {
  int exit = -1;
  std::string output;
};

class Restores : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(cluster_.Start());
    ASSERT_TRUE(traffic_.Listen(users_, 2));
  }

  // `belfry-store` with these words, its output going to command-N.log.
  std::unique_ptr<Process> StartCommand(std::vector<std::string> words) {
    words.insert(words.begin(), Cluster::BinDir() + "/belfry-store");
    auto process = Process::Start(std::move(words), CommandLog(++commands_));
    EXPECT_TRUE(process.ok());
    return std::move(*process);
  }
  Ended WaitForCommand(Process& command) {
    const auto status = command.WaitForEnd(kPatience);
    EXPECT_TRUE(status.has_value()) << "it does not end";
    std::ostringstream output;
    output << std::ifstream(CommandLog(commands_)).rdbuf();
    return {status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1, output.str()};
  }
  Ended Command(std::vector<std::string> words) {
    return WaitForCommand(*StartCommand(std::move(words)));
  }
  void ExpectDone(std::vector<std::string> words) {
    const Ended ended = Command(std::move(words));
    ASSERT_EQ(ended.exit, 0) << ended.output;
  }
  std::vector<std::string> Backup() const { return {"backup", "--to", backups_, "--data", data_}; }
  // One backup's id, "1" of "backup 1: ...", for each line that lists one.
  std::vector<std::string> ListedBackups() {
    std::istringstream lines(Command({"backup", "list", "--from", backups_}).output);
    std::vector<std::string> ids;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("backup ")) {
        ids.push_back(line.substr(7, line.find(':') - 7));
      }
    }
    return ids;
  }
  // A few for everybody and a broadcast, delivered to all that are connected.
  void PublishRound(const std::string& round) {
    std::vector<Item> items;
    for (int i = 0; i < 3; ++i) {
      for (const std::string& user : users_) {
        items.push_back({user, round + "-" + user + "-" + std::to_string(i)});
      }
    }
    traffic_.Publish(items);
    traffic_.Publish({{"", round + "-all"}}, Way::kNotify);
    ASSERT_TRUE(traffic_.fleet().WaitForAll(traffic_.publishes(), kPatience)) << round;
  }

  const std::vector<std::string> users_ = Traffic::Users(8);
  Cluster cluster_{{.edges = 2}};
  Traffic traffic_{cluster_};
  const std::string data_ = cluster_.path("data");
  const std::string backups_ = cluster_.path("backups");

 private:
  std::string CommandLog(int number) const {
    return cluster_.path("command-" + std::to_string(number) + ".log");
  }
  int commands_ = 0;
};

struct Seen {
  std::size_t resets = 0;
  EntryId reset_to = 0;          // where the last one went on
  std::set<std::string> before;  // the tags delivered before it
  std::set<std::string> after;   // and after it
};

Seen WhatWasSeenBy(const ClientHistory& client) {
  Seen seen;
  for (const StreamEvent& event : client.events) {
    if (event.kind == StreamEvent::Kind::kReset) {
      EXPECT_EQ(event.text, "history_lost") << client.name;
      ++seen.resets;
      seen.reset_to = event.cursor;
    }
    for (const Told& told : event.told) {
      (seen.resets == 0 ? seen.before : seen.after).insert(told.tag);
    }
  }
  return seen;
}

// All streams have received entries that the backup does not hold; the edges hold positions in
// them. Nothing else is done: the store is stopped, restored and started.
TEST_F(Restores, StreamsThatReceivedMoreAreResetAndGoOn) {
  ASSERT_NO_FATAL_FAILURE(PublishRound("kept"));
  const EntryId kept = traffic_.fleet().cursor(0);
  ASSERT_NO_FATAL_FAILURE(ExpectDone(Backup()));
  ASSERT_NO_FATAL_FAILURE(PublishRound("lost"));
  const EntryId lost = traffic_.fleet().cursor(0);
  ASSERT_GT(lost, kept);
  cluster_.store().Kill();
  ASSERT_NO_FATAL_FAILURE(
      ExpectDone({"restore", "--from", backups_, "--data", data_, "--replace"}));
  ASSERT_NO_FATAL_FAILURE(ExpectDone({"check", "--data", data_}));
  const std::size_t live = traffic_.fleet().Histories().size();
  // One comes from before the loss, one from within, while the store is away.
  const std::size_t from_before = traffic_.Add(users_[0], EntryId{0});
  const std::size_t from_within = traffic_.Add(users_[0], lost);
  cluster_.store().Start();
  ASSERT_TRUE(cluster_.store().WaitReady()) << cluster_.store().LogTail();
  ASSERT_TRUE(WaitUntil(
      [&] {
        const auto clients = traffic_.fleet().Histories();
        return std::all_of(clients.begin(), clients.end(),
                           [](const ClientHistory& c) { return WhatWasSeenBy(c).resets > 0; });
      },
      kPatience))
      << "a client got no reset for the loss";
  ASSERT_NO_FATAL_FAILURE(PublishRound("after"));
  traffic_.ExpectEveryPromiseKept({.resets_allowed = true});
  const auto clients = traffic_.fleet().Histories();
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const Seen seen = WhatWasSeenBy(clients[i]);
    EXPECT_EQ(seen.resets, 1u) << clients[i].name;
    EXPECT_GT(seen.reset_to, lost) << clients[i].name;
    const std::size_t round = 4;  // three of one's own and a broadcast
    EXPECT_EQ(seen.after.size(), round) << clients[i].name;
    const std::size_t before = i < live ? 2 * round : i == from_before ? round : 0;
    EXPECT_EQ(seen.before.size(), before) << clients[i].name;
  }
  EXPECT_TRUE(WhatWasSeenBy(clients[from_before]).before.contains("kept-all"));
  EXPECT_TRUE(WhatWasSeenBy(clients[from_within]).before.empty());
}

// A store that dies in the middle of a backup leaves the ones before it whole, and nothing that
// looks like one more.
TEST_F(Restores, ABackupThatIsCutShortIsNone) {
  traffic_.StartLoad(users_, 100, 4'000);
  ASSERT_TRUE(traffic_.WaitAcknowledged(300));
  ASSERT_NO_FATAL_FAILURE(ExpectDone(Backup()));
  ASSERT_TRUE(traffic_.WaitAcknowledged(300));
  auto slow = Backup();
  slow.insert(slow.end(), {"--rate", "64KiB"});
  const auto command = StartCommand(slow);
  ASSERT_TRUE(
      WaitUntil([&] { return std::filesystem::exists(backups_ + "/private/2"); }, kPatience));
  ASSERT_TRUE(traffic_.WaitAcknowledged(100)) << "commits go on beside it";
  ASSERT_TRUE(command->Running()) << "too fast to be cut short";
  cluster_.store().Kill();
  const Ended cut = WaitForCommand(*command);
  EXPECT_EQ(cut.exit, 1) << cut.output;
  EXPECT_EQ(ListedBackups(), std::vector<std::string>{"1"});
  ASSERT_NO_FATAL_FAILURE(ExpectDone({"backup", "verify", "--from", backups_}));
  cluster_.store().Start();
  ASSERT_TRUE(cluster_.store().WaitReady()) << cluster_.store().LogTail();
  ASSERT_TRUE(traffic_.WaitAcknowledged(100));
  ASSERT_NO_FATAL_FAILURE(ExpectDone(Backup()));
  EXPECT_EQ(ListedBackups(), (std::vector<std::string>{"1", "2"}));
  traffic_.ExpectEveryPromiseKept();
}

}  // namespace
}  // namespace belfry::test
