// SPDX-License-Identifier: Apache-2.0
// A small world of a store, a stream and a slow peer, in every order of its steps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tests/unit/edge_streams/stream_harness.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using ::testing::SizeIs;

TEST(Stream, AHeartbeatNeverWaitsBehindAnything) {
  StreamHarness h(1);
  h.GoLive(100);
  h.stream.Heartbeat(HeartbeatEvent());
  const std::size_t one = h.stream.queued_bytes();
  h.stream.Heartbeat(HeartbeatEvent());
  EXPECT_EQ(h.stream.queued_bytes(), one);
}

// Every interleaving of a small world: entries are committed (and reach the stream live, in order,
// at any later time), the store is read at one moment and answers at another, the peer takes a few
// bytes, the queue is tiny. Whatever happens, the peer receives 1..n once, in order.
class SeamWorld {
 public:
  enum Step { kCommit, kDeliver, kSend, kAnswer, kFail, kWrite, kBookmark, kSteps };
  static constexpr EntryId kEntries = 3;

  explicit SeamWorld(milliseconds batch) : h_(0, batch) {
    h_.options.queue_bytes_max = 150;
    h_.options.held_bytes_max = 100;
  }

  // False: this step is not possible now.
  bool Do(Step step) {
    switch (step) {
      case kCommit:
        return committed_ < kEntries && ++committed_ > 0;
      case kDeliver:
        if (delivered_ == committed_) {
          return false;
        }
        h_.stream.OnEvent(NotificationOf(++delivered_), h_.options);
        return true;
      case kSend:
        if (!h_.stream.wants_page()) {
          return false;
        }
        after_ = h_.Read().after;
        read_up_to_ = committed_;
        return true;
      case kAnswer:
        return Answer();
      case kFail:
        if (h_.stream.state() != Stream::State::kReading || failed_) {
          return false;
        }
        failed_ = true;
        h_.stream.OnReadFailed();
        return true;
      case kWrite:
        if (!h_.stream.has_output()) {
          return false;
        }
        h_.Take(60);
        return true;
      case kBookmark: {  // both are timers
        const bool gathered = h_.stream.has_gathered();
        h_.stream.SendGathered(h_.options);
        return h_.stream.Bookmark(delivered_) || gathered;
      }
      case kSteps:
        break;
    }
    return false;
  }

  // Lets everything come to rest, and says whether the peer has all.
  void Settle() {
    bool moved = true;
    for (int i = 0; i < 200 && moved; ++i) {
      moved = false;
      for (const Step step : {kCommit, kDeliver, kSend, kAnswer, kWrite, kBookmark}) {
        moved = Do(step) || moved;
      }
    }
    EXPECT_FALSE(moved);
    EXPECT_EQ(h_.Told(), (std::vector<EntryId>{1, 2, 3}));
    EXPECT_TRUE(h_.IdsNeverGoBackwards());
    EXPECT_THAT(h_.Events("connected"), SizeIs(1));
    // No id line may pass what was not delivered before it.
    EntryId told = 0;
    for (const Block& block : BlocksOf(h_.received)) {
      if (block.event.starts_with("notification")) {
        told = block.id;
      }
      EXPECT_LE(block.id, told);
    }
  }

 private:
  // Pages of one entry.
  bool Answer() {
    if (h_.stream.state() != Stream::State::kReading) {
      return false;
    }
    if (after_ < read_up_to_) {
      EXPECT_TRUE(h_.Page(after_ + 1, {after_ + 1}, after_ + 1 < read_up_to_));
    } else {
      EXPECT_TRUE(h_.Page(read_up_to_, {}));
    }
    return true;
  }

  StreamHarness h_;
  EntryId committed_ = 0;
  EntryId delivered_ = 0;
  EntryId after_ = 0;
  EntryId read_up_to_ = 0;
  bool failed_ = false;
};

void Explore(std::vector<SeamWorld::Step>& path, std::size_t depth, milliseconds batch,
             std::size_t& worlds) {
  for (int step = 0; step < SeamWorld::kSteps; ++step) {
    path.push_back(static_cast<SeamWorld::Step>(step));
    SeamWorld world(batch);
    const bool possible =
        std::all_of(path.begin(), path.end(), [&](SeamWorld::Step s) { return world.Do(s); });
    if (possible) {
      if (path.size() < depth) {
        Explore(path, depth, batch, worlds);
      } else {
        world.Settle();
        ++worlds;
      }
    }
    path.pop_back();
  }
}

TEST(Stream, DeliversEachEntryOnceInEveryInterleavingOfReplayAndLive) {
  for (const milliseconds batch : {milliseconds(0), milliseconds(100)}) {
    std::vector<SeamWorld::Step> path;
    std::size_t worlds = 0;
    Explore(path, 9, batch, worlds);
    EXPECT_GT(worlds, 1'000U);
  }
}

}  // namespace
}  // namespace belfry::edge
