// SPDX-License-Identifier: Apache-2.0
// Thousands of seeded schedules of one core: clients come with cursors and leave, entries are
// committed and delivered late, the store answers late, partly or not, peers read slowly, the log
// has gaps. At the end each client must have received its feed once and in order over all of its
// connections.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/edge_streams/core_world.h"

namespace belfry::edge {
namespace {

constexpr Partition kPartitions = 2;

StreamOptions SmallOptions() {
  StreamOptions options;
  options.queue_bytes_max = 400;
  options.held_bytes_max = 300;
  options.per_user_max = 2;
  options.bookmark = std::chrono::seconds(20);
  return options;
}

struct Client {
  std::string user;
  bool connected = false;
  int socket = 0;
  std::chrono::milliseconds batch{};
  std::size_t parsed = 0;          // bytes of the socket's that were understood
  std::optional<EntryId> started;  // where its first stream began
  std::optional<EntryId> cursor;
  std::vector<EntryId> told;
};

class Simulation {
 public:
  explicit Simulation(std::uint32_t seed) : random_(seed), w_(SmallOptions(), kPartitions) {
    w_.store_answers = false;
    for (int i = 0; i < 6; ++i) {
      clients_.emplace_back().user = "user" + std::to_string(i % 4);
    }
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      Step();
      w_.Turn();
    }
    Settle();
  }

 private:
  std::uint32_t Pick(std::uint32_t below) { return random_() % below; }

  void Step() {
    switch (Pick(9)) {
      case 0:
        return Commit();
      case 1:
      case 2:
        return DeliverSome(Pick(kPartitions), Pick(12) == 0);
      case 3:
        return AnswerOne();
      case 4:
        return Connect(clients_[Pick(static_cast<std::uint32_t>(clients_.size()))]);
      case 5:
        return Leave(clients_[Pick(static_cast<std::uint32_t>(clients_.size()))]);
      case 6:
      case 7:
        return GiveRoom(clients_[Pick(static_cast<std::uint32_t>(clients_.size()))], Pick(500));
      default:
        w_.clock.Advance(std::chrono::milliseconds(Pick(3'000)));
        w_.streams->Tick();
    }
  }

  void Commit() {
    for (std::uint32_t i = Pick(4); i > 0; --i) {
      if (Pick(3) == 0) {
        for (Partition partition = 0; partition < kPartitions; ++partition) {
          undelivered_[partition].push_back(
              w_.log.Commit({.kind = EntryKind::kBroadcast, .partition = partition}));
        }
      } else {
        const std::string user = "user" + std::to_string(Pick(4));
        const Partition partition = PartitionOf("p", user, kPartitions);
        undelivered_[partition].push_back(w_.log.Commit({.partition = partition, .user_id = user}));
      }
    }
  }

  void DeliverSome(Partition partition, bool gap) {
    std::deque<EntryPtr>& waiting = undelivered_[partition];
    if (waiting.empty()) {
      return;
    }
    Batch batch;
    batch.partition = partition;
    batch.gap = gap;
    for (std::uint32_t i = 1 + Pick(3); i > 0 && !waiting.empty(); --i) {
      // In a gap entries are missing: the streams have to find them in the store.
      if (!gap || waiting.size() == 1) {
        batch.entries.push_back(waiting.front());
      }
      batch.position = waiting.front()->id;
      waiting.pop_front();
    }
    w_.streams->Deliver(batch);
  }

  void AnswerOne() {
    if (w_.reads.empty()) {
      return;
    }
    const std::size_t i = Pick(static_cast<std::uint32_t>(w_.reads.size()));
    const PendingRead read = w_.reads[i];
    w_.reads.erase(w_.reads.begin() + static_cast<std::ptrdiff_t>(i));
    if (Pick(4) == 0) {
      w_.streams->OnPages(read.call, Fail(Code::kUnavailable, "read feeds: away"));
    } else {
      w_.Answer(read);
    }
  }

  void Connect(Client& client) {
    if (client.connected) {
      return;
    }
    client.batch = std::chrono::milliseconds(Pick(2) * 100);
    client.socket = w_.Attach(client.user, client.cursor, client.batch);
    client.connected = true;
    client.parsed = 0;
  }

  // The client reads what has arrived; what was cut is lost to it.
  void Leave(Client& client) {
    if (!client.connected) {
      return;
    }
    Understand(client);
    if (!w_.Socket(client.socket).closed) {
      w_.streams->OnGone(w_.Socket(client.socket).handle);
    }
    client.connected = false;
  }

  void GiveRoom(Client& client, std::size_t bytes) {
    if (!client.connected || w_.Socket(client.socket).closed) {
      return;
    }
    w_.Socket(client.socket).room = bytes;
    w_.streams->OnWritable(w_.Socket(client.socket).handle);
  }

  void Understand(Client& client) {
    const std::string_view all = w_.Socket(client.socket).received;
    const std::size_t end = all.rfind("\n\n");
    if (end == std::string_view::npos || end + 2 <= client.parsed) {
      return;
    }
    for (const Block& block : BlocksOf(all.substr(client.parsed, end + 2 - client.parsed))) {
      Take(client, block);
    }
    client.parsed = end + 2;
  }

  void Take(Client& client, const Block& block) {
    ASSERT_NE(block.event, "reset");
    if (block.event == "connected" && !client.started) {
      client.started = block.id;
    }
    for (std::size_t at = block.data.find(R"({"id":")");
         at != std::string::npos && block.event.starts_with("notification");
         at = block.data.find(R"({"id":")", at + 1)) {
      client.told.push_back(std::stoull(block.data.substr(at + 7)));
    }
    if (block.has_id) {
      ASSERT_GE(block.id, client.cursor.value_or(0));
      client.cursor = block.id;
    }
  }

  // Everything is delivered, everybody is connected and reads.
  void Settle() {
    w_.store_answers = true;
    for (Partition partition = 0; partition < kPartitions; ++partition) {
      while (!undelivered_[partition].empty()) {
        DeliverSome(partition, false);
        w_.Turn();
      }
    }
    for (Client& client : clients_) {
      Leave(client);
    }
    for (Client& client : clients_) {
      if (!client.cursor) {
        continue;  // never received where it started
      }
      Connect(client);
      w_.AnswerAll();
      for (int i = 0; i < 30; ++i) {
        w_.Pass(std::chrono::milliseconds(100));
      }
      Leave(client);
      EXPECT_EQ(client.told, Expected(client)) << client.user;
    }
  }

  std::vector<EntryId> Expected(const Client& client) const {
    std::vector<EntryId> ids;
    const Partition partition = PartitionOf("p", client.user, kPartitions);
    for (const EntryPtr& entry : w_.log.entries()) {
      if (entry->partition == partition && entry->id > *client.started &&
          test::IsOfFeed(*entry, "p", client.user)) {
        ids.push_back(entry->id);
      }
    }
    return ids;
  }

  std::mt19937 random_;
  World w_;
  std::vector<Client> clients_;
  std::map<Partition, std::deque<EntryPtr>> undelivered_;
};

TEST(StreamsSimulation, EveryClientReceivesItsFeedOnceAndInOrder) {
  for (std::uint32_t seed = 1; seed <= 1'000; ++seed) {
    SCOPED_TRACE(seed);
    Simulation(seed).Run(400);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace belfry::edge
