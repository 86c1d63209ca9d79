// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/sequencer.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

using NextCommit = FakeEventLog::NextCommit;

TEST(Sequencer, GivesTheTimeAsIdAndLinksEachEntryToTheOneBefore) {
  Rig rig({}, 1);
  const auto first = rig.Append(Item("alice", "k1"));
  const auto second = rig.Append(Item("bob", "k2"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->id, static_cast<EntryId>(rig.clock.UnixMicros()));
  EXPECT_EQ(second->id, first->id + 1);
  EXPECT_EQ(first->created_us, rig.clock.UnixMicros());
  ASSERT_EQ(rig.log.log(0).size(), 2u);
  EXPECT_EQ(rig.log.log(0)[0]->prev, 0u);
  EXPECT_EQ(rig.log.log(0)[1]->prev, first->id);
}

TEST(Sequencer, WritesEverythingThatWaitsInOneCommit) {
  Rig rig;
  std::vector<CallAnswer> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(rig.Send({Item("user" + std::to_string(i), "a" + std::to_string(i)),
                                Item("user" + std::to_string(i), "b" + std::to_string(i))}));
  }
  EXPECT_TRUE(rig.sequencer->Round());
  EXPECT_EQ(rig.log.commits, 1);
  EXPECT_EQ(rig.log.entries(), 100u);
  for (const CallAnswer& answer : answers) {
    ASSERT_TRUE(answer->has_value() && (*answer)->ok());
    EXPECT_TRUE((***answer)[0].ok() && (***answer)[1].ok());
  }
  EXPECT_FALSE(rig.sequencer->Round());
}

TEST(Sequencer, AnswersNobodyAndAnnouncesNothingBeforeTheCommit) {
  Rig rig;
  const CallAnswer answer = rig.Send({Item("alice", "k")});
  EXPECT_FALSE(answer->has_value());
  EXPECT_TRUE(rig.listener.committed.empty());
  rig.sequencer->Round();
  EXPECT_TRUE(answer->has_value());
  ASSERT_EQ(rig.listener.committed.size(), 1u);
  EXPECT_EQ(rig.listener.committed[0]->user_id, "alice");
}

TEST(Sequencer, AnswersARepeatWithTheFirstResultAcrossARestart) {
  Rig rig;
  const auto first = rig.Append(Item("alice", "k"));
  rig.clock.Advance(std::chrono::minutes(5));
  const auto repeat = rig.Append(Item("alice", "k"));
  rig.Restart();
  const auto after_restart = rig.Append(Item("alice", "k"));
  ASSERT_TRUE(first.ok() && repeat.ok() && after_restart.ok());
  EXPECT_EQ(*repeat, (Appended{first->id, first->created_us, true}));
  EXPECT_EQ(*after_restart, *repeat);
  EXPECT_EQ(rig.log.entries(), 1u);
  EXPECT_EQ(rig.log.commits, 1) << "a repeat needs no commit";
}

TEST(Sequencer, StoresARepeatWithinOneRoundOnce) {
  Rig rig;
  const CallAnswer one = rig.Send({Item("alice", "k"), Item("alice", "k")});
  const CallAnswer two = rig.Send({Item("alice", "k")});
  const CallAnswer misuse = rig.Send({Item("alice", "k", "Other")});
  rig.sequencer->Round();
  EXPECT_EQ(rig.log.entries(), 1u);
  const Appended first = *(***one)[0];
  EXPECT_FALSE(first.duplicate);
  EXPECT_EQ(*(***one)[1], (Appended{first.id, first.created_us, true}));
  EXPECT_EQ(*(***two)[0], (Appended{first.id, first.created_us, true}));
  EXPECT_EQ((***misuse)[0].error().code, Code::kFailedPrecondition);
}

TEST(Sequencer, RefusesAKeyThatWasUsedWithAnotherContent) {
  Rig rig;
  ASSERT_TRUE(rig.Append(Item("alice", "k", "Hello")).ok());
  const auto misuse = rig.Append(Item("alice", "k", "Bye"));
  ASSERT_FALSE(misuse.ok());
  EXPECT_EQ(misuse.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(misuse.error().reason, "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(rig.log.entries(), 1u);
}

TEST(Sequencer, KeepsTheKeysOfProjectsApart) {
  Rig rig;
  AppendItem other = Item("alice", "k", "Bye");
  other.project = "globex";
  ASSERT_TRUE(rig.Append(Item("alice", "k")).ok());
  const auto stored = rig.Append(std::move(other));
  ASSERT_TRUE(stored.ok());
  EXPECT_FALSE(stored->duplicate);
}

TEST(Sequencer, ForgetsAKeyAfterItsTime) {
  Rig rig;
  const auto first = rig.Append(Item("alice", "k"));
  rig.clock.Advance(std::chrono::hours(24) - std::chrono::microseconds(1));
  EXPECT_TRUE(rig.Append(Item("alice", "k"))->duplicate);
  rig.clock.Advance(std::chrono::microseconds(1));
  const auto again = rig.Append(Item("alice", "k"));
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->duplicate);
  EXPECT_GT(again->id, first->id);
}

TEST(Sequencer, KeepsAKeyForItsTimeWhateverTheClockIsSetTo) {
  GuardedRig rig;
  const auto first = rig.Append(Item("alice", "k"));
  rig.clock.SetUnixMicros(rig.clock.UnixMicros() + 365 * 24 * 3600 * 1'000'000ll);
  EXPECT_EQ(rig.Append(Item("alice", "k")), (Appended{first->id, first->created_us, true}));
  const auto ahead = rig.Append(Item("alice", "made a year ahead"));
  rig.clock.SetUnixMicros(first->created_us);
  rig.clock.Advance(std::chrono::hours(24));
  EXPECT_FALSE(rig.Append(Item("alice", "made a year ahead"))->duplicate) << "nor any longer";
}

TEST(Sequencer, LooksUpNoKeyThatIsFresh) {
  Rig rig;
  AppendItem fresh = Item("alice", "made-by-ingest");
  fresh.idempotency_key_fresh = true;
  ASSERT_TRUE(rig.Append(fresh).ok());
  EXPECT_EQ(rig.log.rows_asked[Table::kKeys], 0);
  // The retry of the same call is not fresh any more and must find it.
  fresh.idempotency_key_fresh = false;
  EXPECT_TRUE(rig.Append(fresh)->duplicate);
}

TEST(Sequencer, GoesOnUpwardsWhenTheClockIsSetBack) {
  Rig rig({}, 1);
  const auto before = rig.Append(Item("alice", "k1"));
  rig.clock.SetUnixMicros(rig.clock.UnixMicros() - 3'600'000'000);
  const auto after = rig.Append(Item("alice", "k2"));
  rig.Restart();
  const auto restarted = rig.Append(Item("alice", "k3"));
  EXPECT_EQ(after->id, before->id + 1);
  EXPECT_EQ(restarted->id, before->id + 2);
}

TEST(Sequencer, StaysAheadAfterAClockThatWasYearsAhead) {
  Rig rig({}, 1);
  const std::int64_t now = rig.clock.UnixMicros();
  rig.clock.SetUnixMicros(now + 10'000'000'000'000'000 / 30);
  const auto ahead = rig.Append(Item("alice", "k1"));
  rig.clock.SetUnixMicros(now);
  EXPECT_EQ(rig.Append(Item("alice", "k2"))->id, ahead->id + 1);
}

TEST(Sequencer, GivesNoIdTwiceWhateverThePartition) {
  Rig rig({}, 4);
  std::vector<AppendItem> items;
  for (int i = 0; i < 1'000; ++i) {
    items.push_back(i % 100 == 99 ? BroadcastItem("b" + std::to_string(i))
                                  : Item("user" + std::to_string(i % 50), "k" + std::to_string(i)));
  }
  const CallAnswer answer = rig.Send(std::move(items));
  ASSERT_TRUE(rig.sequencer->Round());
  EntryId last = 0;
  for (const Result<Appended>& result : ***answer) {
    ASSERT_TRUE(result.ok());
    ASSERT_GT(result->id, last);
    last = result->id;
  }
}

TEST(Sequencer, GoesOnAboveTheGreatestIdOfAnyPartition) {
  Rig rig({}, 4);
  const auto ahead = static_cast<EntryId>(rig.clock.UnixMicros()) + 1'000'000;
  for (Partition p = 0; p < 4; ++p) {
    rig.log.SetPosition({p, ahead - p, 0});
  }
  rig.Restart();
  for (int i = 0; i < 8; ++i) {
    const auto name = std::to_string(i);
    EXPECT_EQ(rig.Append(Item("user" + name, "k" + name))->id, ahead + 1 + static_cast<EntryId>(i));
  }
}

TEST(NextId, UsesNoClockBeyondTheLargestId) {
  EXPECT_EQ(NextId(7, std::numeric_limits<std::int64_t>::max()), 8u);
  EXPECT_EQ(NextId(7, -1), 8u);
  EXPECT_EQ(NextId(0, 0), 1u);
  EXPECT_EQ(NextId(7, static_cast<std::int64_t>(kEntryIdMax)), kEntryIdMax);
  EXPECT_EQ(NextId(kEntryIdMax - 1, 5), kEntryIdMax);
  EXPECT_EQ(NextId(kEntryIdMax, 5), 0u);
}

TEST(Sequencer, RefusesWhatHasNoIdLeft) {
  Rig rig({}, 1);
  rig.log.SetPosition({0, kEntryIdMax, 0});
  rig.Restart();
  const auto refused = rig.Append(Item("alice", "k"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "IDS_EXHAUSTED");
  EXPECT_EQ(rig.log.entries(), 0u);
  EXPECT_FALSE(rig.Append(BroadcastItem("b")).ok());
}

TEST(Sequencer, CountsUnreadExactly) {
  Rig rig({.users_cached_max = 2});
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(rig.Append(Item("user" + std::to_string(i % 5), std::to_string(i))).ok());
  }
  for (int user = 0; user < 5; ++user) {
    EXPECT_EQ(rig.log.record("acme", "user" + std::to_string(user))->unread(), 6u);
  }
}

TEST(Sequencer, ReadsTheHeadOfAnActiveUserOnce) {
  Rig rig;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(rig.Append(Item("alice", std::to_string(i))).ok());
  }
  EXPECT_EQ(rig.log.rows_asked[Table::kUsers], 1);
}

TEST(Sequencer, WritesABroadcastIntoEveryPartitionUnderOneId) {
  Rig rig({}, 4);
  ASSERT_TRUE(rig.Append(Item("alice", "k")).ok());
  const auto first = rig.Append(BroadcastItem("b1"));
  const auto second = rig.Append(BroadcastItem("b2"));
  ASSERT_TRUE(first.ok() && second.ok());
  for (Partition p = 0; p < 4; ++p) {
    const auto log = rig.log.log(p);
    ASSERT_GE(log.size(), 2u);
    const Entry& a = *log[log.size() - 2];
    const Entry& b = *log[log.size() - 1];
    EXPECT_EQ(a.id, first->id);
    EXPECT_EQ(a.broadcast_id, first->id);
    EXPECT_EQ(b.id, second->id);
    EXPECT_EQ(b.prev, first->id);
    EXPECT_TRUE(b.user_id.empty());
  }
  EXPECT_EQ(rig.log.commits, 3);
  rig.Restart();
  EXPECT_EQ(*rig.Append(BroadcastItem("b2")), (Appended{second->id, second->created_us, true}));
  rig.clock.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(rig.Append(BroadcastItem("b3")).ok());
  EXPECT_EQ(rig.log.tables().Project("acme").live.size(), 3u);
}

TEST(Sequencer, ReportsAFullQueueAndStoresNothingOfIt) {
  Rig rig({.queue = {.items_max = 2}});
  const CallAnswer taken = rig.Send({Item("a", "1"), Item("a", "2")});
  const CallAnswer refused = rig.Send({Item("a", "3")});
  ASSERT_TRUE(refused->has_value() && (*refused)->ok());
  const Error& error = (***refused)[0].error();
  EXPECT_EQ(error.code, Code::kResourceExhausted);
  EXPECT_EQ(error.reason, "QUEUE_FULL");
  EXPECT_TRUE(error.retry_after.has_value());
  rig.sequencer->Round();
  EXPECT_TRUE(taken->has_value());
  EXPECT_EQ(rig.log.entries(), 2u);
  EXPECT_TRUE(rig.Append(Item("a", "3")).ok());
}

TEST(Sequencer, DropsWhatNobodyWaitsForBeforeTheRound) {
  Rig rig;
  bool gone = false;
  const CallAnswer cancelled =
      rig.Send({Item("a", "1")}, SteadyTime::max(), [&gone] { return gone; });
  const CallAnswer late = rig.Send({Item("a", "2")}, rig.clock.Now() + std::chrono::seconds(1));
  const CallAnswer kept = rig.Send({Item("a", "3")}, rig.clock.Now() + std::chrono::seconds(3));
  gone = true;
  rig.clock.Advance(std::chrono::seconds(1));
  rig.sequencer->Round();
  EXPECT_EQ((***cancelled)[0].error().code, Code::kCancelled);
  EXPECT_EQ((***late)[0].error().code, Code::kDeadlineExceeded);
  EXPECT_TRUE((***kept)[0].ok());
  EXPECT_EQ(rig.log.entries(), 1u);
  EXPECT_FALSE(rig.Append(Item("a", "1"))->duplicate) << "it was never stored";
}

TEST(Sequencer, TakesABoundedRound) {
  Rig rig({.round_items_max = 3});
  for (int i = 0; i < 5; ++i) {
    rig.Send({Item("a", std::to_string(i) + "x"), Item("a", std::to_string(i) + "y")});
  }
  int rounds = 0;
  while (rig.sequencer->Round()) {
    ++rounds;
  }
  EXPECT_EQ(rounds, 5);
  EXPECT_EQ(rig.log.entries(), 10u);
}

TEST(Sequencer, CutsARoundIntoCommitsOfBoundedSize) {
  constexpr std::size_t kMax = 16u << 10;
  Rig rig({.commit_bytes_max = kMax});
  std::vector<CallAnswer> answers;
  for (int call = 0; call < 10; ++call) {
    std::vector<AppendItem> items;
    for (int i = 0; i < 20; ++i) {
      const std::string key = std::to_string(call) + "." + std::to_string(i);
      items.push_back(i % 5 == 0 ? BroadcastItem(key)
                                 : Item("user" + std::to_string(i), key, std::string(500, 'x')));
    }
    answers.push_back(rig.Send(std::move(items)));
  }
  int rounds = 0;
  std::size_t answered_early = 0;
  while (rig.sequencer->Round()) {
    ++rounds;
    answered_early += answers.back()->has_value() ? 0 : answers.front()->has_value();
  }
  EXPECT_GT(rounds, 5);
  EXPECT_GT(answered_early, 0u) << "a call waits for no commit but its own";
  EXPECT_LE(rig.log.largest_commit_bytes, kMax);
  EXPECT_GT(rig.log.largest_commit_bytes, kMax / 2);
  EXPECT_EQ(rig.log.entries(), 10u * (16 + 4 * 4));
  EntryId last = 0;
  for (const CallAnswer& answer : answers) {
    ASSERT_TRUE(answer->has_value());
    ASSERT_EQ((**answer)->size(), 20u);
    for (const auto& result : ***answer) {
      ASSERT_TRUE(result.ok());
      EXPECT_GT(result->id, last);
      last = result->id;
    }
  }
  EXPECT_EQ(rig.log.record("acme", "user1")->unread(), 10u);
}

TEST(Sequencer, NeverCutsAnItem) {
  Rig rig({.commit_bytes_max = 64});
  const CallAnswer answer = rig.Send({Item("alice", "1"), BroadcastItem("2"), Item("bob", "3")});
  for (int commits = 1; commits <= 3; ++commits) {
    EXPECT_FALSE(answer->has_value());
    EXPECT_TRUE(rig.sequencer->Round());
    EXPECT_EQ(rig.log.commits, commits);
  }
  EXPECT_FALSE(rig.sequencer->Round());
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ(rig.log.entries(), 6u);
}

TEST(Sequencer, AnswersACallUnknownWhenItsSecondCommitFails) {
  Rig rig({.commit_bytes_max = 64});
  const CallAnswer whole = rig.Send({Item("alice", "1")});
  const CallAnswer cut = rig.Send({Item("alice", "2"), Item("alice", "3")});
  rig.sequencer->Round();
  rig.sequencer->Round();
  rig.log.next_commit = NextCommit::kFailsUnwritten;
  rig.sequencer->Round();
  ASSERT_TRUE(whole->has_value() && (*whole)->ok());
  ASSERT_TRUE(cut->has_value());
  EXPECT_EQ((*cut)->error().code, Code::kUnavailable);
  rig.log.next_commit = NextCommit::kWorks;
  rig.Restart();
  EXPECT_TRUE(rig.Append(Item("alice", "2"))->duplicate);
  EXPECT_FALSE(rig.Append(Item("alice", "3"))->duplicate);
}

TEST(Sequencer, AnswersUnknownAndStopsForGoodWhenACommitFails) {
  for (const NextCommit how : {NextCommit::kFailsUnwritten, NextCommit::kFailsWritten}) {
    Rig rig;
    ASSERT_TRUE(rig.Append(Item("alice", "k0")).ok());
    rig.listener.committed.clear();
    rig.log.next_commit = how;
    const CallAnswer failed = rig.Send({Item("alice", "k1")});
    rig.sequencer->Round();
    ASSERT_TRUE(failed->has_value());
    ASSERT_FALSE((*failed)->ok());
    EXPECT_EQ((*failed)->error().code, Code::kUnavailable);
    EXPECT_EQ(rig.failures.size(), 1u);
    EXPECT_TRUE(rig.sequencer->failed());
    EXPECT_TRUE(rig.listener.committed.empty()) << "announced what may not be durable";

    rig.log.next_commit = NextCommit::kWorks;
    const int commits = rig.log.commits;
    const CallAnswer later = rig.Send({Item("alice", "k2")});
    rig.sequencer->Round();
    EXPECT_EQ((*later)->error().code, Code::kUnavailable);
    EXPECT_FALSE(rig.sequencer->Probe().ok());
    EXPECT_EQ(rig.log.commits, commits) << "wrote after an unknown outcome";

    // Recovery tells the truth, and a retry with the same key is stored once either way.
    rig.Restart();
    const auto retried = rig.Append(Item("alice", "k1"));
    ASSERT_TRUE(retried.ok());
    EXPECT_EQ(retried->duplicate, how == NextCommit::kFailsWritten);
    EXPECT_EQ(rig.log.record("acme", "alice")->unread(), 2u);
  }
}

TEST(Sequencer, AnswersUnavailableAndGoesOnWhenARowCannotBeRead) {
  Rig rig;
  rig.log.reads_fail = true;
  EXPECT_EQ(rig.Append(Item("alice", "k")).error().code, Code::kUnavailable);
  EXPECT_FALSE(rig.sequencer->failed());
  rig.log.reads_fail = false;
  const auto stored = rig.Append(Item("alice", "k"));
  ASSERT_TRUE(stored.ok());
  EXPECT_FALSE(stored->duplicate);
  EXPECT_EQ(rig.log.record("acme", "alice")->unread(), 1u);
}

TEST(Sequencer, RefusesNewItemsAtTheDisksReserveAndAnswersRepeats) {
  Rig rig;
  ASSERT_TRUE(rig.Append(Item("alice", "k1")).ok());
  EXPECT_TRUE(rig.disk.Update(999));
  const auto refused = rig.Append(Item("alice", "k2"));
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_EQ(refused.error().reason, "DISK_RESERVE");
  EXPECT_TRUE(rig.Append(Item("alice", "k1"))->duplicate);
  EXPECT_EQ(rig.log.commits, 1);
  EXPECT_FALSE(rig.disk.Update(1'100)) << "not yet enough above the reserve";
  EXPECT_FALSE(rig.Append(Item("alice", "k2")).ok());
  EXPECT_TRUE(rig.disk.Update(1'125));
  EXPECT_FALSE(rig.Append(Item("alice", "k2"))->duplicate);
}

TEST(Sequencer, AnswersCallsThatWaitAfterItIsClosed) {
  Rig rig;
  const CallAnswer waiting = rig.Send({Item("alice", "k1")});
  rig.sequencer->Close();
  const CallAnswer late = rig.Send({Item("alice", "k2")});
  EXPECT_EQ((*late)->error().code, Code::kUnavailable);
  EXPECT_TRUE(rig.sequencer->Round());
  EXPECT_TRUE((***waiting)[0].ok());
}

}  // namespace
}  // namespace belfry::store
