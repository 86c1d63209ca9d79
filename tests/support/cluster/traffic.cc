// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/traffic.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "tests/support/checker/history_jsonl.h"
#include "tests/support/checker/publish_index.h"
#include "tests/support/cluster/stored_logs.h"
#include "tests/support/wait.h"

namespace belfry::test {

Traffic::Traffic(Cluster& cluster)
    : cluster_(cluster),
      producer_(cluster.IngestEndpoint(), Cluster::kProject, cluster.api_key()) {}

std::vector<std::string> Traffic::Users(std::size_t count) {
  std::vector<std::string> users;
  for (std::size_t i = 0; i < count; ++i) {
    users.push_back("user-" + std::to_string(i));
  }
  return users;
}

bool Traffic::Listen(const std::vector<std::string>& users, std::size_t per_user,
                     std::chrono::milliseconds silence_max) {
  SseClientOptions options;
  options.silence_max = silence_max;
  for (const std::string& user : users) {
    for (std::size_t i = 0; i < per_user; ++i) {
      Add(user, std::nullopt, options);
    }
  }
  return fleet_.WaitConnected(users.size() * per_user, kPatience);
}

std::size_t Traffic::Add(const std::string& user, std::optional<EntryId> cursor,
                         SseClientOptions options) {
  static std::size_t made = 0;
  options.name = user + "#" + std::to_string(made);
  options.project = Cluster::kProject;
  options.user_id = user;
  options.token = cluster_.Token(user);
  options.cursor = cursor;
  if (options.edges.empty()) {
    options.edges = cluster_.EdgeEndpoints();
    const auto first = static_cast<std::ptrdiff_t>(made % options.edges.size());
    std::rotate(options.edges.begin(), options.edges.begin() + first, options.edges.end());
  }
  ++made;
  return fleet_.Add(std::move(options));
}

void Traffic::StartLoad(const std::vector<std::string>& users, double per_second_each,
                        std::size_t body_bytes) {
  const std::string run = std::to_string(loads_started_++);
  Load::Options options;
  options.users = users;
  options.per_second = per_second_each;
  options.broadcast_every = 50;
  options.body_bytes = body_bytes;
  options.prefix = "notify-" + run;
  loads_.push_back(std::make_unique<Load>(producer_, options));
  options.way = Way::kBatch;
  options.per_call = 10;
  options.broadcast_every = 0;
  options.prefix = "batch-" + run;
  loads_.push_back(std::make_unique<Load>(producer_, options));
  options.way = Way::kStream;
  options.prefix = "stream-" + run;
  loads_.push_back(std::make_unique<Load>(producer_, options));
}

std::size_t Traffic::acknowledged() const {
  std::size_t sum = 0;
  for (const auto& load : loads_) {
    sum += load->acknowledged();
  }
  return sum;
}

std::vector<test::Publish> Traffic::Answered() const {
  std::vector<test::Publish> so_far = publishes_;
  for (const auto& load : loads_) {
    auto answered = load->Answered();
    std::move(answered.begin(), answered.end(), std::back_inserter(so_far));
  }
  return so_far;
}

bool Traffic::WaitAcknowledged(std::size_t more) {
  const std::size_t goal = acknowledged() + more;
  return WaitUntil([this, goal] { return acknowledged() >= goal; }, kPatience);
}

bool Traffic::WaitRecovered(std::int64_t since_us, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto acknowledged_again = [since_us](const auto& load) {
    return load->last_acknowledged_us() > since_us;
  };
  if (!WaitUntil([&] { return std::all_of(loads_.begin(), loads_.end(), acknowledged_again); },
                 patience)) {
    return false;
  }
  const std::vector<test::Publish> so_far = Answered();
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return fleet_.WaitForAll(so_far, std::max(left, std::chrono::milliseconds(0)));
}

void Traffic::StopLoad() {
  for (const auto& load : loads_) {
    auto made = load->Stop();
    std::move(made.begin(), made.end(), std::back_inserter(publishes_));
  }
  loads_.clear();
}

void Traffic::Publish(const std::vector<Item>& items, Way way) {
  for (test::Publish& publish : producer_.Send(way, items, kPatience)) {
    EXPECT_EQ(publish.outcome, test::Publish::Outcome::kAcknowledged) << ToString(publish);
    publishes_.push_back(std::move(publish));
  }
}

Verdict Traffic::Judge(const CheckOptions& options) {
  return Check({publishes_, fleet_.Histories()}, options);
}

History Traffic::ReadHistory() {
  History history;
  auto stored = ReadStoredLogs(cluster_.store().serves(), kPatience);
  EXPECT_TRUE(stored.ok()) << stored.error().ToString();
  if (stored.ok()) {
    history.stored = *std::move(stored);
  }
  history.publishes = publishes_;
  // What has an unknown outcome may be there.
  EXPECT_TRUE(fleet_.WaitForAll(AsCommitted(publishes_, history.stored), kPatience))
      << "somebody still waits for what is stored";
  history.clients = fleet_.Histories();
  return history;
}

void Traffic::ExpectEveryPromiseKept(const CheckOptions& options) {
  StopLoad();
  EXPECT_TRUE(fleet_.WaitForAll(publishes_, kPatience)) << "somebody still waits";
  const History history = ReadHistory();
  CheckOptions with_partitions = options;
  if (!history.stored.empty()) {
    with_partitions.partitions = static_cast<Partition>(history.stored.size());
  }
  const Verdict verdict = Check(history, with_partitions);
  if (!verdict.ok()) {
    static int written = 0;
    const std::string name = "history-" + std::to_string(written++) + ".jsonl";
    std::ofstream file(cluster_.path(name));
    WriteHistory(history, file);
    ADD_FAILURE() << verdict.ToString() << "judge it again: belfry-checker "
                  << cluster_.kept_path(name);
  }
  EXPECT_GT(verdict.stored, 0u);
  EXPECT_EQ(verdict.uncovered, 0u) << verdict.ToString();
  EXPECT_GT(verdict.acknowledged, 0u);
  // Every load outlasts the outage: what was unknown becomes known by asking again.
  EXPECT_EQ(verdict.unknown, 0u) << verdict.ToString();
  EXPECT_EQ(verdict.rejected, 0u) << verdict.ToString();
}

}  // namespace belfry::test
