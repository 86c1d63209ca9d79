// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/guarded_clock.h"

#include <gtest/gtest.h>

#include <limits>

#include "services/store/core/retention.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kYear{24 * 365};
constexpr hours kGrace{24};

std::int64_t Micros(std::chrono::microseconds time) { return time.count(); }

struct ClockRig {
  explicit ClockRig(std::optional<std::int64_t> known_us = std::nullopt) {
    guarded.Begin(known_us ? known_us : clock.UnixMicros());
  }
  void Jump(std::chrono::microseconds by) { clock.SetUnixMicros(clock.UnixMicros() + by.count()); }
  // What is believed after a tick, beside where it began.
  std::int64_t Passed() {
    const std::int64_t read_us = guarded.ExpiryMicros();
    guarded.Tick();
    EXPECT_EQ(guarded.ExpiryMicros(), read_us) << "a read sees what a tick then does";
    return read_us - began_us;
  }

  ManualClock clock;
  const std::int64_t began_us = clock.UnixMicros();
  GuardedClock guarded{{minutes(30), kGrace}, clock, {}, {}};
};

TEST(GuardedClock, ExpiresNothingBeforeItBegins) {
  const ManualClock clock;
  const GuardedClock guarded({}, clock, {}, {});
  EXPECT_EQ(guarded.ExpiryMicros(), 0);
  EXPECT_EQ(guarded.UnixMicros(), clock.UnixMicros());
}

TEST(GuardedClock, IsDrawnTowardsTheWallClockBySmallSteps) {
  for (const int sign : {1, -1}) {
    ClockRig rig;
    rig.clock.Advance(seconds(10));
    EXPECT_EQ(rig.Passed(), Micros(seconds(10)));
    rig.Jump(sign * seconds(2));
    EXPECT_EQ(rig.Passed(), Micros(seconds(10)));
    // However often it is asked.
    for (int i = 0; i < 10'000; ++i) {
      rig.clock.Advance(std::chrono::microseconds(100'100));
      rig.Passed();
    }
    EXPECT_EQ(rig.Passed(),
              Micros(seconds(1'011)) + sign * Micros(std::chrono::milliseconds(1'001)));
    rig.clock.Advance(hours(1));
    EXPECT_EQ(rig.guarded.ExpiryMicros(), rig.clock.UnixMicros());
  }
}

TEST(GuardedClock, LosesNothingHoweverOftenItIsAsked) {
  ClockRig rig;
  rig.Jump(kYear);
  for (int i = 0; i < 1'000; ++i) {
    rig.clock.Advance(std::chrono::nanoseconds(1'500));
    rig.Passed();
  }
  EXPECT_EQ(rig.Passed(), 1'500);
}

TEST(GuardedClock, GoesOnSteadilyWhileTheWallClockIsElsewhereAndBackWithIt) {
  for (const std::chrono::microseconds jump : {+kYear, -kYear}) {
    ClockRig rig;
    rig.Jump(jump);
    EXPECT_EQ(rig.Passed(), 0);
    rig.clock.Advance(hours(23));
    EXPECT_EQ(rig.Passed(), Micros(hours(23)));
    rig.Jump(-jump);
    EXPECT_EQ(rig.Passed(), Micros(hours(23)));
    // The next one is another, with a grace time of its own.
    rig.Jump(jump);
    rig.clock.Advance(hours(23));
    EXPECT_EQ(rig.Passed(), Micros(hours(46)));
  }
}

TEST(GuardedClock, AcceptsAJumpThatLasts) {
  for (const std::chrono::microseconds jump : {+kYear, -kYear}) {
    ClockRig rig;
    rig.Jump(jump);
    EXPECT_EQ(rig.Passed(), 0);
    rig.clock.Advance(kGrace - seconds(1));
    EXPECT_EQ(rig.Passed(), Micros(kGrace - seconds(1)));
    rig.clock.Advance(seconds(1));
    EXPECT_EQ(rig.Passed(), Micros(jump + kGrace));
    rig.clock.Advance(seconds(1));
    EXPECT_EQ(rig.Passed(), Micros(jump + kGrace + seconds(1)));
  }
}

TEST(GuardedClock, AReadChangesNothing) {
  ClockRig rig;
  rig.Jump(kYear);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(rig.guarded.ExpiryMicros(), rig.began_us + Micros(hours(24 * i)));
    rig.clock.Advance(hours(24));
  }
  rig.guarded.Tick();  // the jump is noticed now, and its grace time begins
  EXPECT_EQ(rig.Passed(), Micros(hours(72)));
  rig.clock.Advance(kGrace - seconds(1));
  EXPECT_EQ(rig.Passed(), Micros(hours(96) - seconds(1)));
  rig.clock.Advance(seconds(1));
  EXPECT_EQ(rig.Passed(), Micros(kYear + hours(96)));
}

TEST(GuardedClock, SuspectsAnotherJumpAnew) {
  ClockRig rig;
  rig.Jump(kYear);
  EXPECT_EQ(rig.Passed(), 0);
  rig.clock.Advance(hours(23));
  rig.Jump(kYear);
  EXPECT_EQ(rig.Passed(), Micros(hours(23)));
  rig.clock.Advance(hours(23));
  EXPECT_EQ(rig.Passed(), Micros(hours(46)));
}

TEST(GuardedClock, SuspectsAtTheStartWhatIsFarFromTheNotedTime) {
  const ManualClock now;
  const std::int64_t month_ago = now.UnixMicros() - Micros(hours(24 * 30));
  ClockRig rig(month_ago);
  EXPECT_EQ(rig.guarded.ExpiryMicros(), month_ago);
  rig.clock.Advance(kGrace);
  EXPECT_EQ(rig.Passed(), Micros(kGrace)) << "the machine was off for a month";

  ClockRig restarted(now.UnixMicros() - Micros(minutes(10)));
  EXPECT_EQ(restarted.Passed(), 0);
}

TEST(GuardedClock, AcceptsAtOnceWithoutAGraceTime) {
  ManualClock clock;
  GuardedClock guarded({minutes(30), seconds(0)}, clock, {}, {});
  guarded.Begin(clock.UnixMicros() - Micros(kYear));
  EXPECT_EQ(guarded.ExpiryMicros(), clock.UnixMicros());
  clock.SetUnixMicros(clock.UnixMicros() + Micros(kYear));
  EXPECT_EQ(guarded.ExpiryMicros(), clock.UnixMicros());
}

TEST(GuardedClock, ReckonsWithAnyWallClock) {
  for (const auto wild : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                          std::numeric_limits<std::int64_t>::max()}) {
    ClockRig rig;
    rig.clock.SetUnixMicros(wild);
    EXPECT_EQ(rig.Passed(), 0);
    rig.clock.Advance(seconds(0));
  }
}

TEST(GuardedClock, RetentionKeepsWhatAClockAYearAheadCallsOld) {
  constexpr hours kWindow{24 * 30};
  GuardedRig rig(1);
  Retention retention({kWindow, 1'000}, *rig.sequencer, rig.log, rig.guarded, {}, {});
  const auto first = rig.Append(Item("alice", "1"));
  rig.clock.Advance(hours(1));
  rig.Jump(kYear);
  EXPECT_FALSE(retention.Step());
  EXPECT_EQ(rig.log.Heads()[0].floor, 0u);
  rig.Jump(-kYear);
  rig.clock.Advance(kWindow - hours(1));
  EXPECT_TRUE(retention.Step()) << "its own time has come";
  EXPECT_EQ(rig.log.Heads()[0].floor, first->id);
}

// A store that comes up before its machine knows the time gives no ids that are old already.
TEST(GuardedClock, RetentionKeepsWhatAClockAYearBackWrote) {
  constexpr hours kWindow{24 * 30};
  GuardedRig rig(1);
  Retention retention({kWindow, 1'000}, *rig.sequencer, rig.log, rig.guarded, {}, {});
  rig.Jump(-kYear);
  const auto written = rig.Append(Item("alice", "1"));
  EXPECT_EQ(written->created_us, rig.clock.UnixMicros()) << "the clock's own word";
  rig.Jump(kYear);
  rig.clock.Advance(hours(1));
  EXPECT_FALSE(retention.Step());
  EXPECT_EQ(rig.log.Heads()[0].floor, 0u);
}

TEST(GuardedClock, RetentionNeverGoesBeyondTheWallClock) {
  GuardedRig rig(1);
  Retention retention({hours(2), 1'000}, *rig.sequencer, rig.log, rig.guarded, {}, {});
  ASSERT_TRUE(rig.Append(Item("alice", "1")).ok());
  rig.clock.Advance(hours(3));
  rig.Jump(-hours(2));
  EXPECT_FALSE(retention.Step());
}

TEST(GuardedClock, AnIdempotencyKeyLivesItsTimeWhateverTheWallClockSays) {
  for (const std::chrono::microseconds jump : {+kYear, -kYear}) {
    GuardedRig rig;
    const auto before = rig.Append(Item("alice", "before"));
    rig.clock.Advance(minutes(1));
    rig.Jump(jump);
    const auto during = rig.Append(Item("alice", "during"));
    EXPECT_EQ(rig.Append(Item("alice", "before"))->id, before->id);
    rig.clock.Advance(minutes(1));
    rig.Jump(-jump);
    EXPECT_EQ(rig.Append(Item("alice", "before"))->id, before->id);
    EXPECT_EQ(rig.Append(Item("alice", "during"))->id, during->id);
    rig.clock.Advance(hours(24));
    EXPECT_NE(rig.Append(Item("alice", "before"))->id, before->id) << "it is free again";
  }
}

}  // namespace
}  // namespace belfry::store
