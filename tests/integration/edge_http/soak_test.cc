// SPDX-License-Identifier: Apache-2.0
// 200 streams that come and go while entries are committed: each receives its feed once and
// in order over all of their connections.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/edge_http/edge.h"

namespace belfry::edge {
namespace {

constexpr int kStreams = 200;
constexpr int kUsers = 80;
constexpr int kRounds = 1'500;

struct Reader {
  std::string user;
  Client client;
  std::string cursor;
  std::vector<EntryId> told;  // by the connections before this one
};

class SoakTest : public EdgeTest {
 protected:
  // Takes over what the connection has delivered; what was cut off will come again.
  static void Leave(Reader& reader) {
    reader.client.ReadSome();
    const std::vector<EntryId> told = reader.client.Told();
    reader.told.insert(reader.told.end(), told.begin(), told.end());
    if (!reader.client.last_event_id().empty()) {
      reader.cursor = reader.client.last_event_id();
    }
    reader.client.Close();
  }

  std::vector<EntryId> Expected(const std::string& user) const {
    std::vector<EntryId> ids;
    const Partition partition = PartitionOf("demo", user, kPartitions);
    for (const EntryPtr& entry : store.entries()) {
      if (entry->partition == partition && test::IsOfFeed(*entry, "demo", user)) {
        ids.push_back(entry->id);
      }
    }
    return ids;
  }
};

TEST_F(SoakTest, RandomDisconnectsLoseAndRepeatNothing) {
  options.streams.per_user_max = 10;
  options.streams.queue_bytes_max = 64 * 1024;
  options.streams.bookmark = std::chrono::milliseconds(100);
  options.streams.heartbeat = std::chrono::milliseconds(50);
  Start();
  std::mt19937 random(20261121);
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < kStreams; ++i) {
    readers.push_back(std::make_unique<Reader>());
    readers.back()->user = "user" + std::to_string(i % kUsers);
    readers.back()->cursor = "1000";
    Open(readers.back()->client, readers.back()->user, "1000");
  }
  std::atomic<bool> stop = false;
  std::jthread publisher([&] {
    std::mt19937 dice(7);
    for (int i = 0; i < kRounds; ++i) {
      if (dice() % 20 == 0) {
        Broadcast();
      } else {
        Notify("user" + std::to_string(dice() % kUsers), std::string(dice() % 2'000, 'x'));
      }
      if (dice() % 200 == 0) {
        store.SetAway(true);
      } else if (dice() % 20 == 0) {
        store.SetAway(false);
      }
    }
    store.SetAway(false);
    stop = true;
  });
  while (!stop) {
    Reader& reader = *readers[random() % readers.size()];
    if (random() % 3 == 0) {
      Leave(reader);
      Open(reader.client, reader.user, reader.cursor);
    } else {
      reader.client.ReadSome();
    }
  }
  publisher.join();
  for (const auto& reader : readers) {
    const std::vector<EntryId> expected = Expected(reader->user);
    ASSERT_FALSE(expected.empty());
    const bool has_all = reader->client.ReadUntil([&] {
      if (reader->client.ended()) {  // a queue that overflowed long ago, or a stall
        Leave(*reader);
        Open(reader->client, reader->user, reader->cursor);
      }
      return reader->client.last_event_id() >= std::to_string(expected.back());
    });
    EXPECT_TRUE(has_all);
    Leave(*reader);
    ASSERT_EQ(reader->told, expected) << reader->user;
  }
  EXPECT_TRUE(Eventually([&] { return cores->stats().streams == 0; }));
}

}  // namespace
}  // namespace belfry::edge
