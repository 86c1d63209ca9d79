// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/announcer.h"

#include <gtest/gtest.h>

#include <map>

#include "services/store/core/guarded_clock.h"
#include "tests/unit/store_core/fake_bus.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

// A sequencer whose listener is an announcer on a fake bus.
struct AnnouncerRig {
  explicit AnnouncerRig(AnnouncerOptions with = {}, Partition partitions = 1)
      : log(partitions), options(with) {
    Restart();
  }
  void Restart() {
    sequencer.reset();
    announcer = std::make_unique<Announcer>(options, bus, log, clock, AnnouncerMetrics{}, Log{});
    sequencer =
        std::move(*Sequencer::Make({}, log, *announcer, disk, clock, [](const Error&) {}, {}, {}));
  }
  EntryId Publish(const std::string& text = "hello") {
    EntryId id = 0;
    PendingAppend call;
    call.items.push_back(Item("alice", std::to_string(++keys), text));
    call.done = [&id](Result<AppendResults> result) { id = (*result)[0]->id; };
    sequencer->Append(std::move(call));
    sequencer->Round();
    clock.Advance(std::chrono::milliseconds(1));
    return id;
  }
  std::vector<EntryId> PublishMany(int count) {
    std::vector<EntryId> ids;
    for (int i = 0; i < count; ++i) {
      ids.push_back(Publish());
    }
    return ids;
  }
  void StepAll() {
    for (int i = 0; i < 1000 && announcer->Step(); ++i) {
    }
  }

  ManualClock clock;
  DiskGuard disk{0};
  FakeEventLog log;
  FakeBus bus;
  AnnouncerOptions options;
  int keys = 0;
  std::unique_ptr<Announcer> announcer;
  std::unique_ptr<Sequencer> sequencer;
};

TEST(Announcer, AnnouncesEachPartitionsHeadFirst) {
  AnnouncerRig rig({}, 3);
  rig.PublishMany(2);
  rig.announcer->Step();
  ASSERT_GE(rig.bus.said.size(), 4u);
  EXPECT_EQ(rig.bus.said.substr(0, 3), "hhh");
  EXPECT_EQ(rig.bus.said[3], 'e');
}

TEST(Announcer, AnnouncesEntriesInOrderOnceAndJoinedToOneMessage) {
  AnnouncerRig rig;
  rig.announcer->Step();
  const auto ids = rig.PublishMany(20);
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
  EXPECT_EQ(rig.bus.messages.size(), 1u);
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
  EXPECT_TRUE(rig.announcer->caught_up());
}

TEST(Announcer, EachHeadIsSentLaterThanTheLastWhateverTheClockSays) {
  AnnouncerRig rig;
  const std::int64_t start_us = rig.clock.UnixMicros();
  rig.announcer->Step();
  for (int i = 0; i < 4; ++i) {
    rig.clock.Advance(rig.options.heads_every);
    rig.clock.SetUnixMicros(start_us - i * 1'000'000);
    rig.announcer->Step();
  }
  const std::vector<std::int64_t>& sent_us = rig.bus.heads_sent_us[0];
  ASSERT_GE(sent_us.size(), 4u);
  EXPECT_EQ(sent_us.front(), start_us);
  for (std::size_t i = 1; i < sent_us.size(); ++i) {
    EXPECT_GT(sent_us[i], sent_us[i - 1]);
  }
}

TEST(Announcer, SaysTheTimeByWhichTheStoreExpires) {
  AnnouncerRig rig;
  GuardedClock guarded({}, rig.clock, Gauge(), Log());
  guarded.Begin(std::nullopt);
  rig.announcer = std::make_unique<Announcer>(rig.options, rig.bus, rig.log, guarded,
                                              AnnouncerMetrics{}, Log{});
  rig.sequencer = std::move(*Sequencer::Make({}, rig.log, *rig.announcer, rig.disk, rig.clock,
                                             [](const Error&) {}, {}, {}));
  const std::int64_t right_us = rig.clock.UnixMicros();
  rig.clock.SetUnixMicros(right_us + 3'600'000'000);  // not believed
  rig.Publish();
  rig.StepAll();
  ASSERT_EQ(rig.bus.store_times_us.size(), 1u);
  EXPECT_EQ(rig.bus.store_times_us[0], right_us + 1'000);  // Publish lets a millisecond pass
}

TEST(Announcer, BoundsAMessageInBytes) {
  AnnouncerRig rig({.message_bytes_max = 1'000});
  rig.announcer->Step();
  std::vector<EntryId> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(rig.Publish(std::string(350, 'x')));
  }
  ids.push_back(rig.Publish(std::string(5'000, 'y')));
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
  ASSERT_EQ(rig.bus.messages.size(), 4u);
  EXPECT_EQ(rig.bus.messages[0].size(), 2u);
  EXPECT_EQ(rig.bus.messages[3].size(), 1u);
}

TEST(Announcer, RepeatsTheHeadsEvenWhenIdle) {
  AnnouncerRig rig({}, 2);
  const EntryId last = rig.Publish();
  const Partition partition = PartitionOf("acme", "alice", 2);
  rig.announcer->Step();
  const std::size_t before = rig.bus.heads[partition].size();
  rig.clock.Advance(std::chrono::milliseconds(499));
  rig.announcer->Step();
  EXPECT_EQ(rig.bus.heads[partition].size(), before);
  rig.clock.Advance(std::chrono::milliseconds(1));
  rig.announcer->Step();
  EXPECT_EQ(rig.bus.heads[partition].size(), before + 1);
  EXPECT_EQ(rig.bus.heads[partition].back(), last);
}

TEST(Announcer, NeverSaysAHeadBeforeItsEntries) {
  AnnouncerRig rig;
  rig.announcer->Step();
  rig.bus.said.clear();
  rig.clock.Advance(std::chrono::seconds(1));
  rig.Publish();
  rig.announcer->Step();
  EXPECT_EQ(rig.bus.said, "eh");
}

TEST(Announcer, AnnouncesNothingWhoseCommitFailed) {
  AnnouncerRig rig;
  rig.announcer->Step();
  const EntryId good = rig.Publish();
  rig.log.next_commit = FakeEventLog::NextCommit::kFailsUnwritten;
  PendingAppend call;
  call.items.push_back(Item("alice", "failing"));
  call.done = [](Result<AppendResults>) {};
  rig.sequencer->Append(std::move(call));
  rig.sequencer->Round();
  rig.clock.Advance(std::chrono::seconds(1));
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], std::vector<EntryId>{good});
  EXPECT_EQ(rig.bus.heads[0].back(), good);
}

TEST(Announcer, GoesOnFromTheLogAfterTheBusWasAway) {
  AnnouncerRig rig;
  rig.announcer->Step();
  auto ids = rig.PublishMany(3);
  rig.StepAll();
  rig.bus.Down();
  for (int i = 0; i < 5; ++i) {
    ids.push_back(rig.Publish());
    rig.StepAll();
  }
  EXPECT_EQ(rig.bus.ids[0].size(), 3u);
  EXPECT_FALSE(rig.announcer->caught_up());
  rig.bus.Up();
  ids.push_back(rig.Publish());
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
  EXPECT_EQ(rig.bus.said.back(), 'h') << "heads follow a reconnect at once";
  EXPECT_EQ(rig.bus.heads[0].back(), ids.back());
}

TEST(Announcer, LeavesWhatIsTooOldToTheEdges) {
  AnnouncerRig rig({.resume_window = std::chrono::seconds(60)});
  rig.announcer->Step();
  rig.bus.Down();
  rig.PublishMany(5);
  rig.StepAll();
  rig.clock.Advance(std::chrono::seconds(61));
  const EntryId recent = rig.Publish();
  rig.StepAll();
  rig.bus.Up();
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], std::vector<EntryId>{recent});
  EXPECT_EQ(rig.bus.heads[0].back(), recent);
  EXPECT_TRUE(rig.announcer->caught_up());
}

TEST(Announcer, ReadsTheLogWhenItsTailOverflows) {
  AnnouncerRig rig({.tail_entries_max = 8});
  rig.announcer->Step();
  const auto ids = rig.PublishMany(50);
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
}

TEST(Announcer, BoundsItsTailInBytes) {
  AnnouncerRig rig({.tail_bytes_max = 10'000});
  rig.announcer->Step();
  std::vector<EntryId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(rig.Publish(std::string(1'000, 'x')));
  }
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
}

TEST(Announcer, RepeatsWhatTheBusDidNotTake) {
  AnnouncerRig rig({.message_bytes_max = 300});
  rig.announcer->Step();
  const auto ids = rig.PublishMany(10);
  rig.bus.fail_next = 1;
  rig.announcer->Step();
  const auto more = rig.PublishMany(2);
  rig.StepAll();
  auto all = ids;
  all.insert(all.end(), more.begin(), more.end());
  EXPECT_EQ(rig.bus.ids[0], all);
}

TEST(Announcer, DoesNotFailAPublishWhenTheBusFails) {
  AnnouncerRig rig;
  rig.bus.Down();
  EXPECT_NE(rig.Publish(), 0u);
  rig.announcer->Step();
  EXPECT_NE(rig.Publish(), 0u);
}

TEST(Announcer, TriesAgainWhenTheLogCannotBeRead) {
  AnnouncerRig rig({.tail_entries_max = 2});
  rig.announcer->Step();
  const auto ids = rig.PublishMany(5);
  rig.log.reads_fail = true;
  EXPECT_FALSE(rig.announcer->Step());
  rig.log.reads_fail = false;
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], ids);
}

TEST(Announcer, SkipsToTheEndWhenTheLogNoLongerHoldsItsPlace) {
  AnnouncerRig rig;
  rig.announcer->Step();
  rig.bus.Down();
  const auto ids = rig.PublishMany(5);
  rig.StepAll();
  rig.log.SetPosition({0, ids.back(), ids[3]});
  rig.bus.Up();
  rig.StepAll();
  EXPECT_TRUE(rig.bus.ids[0].empty());
  EXPECT_EQ(rig.bus.heads[0].back(), ids.back());
  const EntryId next = rig.Publish();
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], std::vector<EntryId>{next});
}

TEST(Announcer, KeepsPartitionsApart) {
  AnnouncerRig rig({}, 4);
  rig.announcer->Step();
  PendingAppend call;
  for (int i = 0; i < 40; ++i) {
    call.items.push_back(Item("user" + std::to_string(i), "k" + std::to_string(i)));
  }
  call.done = [](Result<AppendResults>) {};
  rig.sequencer->Append(std::move(call));
  rig.sequencer->Round();
  rig.StepAll();
  std::size_t announced = 0;
  for (const auto& message : rig.bus.messages) {
    for (std::size_t i = 1; i < message.size(); ++i) {
      EXPECT_EQ(message[i]->partition, message[0]->partition);
      EXPECT_EQ(message[i]->prev, message[i - 1]->id);
    }
    announced += message.size();
  }
  EXPECT_EQ(announced, 40u);
  EXPECT_LE(rig.bus.messages.size(), 4u);
}

// Appends one broadcast through `rig` and returns its id.
EntryId Broadcast(AnnouncerRig& rig, const std::string& key) {
  EntryId id = 0;
  PendingAppend call;
  call.items.push_back(BroadcastItem(key));
  call.done = [&id](Result<AppendResults> result) { id = (*result)[0]->id; };
  rig.sequencer->Append(std::move(call));
  rig.sequencer->Round();
  return id;
}

TEST(Announcer, AnnouncesABodyOnceBeforeAllThatReferToIt) {
  AnnouncerRig rig({}, 4);
  rig.StepAll();
  rig.bus.said.clear();
  const EntryId id = Broadcast(rig, "b1");
  rig.StepAll();
  ASSERT_EQ(rig.bus.bodies.size(), 1u);
  EXPECT_EQ(rig.bus.bodies[0], (std::pair<EntryId, Payload>(id, "hello")));
  EXPECT_EQ(rig.bus.said.substr(0, 5), "beeee");
}

TEST(Announcer, AnnouncesTheBodyAgainWhenItGoesOnFromTheLog) {
  AnnouncerRig rig({}, 2);
  rig.StepAll();
  rig.bus.fail_next = 1;  // the body
  const EntryId id = Broadcast(rig, "b1");
  rig.StepAll();
  EXPECT_TRUE(rig.bus.ids[0].empty()) << "no reference goes out before its body";
  rig.StepAll();
  EXPECT_EQ(rig.bus.ids[0], std::vector<EntryId>{id});
  EXPECT_EQ(rig.bus.ids[1], std::vector<EntryId>{id});
  ASSERT_FALSE(rig.bus.bodies.empty());
  EXPECT_EQ(rig.bus.bodies[0].first, id);
}

TEST(Announcer, WeighsABodyOnceWhateverTheNumberOfPartitions) {
  AnnouncerRig rig({.tail_bytes_max = 64'000}, 16);
  rig.StepAll();
  rig.clock.Advance(std::chrono::milliseconds(1));
  PendingAppend call;
  call.items.push_back(BroadcastItem("b1"));
  call.items.back().payload = std::string(40'000, 'x');
  call.done = [](Result<AppendResults>) {};
  rig.sequencer->Append(std::move(call));
  rig.sequencer->Round();
  EXPECT_EQ(rig.log.log_reads, 0);
  rig.StepAll();
  EXPECT_EQ(rig.log.log_reads, 0) << "the tail held all of it";
  EXPECT_EQ(rig.bus.bodies.size(), 1u);
}

}  // namespace
}  // namespace belfry::store
