// SPDX-License-Identifier: Apache-2.0
// How late is too late, and what excuses it.
#include "tests/unit/checker/checker_fixture.h"

namespace belfry::test {
namespace {

using std::chrono::milliseconds;

// One client of carol, connected at 1 s, receives at 10.1 s what was acknowledged at 10 s. The
// bound is 2 s, the history goes on until 100 s.
class TimelyTest : public CheckerTest {
 protected:
  static constexpr std::int64_t kSecond = 1'000'000;

  TimelyTest() {
    history_ = {};
    options_.timely = milliseconds(2000);
    options_.recovery = milliseconds(3000);
    AddPublish("c-1", "carol", 21);
    PublishOf("c-1").asked_us = 2 * kSecond;
    PublishOf("c-1").answered_us = 10 * kSecond;
    ClientHistory& client = AddClient("hers", "carol");
    now_us_ = kSecond - 2000;
    Open(client, 20, true);
    Connected(client, 20);
    Notify(client, 21, "c-1");
    TellAt(10 * kSecond + kSecond / 10);
    Bookmark(client, 22);
    client.events.back().at_us = 100 * kSecond;
  }
  StreamEvent& Telling() { return EventThatTells("hers", "c-1"); }
  void TellAt(std::int64_t at_us) { Telling().at_us = at_us; }
  void InTrouble(std::int64_t from_us, std::int64_t to_us) {
    history_.troubles.push_back({"SIGKILL store", from_us, to_us});
  }
  std::size_t Excused() { return Judge().of(Clause::kTimely).excused; }
};

TEST_F(TimelyTest, AcceptsWhatIsDeliveredWithinTheBound) {
  for (const std::int64_t after : {0, 1, 2}) {
    TellAt((10 + after) * kSecond);
    ExpectKept();
  }
  EXPECT_EQ(Judge().of(Clause::kTimely).count, 1u);
  EXPECT_EQ(Excused(), 0u);
  TellAt(9 * kSecond);  // before the producer was answered
  ExpectKept();
}

TEST_F(TimelyTest, FlagsWhatIsDeliveredLater) {
  TellAt(12 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, IsNotJudgedWithoutABound) {
  TellAt(50 * kSecond);
  options_.timely = milliseconds(0);
  ExpectKept();
  EXPECT_EQ(Judge().OutcomeOf(Clause::kTimely), "not judged");
}

TEST_F(TimelyTest, FlagsWhatIsNeverDeliveredBesideTheClauseThatItIsMissingFrom) {
  Forget("hers", "c-1");
  ExpectBroken(Clause::kTimely, 21);
  ExpectBroken(Clause::kNoSilentGap, 21);
}

TEST_F(TimelyTest, FlagsWhatIsDeliveredLongAfterItExpired) {
  PublishOf("c-1").expires_us = 9 * kSecond;
  TellAt(11 * kSecond);
  ExpectKept();
  TellAt(11 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
  InTrouble(10 * kSecond, 11 * kSecond);
  ExpectKept();
}

// To a client that connects when it has expired, again.
TEST_F(TimelyTest, FlagsWhatAReplayDeliversAfterItExpired) {
  PublishOf("c-1").expires_us = 20 * kSecond;
  ClientHistory& client = ClientOf("hers");
  now_us_ = 30 * kSecond;
  Close(client);
  Open(client, 20, true);
  Connected(client, 20);
  Notify(client, 21, "c-1");
  std::sort(client.events.begin(), client.events.end(),
            [](const StreamEvent& a, const StreamEvent& b) { return a.at_us < b.at_us; });
  ExpectOnlyBroken(Clause::kTimely, 21);
}

// What was written to a stream that had just come up, and is read by a slow client.
TEST_F(TimelyTest, AStreamThatHadJustComeUpHasMoreTimeForWhatExpires) {
  PublishOf("c-1").expires_us = 2 * kSecond;
  TellAt(5 * kSecond);
  ExpectKept();
  TellAt(5 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, TroubleMovesTheDeadline) {
  InTrouble(11 * kSecond, 15 * kSecond);  // over at 15, recovered at 18, due by 20
  TellAt(20 * kSecond);
  ExpectKept();
  TellAt(20 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, TroubleBeforeAndAfterItExcusesNothing) {
  InTrouble(3 * kSecond, 7 * kSecond - 1);  // recovered just before
  InTrouble(12 * kSecond + 1, 20 * kSecond);
  TellAt(12 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, TroubleIntoWhichTheDeadlineMovesCountsToo) {
  InTrouble(16 * kSecond, 30 * kSecond);  // recovered at 33
  InTrouble(11 * kSecond, 15 * kSecond);
  TellAt(35 * kSecond);
  ExpectKept();
  TellAt(35 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, AClientThatWasNotConnectedThenIsExcused) {
  ClientOf("hers").events[1].at_us = 10 * kSecond + 1;
  TellAt(30 * kSecond);
  ExpectKept();
  EXPECT_EQ(Judge().OutcomeOf(Clause::kTimely), "not judged");
}

TEST_F(TimelyTest, AClientThatStillCatchesUpHasTheBoundTwice) {
  ClientOf("hers").events[1].at_us = 9 * kSecond;  // caught up at 11, due by 13
  TellAt(13 * kSecond);
  ExpectKept();
  TellAt(13 * kSecond + 1);
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, AClientThatLosesItsConnectionBeforeTheDeadlineIsExcused) {
  ClientHistory& client = ClientOf("hers");
  const StreamEvent bookmark = client.events[3];
  client.events.resize(2);
  Close(client);
  client.events.back().at_us = 12 * kSecond;
  Open(client, 20, true);
  Connected(client, 20);
  Notify(client, 21, "c-1");
  for (std::size_t i = 3; i < 6; ++i) {
    client.events[i].at_us = 50 * kSecond;
  }
  client.events.push_back(bookmark);
  ExpectKept();
  EXPECT_EQ(Excused(), 1u);
  client.events[2].at_us = 12 * kSecond + 1;
  ExpectOnlyBroken(Clause::kTimely, 21);
}

TEST_F(TimelyTest, AResetExcuses) {
  options_.resets_allowed = true;
  ClientHistory& client = ClientOf("hers");
  client.events.resize(2);
  Reset(client, "window_passed", 21, 21);
  client.events.back().at_us = 11 * kSecond;
  Bookmark(client, 22);
  client.events.back().at_us = 100 * kSecond;
  ExpectKept();
  EXPECT_EQ(Excused(), 1u);
}

TEST_F(TimelyTest, WhatExpiresBeforeItIsDueIsExcused) {
  Forget("hers", "c-1");
  PublishOf("c-1").expires_us = 12 * kSecond;
  ExpectKept();
  EXPECT_EQ(Excused(), 1u);
  PublishOf("c-1").expires_us = 12 * kSecond + 1;
  ExpectOnlyBroken(Clause::kTimely, 21);  // it had expired when the cursor passed it
}

TEST_F(TimelyTest, WhatIsDueAfterTheEndIsExcused) {
  ClientHistory& client = ClientOf("hers");
  client.events.resize(2);
  Bookmark(client, 20);
  client.events.back().at_us = 12 * kSecond - 1;
  client.left = true;
  ExpectKept();
  EXPECT_EQ(Excused(), 1u);
}

TEST_F(TimelyTest, WhatLiesBeforeAStreamsBeginningIsNotDue) {
  AddPublish("c-0", "carol", 15);
  PublishOf("c-0").asked_us = 0;
  PublishOf("c-0").answered_us = 10 * kSecond;
  ExpectKept();
  EXPECT_EQ(Judge().of(Clause::kTimely).count, 1u);
}

}  // namespace
}  // namespace belfry::test
