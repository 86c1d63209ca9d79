// SPDX-License-Identifier: Apache-2.0
// The hub, the wheel, the caps and the gate, each by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/edge/core/caps.h"
#include "services/edge/core/catch_up.h"
#include "services/edge/core/hub.h"
#include "services/edge/core/wheel.h"

namespace belfry::edge {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

struct Member final : HubMember {
  explicit Member(std::string n) : name(std::move(n)) {}
  std::string name;
};

std::vector<std::string> OfUser(const Hub& hub, std::string_view project, std::string_view user) {
  std::vector<std::string> names;
  hub.ForUser(project, user, [&](HubMember& m) { names.push_back(static_cast<Member&>(m).name); });
  return names;
}

std::vector<std::string> OfProject(const Hub& hub, Partition partition, std::string_view project) {
  std::vector<std::string> names;
  hub.ForProject(partition, project,
                 [&](HubMember& m) { names.push_back(static_cast<Member&>(m).name); });
  return names;
}

TEST(Hub, FindsStreamsByUserAndByProjectOfAPartition) {
  Hub hub;
  hub.SetPartitions(1);
  Member a1("a1"), a2("a2"), b("b"), other("other");
  hub.Attach(a1, "p", "alice");
  hub.Attach(a2, "p", "alice");
  hub.Attach(b, "p", "bob");
  hub.Attach(other, "q", "alice");
  EXPECT_THAT(OfUser(hub, "p", "alice"), ElementsAre("a1", "a2"));
  EXPECT_THAT(OfUser(hub, "q", "alice"), ElementsAre("other"));
  EXPECT_THAT(OfUser(hub, "p", "carol"), IsEmpty());
  EXPECT_THAT(OfProject(hub, 0, "p"), UnorderedElementsAre("a1", "a2", "b"));
  EXPECT_THAT(OfProject(hub, 0, "r"), IsEmpty());
  EXPECT_EQ(hub.OldestOf("p", "alice"), &a1);
  EXPECT_EQ(hub.CountOf("p", "alice"), 2U);
  EXPECT_EQ(Hub::UserOf(b), "bob");
  EXPECT_EQ(Hub::ProjectOf(other), "q");
  for (Member* m : {&a1, &a2, &b, &other}) {
    hub.Detach(*m);
    hub.Detach(*m);  // twice does nothing
  }
  EXPECT_EQ(hub.members(), 0U);
}

TEST(Hub, ABroadcastReachesOnlyTheStreamsOfItsPartition) {
  constexpr Partition kPartitions = 4;
  Hub hub;
  hub.SetPartitions(kPartitions);
  std::vector<std::unique_ptr<Member>> members;
  for (int i = 0; i < 100; ++i) {
    const std::string user = "user" + std::to_string(i);
    members.push_back(std::make_unique<Member>(user));
    hub.Attach(*members.back(), "p", user);
  }
  std::size_t seen = 0;
  for (Partition partition = 0; partition < kPartitions; ++partition) {
    for (const std::string& user : OfProject(hub, partition, "p")) {
      EXPECT_EQ(PartitionOf("p", user, kPartitions), partition);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 100U);
  EXPECT_THAT(OfProject(hub, kPartitions, "p"), IsEmpty());
  for (const auto& member : members) {
    hub.Detach(*member);
  }
}

TEST(Hub, StaysConsistentUnderRandomAttachAndDetach) {
  Hub hub;
  hub.SetPartitions(3);
  std::mt19937 random(7);
  std::vector<std::unique_ptr<Member>> members;
  std::vector<std::pair<std::string, std::string>> whose(200);
  for (int i = 0; i < 200; ++i) {
    members.push_back(std::make_unique<Member>(std::to_string(i)));
  }
  for (int step = 0; step < 20'000; ++step) {
    const std::size_t i = random() % members.size();
    if (members[i]->attached()) {
      hub.Detach(*members[i]);
    } else {
      whose[i] = {"p" + std::to_string(random() % 3), "u" + std::to_string(random() % 20)};
      hub.Attach(*members[i], whose[i].first, whose[i].second);
    }
  }
  std::size_t attached = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (!members[i]->attached()) {
      continue;
    }
    ++attached;
    EXPECT_THAT(OfUser(hub, whose[i].first, whose[i].second),
                ::testing::Contains(members[i]->name));
    EXPECT_THAT(OfProject(hub, Hub::PartitionOfMember(*members[i]), whose[i].first),
                ::testing::Contains(members[i]->name));
  }
  EXPECT_EQ(hub.members(), attached);
  for (const auto& member : members) {
    hub.Detach(*member);
  }
}

TEST(Hub, FollowsAPartitionFromItsFirstPositionAndNeverBackwards) {
  Hub hub;
  EXPECT_FALSE(hub.following(0));
  EXPECT_FALSE(hub.following_all());
  hub.SetPartitions(2);
  EXPECT_FALSE(hub.following(0));
  hub.Advance(0, 0);
  EXPECT_TRUE(hub.following(0));
  EXPECT_FALSE(hub.following_all());
  hub.Advance(1, 50);
  hub.Advance(1, 40);
  hub.Advance(9, 40);
  EXPECT_TRUE(hub.following_all());
  EXPECT_EQ(hub.applied(1), 50U);
  EXPECT_FALSE(hub.following(9));
}

struct Timer final : WheelTimer {
  int fired = 0;
};

struct WheelTest : ::testing::Test {
  SteadyTime start{seconds(100)};
  Wheel wheel{start};
  void AdvanceTo(Duration since_start) {
    wheel.Advance(start + since_start, [](WheelTimer& t) { ++static_cast<Timer&>(t).fired; });
  }
};

TEST_F(WheelTest, FiresOnceNeverEarlyAndAtMostATickLate) {
  for (const milliseconds after :
       {milliseconds(1), milliseconds(20), milliseconds(21), milliseconds(20'480),
        milliseconds(20'481), milliseconds(61'003), milliseconds(3'600'000)}) {
    Timer timer;
    Wheel one(start);
    one.Arm(timer, start + after);
    const auto fire = [](WheelTimer& t) { ++static_cast<Timer&>(t).fired; };
    for (Duration at{0}; at < after; at += milliseconds(7)) {
      one.Advance(start + at, fire);
      ASSERT_EQ(timer.fired, 0) << after.count();
    }
    one.Advance(start + after + Wheel::kTick, fire);
    EXPECT_EQ(timer.fired, 1) << after.count();
    one.Advance(start + after * 2, fire);
    EXPECT_EQ(timer.fired, 1);
    EXPECT_EQ(one.armed(), 0U);
  }
}

TEST_F(WheelTest, CatchesUpAfterAPauseOfManyTurns) {
  Timer soon, late;
  wheel.Arm(soon, start + milliseconds(100));
  wheel.Arm(late, start + seconds(7200));
  AdvanceTo(seconds(3600));
  EXPECT_EQ(soon.fired, 1);
  EXPECT_EQ(late.fired, 0);
  AdvanceTo(seconds(7201));
  EXPECT_EQ(late.fired, 1);
}

TEST_F(WheelTest, RearmingMovesAndDisarmingStops) {
  Timer moved, stopped, past;
  wheel.Arm(moved, start + milliseconds(100));
  wheel.Arm(moved, start + milliseconds(500));
  wheel.Arm(stopped, start + milliseconds(100));
  wheel.Disarm(stopped);
  wheel.Disarm(stopped);
  wheel.Arm(past, start - seconds(5));
  EXPECT_EQ(wheel.armed(), 2U);
  AdvanceTo(milliseconds(400));
  EXPECT_EQ(moved.fired, 0);
  EXPECT_EQ(past.fired, 1);
  AdvanceTo(milliseconds(600));
  EXPECT_EQ(moved.fired, 1);
  EXPECT_EQ(stopped.fired, 0);
}

TEST_F(WheelTest, WhatFiresMayArmDisarmAndDestroyOthersThatAreDue) {
  auto first = std::make_unique<Timer>();
  auto second = std::make_unique<Timer>();
  auto third = std::make_unique<Timer>();
  for (Timer* timer : {first.get(), second.get(), third.get()}) {
    wheel.Arm(*timer, start + milliseconds(100));
  }
  int fired = 0;
  wheel.Advance(start + seconds(1), [&](WheelTimer& timer) {
    ++fired;
    if (&timer == first.get()) {
      wheel.Disarm(*second);
      second.reset();
      wheel.Arm(*first, start + seconds(2));
      wheel.Arm(*third, start + seconds(3));
    }
  });
  EXPECT_EQ(fired, 1);
  EXPECT_EQ(wheel.armed(), 2U);
  wheel.Disarm(*first);
  wheel.Disarm(*third);
}

StreamOptions CapsOf(std::int64_t process, std::int64_t project, std::int64_t address) {
  StreamOptions options;
  options.streams_max = process;
  options.per_project_max = project;
  options.per_address_max = address;
  return options;
}

// Which cap is reached; std::nullopt: none, and `permit` is taken.
std::optional<Caps::Refusal> Take(Caps& caps, const std::string& project,
                                  const std::string& address, Caps::Permit& permit) {
  auto taken = caps.Take(project, address);
  if (const auto* refusal = std::get_if<Caps::Refusal>(&taken)) {
    return *refusal;
  }
  permit = std::move(std::get<Caps::Permit>(taken));
  return std::nullopt;
}

TEST(Caps, SaysWhichOneIsReachedAndGivesRoomBack) {
  Caps caps(CapsOf(4, 3, 2));
  Caps::Permit p1, p2, p3, p4, q1, none;
  EXPECT_EQ(Take(caps, "p", "1.1.1.1", p1), std::nullopt);
  EXPECT_EQ(Take(caps, "p", "1.1.1.1", p2), std::nullopt);
  EXPECT_EQ(Take(caps, "p", "1.1.1.1", none), Caps::Refusal::kAddress);
  EXPECT_EQ(Take(caps, "p", "2.2.2.2", p3), std::nullopt);
  EXPECT_EQ(Take(caps, "p", "3.3.3.3", none), Caps::Refusal::kProject);
  EXPECT_EQ(Take(caps, "q", "3.3.3.3", q1), std::nullopt);
  EXPECT_EQ(caps.streams(), 4);
  EXPECT_EQ(Take(caps, "q", "4.4.4.4", none), Caps::Refusal::kProcess);
  EXPECT_TRUE(p1 && p2 && p3 && q1 && !none);
  p1.Release();
  p1.Release();
  EXPECT_EQ(caps.streams(), 3);
  EXPECT_EQ(Take(caps, "p", "1.1.1.1", p4), std::nullopt);
}

TEST(Caps, AMovedPermitIsCountedOnce) {
  Caps caps(CapsOf(10, 10, 10));
  {
    Caps::Permit first;
    EXPECT_EQ(Take(caps, "p", "a", first), std::nullopt);
    Caps::Permit second = std::move(first);
    Caps::Permit third;
    third = std::move(second);
    EXPECT_EQ(caps.streams(), 1);
  }
  EXPECT_EQ(caps.streams(), 0);
}

TEST(CatchUpGate, SendsWhatWaitsInFullBatchesWithABoundOnCalls) {
  CatchUpGate gate({1'000, 2}, 1);
  const SteadyTime now{seconds(1)};
  EXPECT_THAT(gate.Next(now), IsEmpty());
  for (CatchUpGate::Ticket ticket = 0; ticket < 200; ++ticket) {
    EXPECT_TRUE(gate.Add(ticket));
  }
  const auto first = gate.Next(now);
  EXPECT_THAT(first, SizeIs(64));
  EXPECT_EQ(first.front(), 0U);
  EXPECT_THAT(gate.Next(now), SizeIs(64));
  EXPECT_THAT(gate.Next(now), IsEmpty());  // two are under way
  gate.Answered();
  EXPECT_EQ(gate.Next(now).front(), 128U);
  EXPECT_EQ(gate.waiting(), 8U);
}

TEST(CatchUpGate, IsBounded) {
  CatchUpGate gate({2, 1}, 1);
  EXPECT_TRUE(gate.Add(1));
  EXPECT_TRUE(gate.Add(2));
  EXPECT_FALSE(gate.Add(3));
}

TEST(CatchUpGate, LeavesAnUnavailableStoreAloneThenAsksWithOneCallInTheOldOrder) {
  CatchUpGate gate({1'000, 4}, 1);
  SteadyTime now{seconds(1)};
  for (CatchUpGate::Ticket ticket = 0; ticket < 100; ++ticket) {
    gate.Add(ticket);
  }
  auto tickets = gate.Next(now);
  Duration waited{0};
  for (int failure = 0; failure < 10; ++failure) {
    gate.Unavailable(tickets, now);
    EXPECT_THAT(gate.Next(now), IsEmpty());
    const SteadyTime failed_at = now;
    while ((tickets = gate.Next(now)).empty()) {
      now += milliseconds(10);
      ASSERT_LT(now - failed_at, seconds(3));
    }
    waited = std::max(waited, now - failed_at);
    EXPECT_EQ(tickets.front(), 0U);
    EXPECT_THAT(gate.Next(now), IsEmpty());  // one call finds out
  }
  EXPECT_GT(waited, milliseconds(200));
  gate.Answered();
  EXPECT_THAT(gate.Next(now), SizeIs(36));
  EXPECT_EQ(gate.failures(), 0U);
}

}  // namespace
}  // namespace belfry::edge
