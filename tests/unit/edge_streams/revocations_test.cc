// SPDX-License-Identifier: Apache-2.0
// What is known of revoked tokens, and what becomes of streams that were opened with one.
#include "services/edge/core/revocations.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

#include "libs/common/revocation.h"
#include "services/edge/core/revocation_loader.h"
#include "tests/unit/edge_streams/core_world.h"

namespace belfry::edge {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000;
const ManualClock kClock;  // later than all that is revoked here

TEST(Revocations, ATokenOfTheSameSecondIsVoidAndOneOfTheNextIsGood) {
  Revocations table(RevocationOptions(), kClock);
  EXPECT_FALSE(table.IsRevoked("p", "alice", 0));
  table.Revoke("p", "alice", 1'000 * kSecond + 1);
  EXPECT_TRUE(table.IsRevoked("p", "alice", 999));
  EXPECT_TRUE(table.IsRevoked("p", "alice", 1'000)) << "it may be older than the revocation";
  EXPECT_FALSE(table.IsRevoked("p", "alice", 1'001));
  EXPECT_FALSE(table.IsRevoked("p", "alicia", 0));
  EXPECT_FALSE(table.IsRevoked("q", "alice", 0));
}

TEST(Revocations, AProjectsHoldsForAllItsUsers) {
  Revocations table(RevocationOptions(), kClock);
  table.Revoke("p", "", 1'000 * kSecond);
  EXPECT_TRUE(table.IsRevoked("p", "alice", 1'000));
  EXPECT_FALSE(table.IsRevoked("p", "alice", 1'001));
  EXPECT_FALSE(table.IsRevoked("q", "alice", 0));
}

TEST(Revocations, OfTwoTheLaterOneHoldsInWhateverOrderTheyCome) {
  Revocations table(RevocationOptions(), kClock);
  table.Revoke("p", "alice", 2'000 * kSecond);
  table.Revoke("p", "alice", 1'000 * kSecond);
  EXPECT_TRUE(table.IsRevoked("p", "alice", 2'000));
  EXPECT_EQ(table.size(), 1u);
}

TEST(Revocations, ForgetsWhatNoTokenCanBeOldEnoughFor) {
  Revocations table({.users_max = 10, .keep_s = 100}, kClock);
  table.Revoke("p", "alice", 1'000 * kSecond);
  table.Revoke("p", "bob", 1'100 * kSecond);
  EXPECT_EQ(table.size(), 2u);
  table.Revoke("p", "carol", 1'101 * kSecond);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_FALSE(table.IsRevoked("p", "alice", 0));
  EXPECT_TRUE(table.IsRevoked("p", "bob", 0));
}

TEST(Revocations, ForgetsNoneForOneClockThatIsAhead) {
  ManualClock clock(2'000 * kSecond);
  Revocations table({.users_max = 10, .keep_s = 100}, clock);
  table.Revoke("p", "alice", 2'000 * kSecond);
  table.Revoke("p", "bob", 90'000 * kSecond);  // the store's clock, a day ahead
  EXPECT_TRUE(table.IsRevoked("p", "alice", 2'000));
  clock.SetUnixMicros(2'010 * kSecond);
  table.Revoke("p", "carol", 2'010 * kSecond);  // it is right again
  EXPECT_TRUE(table.IsRevoked("p", "carol", 2'010));
  Revocations other({.users_max = 10, .keep_s = 100}, clock);
  clock.SetUnixMicros(90'000 * kSecond);  // the edge's
  other.Revoke("p", "alice", 2'000 * kSecond);
  other.Revoke("p", "bob", 2'001 * kSecond);
  EXPECT_TRUE(other.IsRevoked("p", "alice", 2'000));
}

TEST(Revocations, WhatIsOldMakesRoomBeforeATableIsFull) {
  Revocations table({.users_max = 2, .keep_s = 100}, kClock);
  table.Revoke("p", "alice", 1'000 * kSecond);
  table.Revoke("p", "bob", 1'000 * kSecond);
  table.Revoke("p", "carol", 2'000 * kSecond);
  EXPECT_FALSE(table.IsRevoked("p", "dave", 1'999));
  EXPECT_TRUE(table.IsRevoked("p", "carol", 1'999));
  EXPECT_EQ(table.size(), 1u);
}

TEST(Revocations, AFullTableRevokesTheProjectRatherThanForgetOne) {
  Revocations table({.users_max = 2, .keep_s = 1'000}, kClock);
  table.Revoke("p", "alice", 1'000 * kSecond);
  table.Revoke("p", "bob", 1'000 * kSecond);
  table.Revoke("p", "carol", 1'050 * kSecond);
  EXPECT_TRUE(table.IsRevoked("p", "carol", 1'050));
  EXPECT_TRUE(table.IsRevoked("p", "dave", 1'050));
  EXPECT_FALSE(table.IsRevoked("p", "dave", 1'051));
  table.Revoke("p", "alice", 1'060 * kSecond);  // whom it has
  EXPECT_TRUE(table.IsRevoked("p", "alice", 1'060));
  EXPECT_FALSE(table.IsRevoked("p", "bob", 1'060));
}

// Answers with the pages that the test has put there, and fails without one.
class FakeSource final : public RevocationSource {
 public:
  void ReadRevocations(const std::string& after, OnRevocations done) override {
    asked.push_back(after);
    if (held) {
      waiting = std::move(done);
      return;
    }
    Answer(done);
  }
  void Answer(const OnRevocations& done) {
    if (pages.empty()) {
      return done(Fail(Code::kUnavailable, "the test says so"));
    }
    AudiencePage page = std::move(pages.front());
    pages.pop_front();
    done(std::move(page));
  }

  std::vector<std::string> asked;
  std::deque<AudiencePage> pages;
  bool held = false;
  OnRevocations waiting;
};

TEST(RevocationLoader, ReadsPageByPageAndTriesAgain) {
  Revocations table(RevocationOptions(), kClock);
  FakeSource source;
  RevocationLoader loader(source, table, Log());
  EXPECT_FALSE(loader.Poll());
  EXPECT_TRUE(source.asked.empty()) << "nobody wants it yet";
  loader.Want();
  EXPECT_FALSE(table.loaded()) << "the store has failed";
  source.pages = {{.next_after = "x", .revocations = {{"p", "alice", 1'000 * kSecond}}},
                  {.revocations = {{"q", "", 1'000 * kSecond}}}};
  EXPECT_TRUE(loader.Poll());
  EXPECT_EQ(source.asked, (std::vector<std::string>{"", "", "x"}));
  EXPECT_TRUE(table.loaded());
  EXPECT_TRUE(table.IsRevoked("p", "alice", 1'000));
  EXPECT_TRUE(table.IsRevoked("q", "bob", 1'000));
  EXPECT_FALSE(loader.Poll()) << "once";
}

TEST(RevocationLoader, AGapDuringALoadBeginsAnotherOne) {
  Revocations table(RevocationOptions(), kClock);
  FakeSource source;
  RevocationLoader loader(source, table, Log());
  source.held = true;
  loader.Want();
  loader.Want();  // what it knows from now on, and the first call may be older
  EXPECT_EQ(source.asked.size(), 1u);
  source.held = false;
  source.pages = {{}, {.revocations = {{"p", "alice", 1'000 * kSecond}}}};
  source.Answer(std::exchange(source.waiting, {}));
  EXPECT_TRUE(loader.Poll());
  EXPECT_EQ(source.asked.size(), 2u);
  EXPECT_TRUE(table.IsRevoked("p", "alice", 1'000));
}

TEST(RevocationLoader, ReadsWhatWasRevokedWhereTheLogWasPassedOver) {
  Revocations table(RevocationOptions(), kClock);
  FakeSource source;
  RevocationLoader loader(source, table, Log());
  loader.OnBatch(Batch());
  EXPECT_TRUE(source.asked.empty());
  Batch gap;
  gap.gap = true;
  source.pages = {{.revocations = {{"p", "alice", 1'000 * kSecond}}}};
  loader.OnBatch(gap);
  EXPECT_TRUE(loader.Poll());
  EXPECT_TRUE(table.IsRevoked("p", "alice", 1'000));
}

// A world with streams of tokens that were issued when the test says.
struct TokenWorld : World {
  using World::World;
  int AttachIssued(const std::string& user, std::int64_t issued, const std::string& project = "p",
                   std::uint64_t signed_by = 1) {
    issued_s = issued;
    key = signed_by;
    const int socket = Attach(user, {}, {}, project);
    Turn();
    return socket;
  }
  // As the store has it: at `at_s`.
  void Send(EntryKind kind, const std::string& user, std::int64_t at_s,
            const std::string& project = "p") {
    const Partition of_user = user.empty() ? 0 : PartitionOf(project, user, partitions);
    for (Partition p = 0; p < partitions; ++p) {
      if (user.empty() || p == of_user) {
        Entry entry =
            *log.Commit({.kind = kind, .partition = p, .project = project, .user_id = user});
        entry.created_us = at_s * kSecond;
        Deliver({std::make_shared<const Entry>(std::move(entry))});
      }
    }
  }
};

TEST(RevokedStreams, TheUsersOlderOnesEndAndNoOtherDoes) {
  TokenWorld w({}, 4);
  const int older = w.AttachIssued("alice", 1'000);
  const int newer = w.AttachIssued("alice", 1'002);
  const int bob = w.AttachIssued("bob", 1'000);
  const int elsewhere = w.AttachIssued("alice", 1'000, "q");
  w.Send(EntryKind::kRevoked, "alice", 1'001);
  EXPECT_EQ(w.Bye(older), "revoked");
  EXPECT_EQ(w.Bye(newer), "");
  EXPECT_EQ(w.Bye(bob), "");
  EXPECT_EQ(w.Bye(elsewhere), "");
  EXPECT_TRUE(w.revocations.IsRevoked("p", "alice", 1'001)) << "every core can know it from here";
  const int again = w.AttachIssued("alice", 1'001);
  EXPECT_EQ(w.Bye(again), "revoked") << "verified on another core, before it was known";
}

TEST(RevokedStreams, AProjectsAllEnd) {
  TokenWorld w({}, 4);
  std::vector<int> streams;
  for (const char* user : {"alice", "bob", "carol", "dave", "erin"}) {
    streams.push_back(w.AttachIssued(user, 1'000));
  }
  const int elsewhere = w.AttachIssued("alice", 1'000, "q");
  w.Send(EntryKind::kRevoked, "", 1'000);
  for (const int stream : streams) {
    EXPECT_EQ(w.Bye(stream), "revoked");
  }
  EXPECT_EQ(w.Bye(elsewhere), "");
}

TEST(RevokedStreams, AKickClosesThemAndVoidsNothing) {
  TokenWorld w;
  const int stream = w.AttachIssued("alice", 1'000);
  const int bob = w.AttachIssued("bob", 1'000);
  w.Send(EntryKind::kKicked, "alice", 1'001);
  EXPECT_EQ(w.Bye(stream), "draining") << "come back soon";
  EXPECT_EQ(w.Bye(bob), "");
  EXPECT_EQ(w.Bye(w.AttachIssued("alice", 1'000)), "");
}

TEST(RevokedStreams, NoStreamIsToldOfTheEntryButItsCursorMoves) {
  TokenWorld w;
  const int bob = w.AttachIssued("bob", 1'000);
  w.Send(EntryKind::kRevoked, "alice", 1'001);
  const EntryPtr next = w.Notify("bob");
  EXPECT_EQ(w.Told(bob), std::vector<EntryId>{next->id});
  EXPECT_EQ(w.Count(bob, "state"), 0);
}

TEST(RevokedStreams, WithTheirKeyTheyEnd) {
  TokenWorld w;
  const int gone = w.AttachIssued("alice", 1'000, "p", 7);
  const int kept = w.AttachIssued("alice", 1'000, "p", 8);
  w.streams->CloseRevoked([](std::uint64_t key) { return key == 8; });
  w.Turn();
  EXPECT_EQ(w.Bye(gone), "revoked");
  EXPECT_EQ(w.Bye(kept), "");
}

TEST(RevokedStreams, WhatALoadBroughtEndsThemToo) {
  TokenWorld w;
  const int stream = w.AttachIssued("alice", 1'000);
  w.revocations.Revoke("p", "alice", 1'000 * kSecond);
  w.streams->CloseRevoked([](std::uint64_t) { return true; });
  w.Turn();
  EXPECT_EQ(w.Bye(stream), "revoked");
}

TEST(RevokedStreams, NobodyIsLetInBeforeTheTableIsThere) {
  TokenWorld w;
  Revocations empty(RevocationOptions(), w.clock);
  Streams streams(w.options, w.caps, empty, w.transport, w.renderer, w.clock, w.metrics, 1);
  streams.SetPartitions(1);
  streams.Deliver(Batch());
  StreamRequest request;
  request.socket = 99;
  request.project = "p";
  request.user_id = "alice";
  request.expires_s = w.expires_s;
  streams.Attach(std::move(request));
  std::ignore = streams.EndTurn();
  EXPECT_EQ(w.Bye(99), "overloaded");
}

}  // namespace
}  // namespace belfry::edge
