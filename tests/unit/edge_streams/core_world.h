// SPDX-License-Identifier: Apache-2.0
// One core in a world of values: sockets that take as much as the test says, a store that is a
// list, a clock that is moved by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/edge/core/streams.h"
#include "tests/support/memory_log.h"
#include "tests/unit/edge_streams/blocks.h"

namespace belfry::edge {

struct FakeSocket {
  StreamHandle handle = 0;
  std::string received;
  std::size_t room = std::size_t{1} << 40;  // bytes it will take before it is full
  int writes = 0;
  bool gone = false;      // writes fail
  bool finished = false;  // the end was sent
  bool closed = false;
};

class FakeTransport final : public Transport {
 public:
  bool Watch(int socket, StreamHandle handle) override {
    sockets[socket].handle = handle;
    return true;
  }
  std::optional<std::size_t> Write(int socket, std::string_view bytes) override {
    FakeSocket& s = sockets.at(socket);
    EXPECT_FALSE(s.closed || s.finished);
    ++s.writes;
    if (s.gone) {
      return std::nullopt;
    }
    const std::size_t taken = std::min(bytes.size(), s.room);
    s.received += bytes.substr(0, taken);
    s.room -= taken;
    return taken;
  }
  void FinishWriting(int socket) override { sockets.at(socket).finished = true; }
  void Close(int socket) override {
    EXPECT_FALSE(sockets.at(socket).closed);
    sockets.at(socket).closed = true;
  }

  std::map<int, FakeSocket> sockets;
};

class FakeRenderer final : public Renderer {
 public:
  std::vector<std::string> Excluded(const Entry& broadcast) const override {
    return broadcast.payload == "not for alice" ? std::vector<std::string>{"alice"}
                                                : std::vector<std::string>();
  }
  std::string Json(const Entry& entry) const override {
    ++rendered;
    return entry.payload == "broken" ? "" : R"({"id":")" + std::to_string(entry.id) + R"("})";
  }
  mutable int rendered = 0;
};

struct World {
  explicit World(StreamOptions o = {}, Partition p = 1, bool follow = true)
      : options(o), caps(options), partitions(p) {
    revocations.SetLoaded();
    streams = std::make_unique<Streams>(options, caps, revocations, transport, renderer, clock,
                                        metrics, 42);
    if (follow) {
      streams->SetPartitions(partitions);
      for (Partition partition = 0; partition < partitions; ++partition) {
        Batch batch;
        batch.partition = partition;
        streams->Deliver(batch);
      }
    }
  }

  int Attach(const std::string& user, std::optional<EntryId> cursor = {},
             std::chrono::milliseconds batch = {}, const std::string& project = "p") {
    StreamRequest request;
    request.socket = ++last_socket;
    request.project = project;
    request.user_id = user;
    request.address = "10.0.0.1";
    request.cursor = cursor;
    request.batch = batch;
    request.expires_s = expires_s;
    request.issued_s = issued_s;
    request.key = key;
    request.http_head = "";
    streams->Attach(std::move(request));
    return last_socket;
  }

  // Ends the turn; whatever the store is asked is answered at once.
  void Turn() {
    while (true) {
      Streams::Turn turn = streams->EndTurn();
      for (PendingRead& read : turn.reads) {
        reads.push_back(std::move(read));
      }
      if (store_answers) {
        AnswerAll();
      }
      if (turn.reads.empty() && !turn.more) {
        return;
      }
    }
  }

  void AnswerAll() {
    for (const PendingRead& read : std::exchange(reads, {})) {
      Answer(read);
    }
  }

  void Answer(const PendingRead& read) {
    std::vector<FeedPage> pages;
    for (FeedQuery query : read.queries) {
      query.entries_max = 4;  // so that there are several pages
      auto page = log.ReadFeed(query);
      EXPECT_TRUE(page.ok());
      pages.push_back(page.ok() ? std::move(*page) : FeedPage{});
    }
    streams->OnPages(read.call, std::move(pages));
  }

  void FailAll(Code code) {
    for (const PendingRead& read : std::exchange(reads, {})) {
      streams->OnPages(read.call, Fail(code, "read feeds: the test says so"));
    }
  }

  // Commits and delivers.
  EntryPtr Publish(EntryKind kind, const std::string& user, const std::string& project = "p",
                   std::int64_t expires_us = 0, const std::string& payload = "") {
    const Partition partition = user.empty() ? 0 : PartitionOf(project, user, partitions);
    const EntryPtr entry = log.Commit({.kind = kind,
                                       .partition = partition,
                                       .project = project,
                                       .user_id = user,
                                       .payload = payload,
                                       .expires_us = expires_us});
    Deliver({entry});
    return entry;
  }
  EntryPtr Notify(const std::string& user) { return Publish(EntryKind::kNotification, user); }

  void Deliver(std::vector<EntryPtr> entries) {
    Batch batch;
    batch.partition = entries.front()->partition;
    batch.position = entries.back()->id;
    batch.entries = std::move(entries);
    batch.received = clock.Now();
    batch.store_time_us = store_time_us;
    streams->Deliver(batch);
    Turn();
  }

  // Lets time pass in ticks.
  void Pass(Duration time) {
    for (Duration passed{0}; passed < time; passed += Wheel::kTick) {
      clock.Advance(Wheel::kTick);
      if (streams->needs_ticks()) {
        streams->Tick();
      }
      Turn();
    }
  }

  FakeSocket& Socket(int socket) { return transport.sockets.at(socket); }
  std::vector<Block> Blocks(int socket) { return BlocksOf(Socket(socket).received); }
  std::vector<EntryId> Told(int socket, const std::string& event = "notification") {
    std::vector<EntryId> ids;
    for (const Block& block : Blocks(socket)) {
      if (block.event == event) {
        ids.push_back(block.id);
      }
    }
    return ids;
  }
  int Count(int socket, const std::string& event) {
    int count = 0;
    for (const Block& block : Blocks(socket)) {
      count += block.event == event ? 1 : 0;
    }
    return count;
  }
  // The reason of the bye, "" without one.
  std::string Bye(int socket) {
    for (const Block& block : Blocks(socket)) {
      if (block.event == "bye") {
        return block.data.substr(11, block.data.size() - 13);
      }
    }
    return "";
  }
  int Heartbeats(int socket) {
    int count = 0;
    for (const Block& block : Blocks(socket)) {
      count += block.comment == "hb" ? 1 : 0;
    }
    return count;
  }

  const StreamOptions options;
  Caps caps;
  const Partition partitions;
  FakeTransport transport;
  FakeRenderer renderer;
  ManualClock clock;
  Revocations revocations{RevocationOptions(), clock};
  std::int64_t store_time_us = 0;  // that batches come with
  StreamMetrics metrics;
  test::MemoryLog log{partitions};
  std::unique_ptr<Streams> streams;
  std::vector<PendingRead> reads;
  bool store_answers = true;
  std::int64_t expires_s = 4'000'000'000;
  std::int64_t issued_s = 1'000;
  std::uint64_t key = 1;
  int last_socket = 0;
};

}  // namespace belfry::edge
