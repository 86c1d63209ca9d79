// SPDX-License-Identifier: Apache-2.0
// The operations of the inbox, each by what it means exactly, through the sequencer's rounds.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

// One user's inbox, in words.
struct Inbox : Rig {
  explicit Inbox(SequencerOptions with = {}) : Rig(std::move(with), 2) {}

  EntryId Notify(const std::string& user, const std::string& kind = "comment.created",
                 const std::string& collapse_key = "", std::int64_t expires_in_us = 0) {
    AppendItem item = Item(user, "key" + std::to_string(++keys));
    item.notification_kind = kind;
    item.collapse_key = collapse_key;
    item.expires_us = expires_in_us == 0 ? 0 : clock.UnixMicros() + expires_in_us;
    const auto answer = Append(std::move(item));
    return answer.ok() ? answer->id : 0;
  }
  EntryId Broadcast(const std::string& kind = "news", std::int64_t expires_in_us = 0) {
    AppendItem item = BroadcastItem("key" + std::to_string(++keys));
    item.notification_kind = kind;
    item.expires_us = expires_in_us == 0 ? 0 : clock.UnixMicros() + expires_in_us;
    const auto answer = Append(std::move(item));
    return answer.ok() ? answer->id : 0;
  }
  void Join(const std::string& user) { EXPECT_TRUE(Change(user, StateOp::kJoin, {}).ok()); }

  Result<StateUpdated> Update(StateUpdate update) {
    update.project = "acme";
    const auto answer = Append(UpdateItem(std::move(update)));
    return answer.ok() ? Result<StateUpdated>(*answer->updated)
                       : Result<StateUpdated>(Fail(answer.error()));
  }
  // All at once; how many commits it took.
  int CommitsOf(std::vector<AppendItem> items) {
    const int before = log.commits;
    const CallAnswer answer = Send(std::move(items));
    while (sequencer->Round()) {
    }
    EXPECT_TRUE((*answer)->ok());
    return log.commits - before;
  }
  static AppendItem AllItem(const std::string& user, StateOp op, EntryId up_to) {
    StateUpdate update{.project = "acme", .user_id = user};
    update.change.op = op;
    update.change.up_to = up_to;
    return UpdateItem(std::move(update));
  }

  Result<StateUpdated> Change(const std::string& user, StateOp op, std::vector<EntryId> ids) {
    StateUpdate update{.user_id = user};
    update.change.op = op;
    update.change.ids = std::move(ids);
    return Update(std::move(update));
  }
  Result<StateUpdated> All(const std::string& user, StateOp op, EntryId up_to,
                           const std::string& kind = "", bool only_read = false) {
    StateUpdate update{.user_id = user};
    update.change.op = op;
    update.change.up_to = up_to;
    update.change.kind = kind;
    update.change.only_read = only_read;
    return Update(std::move(update));
  }
  Result<StateUpdated> Mute(const std::string& user, std::vector<std::string> kinds) {
    StateUpdate update{.user_id = user};
    update.change.op = StateOp::kPreferences;
    update.change.muted_kinds = std::move(kinds);
    return Update(std::move(update));
  }

  ListPage List(const std::string& user, ListQuery query = {}) {
    query.project = "acme";
    query.user_id = user;
    log.now_us = clock.ExpiryMicros();
    auto page = log.List(query);
    EXPECT_TRUE(page.ok());
    return page.ok() ? std::move(*page) : ListPage{};
  }
  std::vector<EntryId> Ids(const std::string& user, ListQuery query = {}) {
    std::vector<EntryId> ids;
    for (const Entry& entry : List(user, std::move(query)).entries) {
      ids.push_back(entry.id);
    }
    return ids;
  }
  std::uint64_t Unread(const std::string& user) { return List(user).counts.unread; }
  std::uint64_t Unseen(const std::string& user) { return List(user).counts.unseen; }
  // The newest entry that was announced, which is a change of state.
  std::pair<Entry, StateChange> LastState() {
    const Entry entry = *listener.committed.back();
    EXPECT_EQ(entry.kind, EntryKind::kState);
    return {entry, DecodeStateChange(entry.payload.view()).value_or(StateChange{})};
  }
  std::size_t announced() const { return listener.committed.size(); }
  void Pass(std::chrono::seconds by) { clock.Advance(by); }

  int keys = 0;
};

TEST(Inbox, ANewUsersListReachesBackAsFarAsTheProjectSaysAndAsRead) {
  Inbox inbox({.broadcast_lookback = *ReadBroadcastLookback({"acme/1h", "1d"})});
  inbox.Broadcast();
  inbox.Pass(std::chrono::hours(2));
  const EntryId recent = inbox.Broadcast();
  inbox.Pass(std::chrono::minutes(30));
  inbox.Join("alice");
  const ListPage page = inbox.List("alice");
  ASSERT_EQ(page.entries.size(), 1);
  EXPECT_EQ(page.entries[0].id, recent);
  EXPECT_NE(page.entries[0].read_at_us, 0);
  EXPECT_EQ(page.counts.unread, 0);
  // It can be marked as any other one.
  EXPECT_EQ(inbox.Change("alice", StateOp::kUnread, {recent})->counts.unread, 1);
  const EntryId next = inbox.Broadcast();
  EXPECT_EQ(inbox.Ids("alice"), (std::vector{next, recent}));
  EXPECT_EQ(inbox.Unread("alice"), 2);
}

TEST(Inbox, AMarkSetsTheTimeOnceAsEachReadDoes) {
  Inbox inbox;
  inbox.Notify("alice");
  const EntryId first = inbox.Notify("alice");
  ASSERT_TRUE(inbox.All("alice", StateOp::kArchiveAll, first).ok());
  ListQuery archived;
  archived.archived = true;
  const std::int64_t read_at = inbox.List("alice", archived).entries[0].read_at_us;
  const std::int64_t archived_at = inbox.List("alice", archived).entries[0].archived_at_us;
  inbox.Pass(std::chrono::seconds(5));
  const EntryId second = inbox.Notify("alice");
  ASSERT_TRUE(inbox.All("alice", StateOp::kArchiveAll, second).ok());
  const ListPage page = inbox.List("alice", archived);
  ASSERT_EQ(page.entries.size(), 3);
  EXPECT_EQ(page.entries[1].read_at_us, read_at);
  EXPECT_EQ(page.entries[1].archived_at_us, archived_at);
  EXPECT_GT(page.entries[0].read_at_us, read_at);
  // Taken out and marked again, it is so since then.
  ASSERT_TRUE(inbox.Change("alice", StateOp::kUnread, {first}).ok());
  inbox.Pass(std::chrono::seconds(5));
  const EntryId third = inbox.Notify("alice");
  ASSERT_TRUE(inbox.All("alice", StateOp::kReadAll, third).ok());
  EXPECT_GT(inbox.List("alice", archived).entries[1].read_at_us, read_at);
}

TEST(Inbox, ReadIsSetOnceAndEachChangeIsOneEntryWithItsCounts) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  const EntryId b = inbox.Notify("alice", "like");
  const auto read = inbox.Change("alice", StateOp::kRead, {b, a, b});
  ASSERT_TRUE(read.ok() && read->changed);
  const auto [entry, change] = inbox.LastState();
  EXPECT_EQ(entry.user_id, "alice");
  EXPECT_EQ(change.op, StateOp::kRead);
  EXPECT_EQ(change.ids, (std::vector{a, b}));
  EXPECT_EQ(change.counts, (Counts{0, 0, {}, entry.id}));
  EXPECT_EQ(read->counts, change.counts);

  const std::int64_t read_at = inbox.List("alice").entries[0].read_at_us;
  EXPECT_EQ(read_at, inbox.clock.UnixMicros());
  inbox.Pass(std::chrono::seconds(1));
  const std::size_t announced = inbox.announced();
  const auto again = inbox.Change("alice", StateOp::kRead, {a});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(again->counts, read->counts);
  EXPECT_EQ(inbox.announced(), announced);
  EXPECT_EQ(inbox.List("alice").entries[0].read_at_us, read_at);
}

TEST(Inbox, UnreadRaisesTheCountAlsoBelowAReadAll) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice", "like");
  EXPECT_FALSE(inbox.Change("alice", StateOp::kUnread, {a})->changed);
  ASSERT_TRUE(inbox.All("alice", StateOp::kReadAll, a).ok());
  EXPECT_EQ(inbox.Unread("alice"), 0u);
  const auto unread = inbox.Change("alice", StateOp::kUnread, {a});
  EXPECT_EQ(unread->counts.by_kind, (std::vector<KindCount>{{"like", 1}}));
  EXPECT_EQ(inbox.Ids("alice", {.unread = true}), (std::vector{a}));
  const auto below = inbox.All("alice", StateOp::kReadAll, a);
  EXPECT_TRUE(below->changed) << "below the mark, but not for what was marked unread again";
  EXPECT_EQ(below->counts.unread, 0u);
  EXPECT_FALSE(inbox.All("alice", StateOp::kReadAll, a)->changed);
}

TEST(Inbox, ArchiveReadsAndUnarchiveNeverRaisesTheCount) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  EXPECT_EQ(inbox.Change("alice", StateOp::kArchive, {a})->counts.unread, 0u);
  EXPECT_TRUE(inbox.Ids("alice").empty());
  const ListPage archived = inbox.List("alice", {.archived = true});
  ASSERT_EQ(archived.entries.size(), 1u);
  EXPECT_NE(archived.entries[0].read_at_us, 0);
  EXPECT_NE(archived.entries[0].archived_at_us, 0);
  EXPECT_FALSE(inbox.Change("alice", StateOp::kArchive, {a})->changed);
  const auto back = inbox.Change("alice", StateOp::kUnarchive, {a});
  EXPECT_TRUE(back->changed);
  EXPECT_EQ(back->counts.unread, 0u);
  EXPECT_EQ(inbox.Ids("alice"), (std::vector{a}));
  EXPECT_FALSE(inbox.Change("alice", StateOp::kUnarchive, {a})->changed);
}

TEST(Inbox, WhatIsDeletedIsGoneFromListCountAndReplay) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  EXPECT_EQ(inbox.Change("alice", StateOp::kDelete, {a})->counts.unread, 0u);
  EXPECT_TRUE(inbox.Ids("alice").empty());
  const auto replayed = inbox.log.ReadFeed({"acme", "alice", 0});
  ASSERT_TRUE(replayed.ok());
  for (const Entry& entry : replayed->entries) {
    EXPECT_EQ(entry.kind, EntryKind::kState);
  }
  const auto again = inbox.Change("alice", StateOp::kDelete, {a});
  EXPECT_FALSE(again->changed);
  EXPECT_TRUE(again->not_found.empty()) << "it is so already";
  EXPECT_EQ(inbox.Change("alice", StateOp::kRead, {a})->not_found, (std::vector{a}));
}

TEST(Inbox, AnotherUsersNotificationIsNotFound) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  inbox.Notify("bob");
  const auto read = inbox.Change("bob", StateOp::kRead, {a});
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->not_found, (std::vector{a}));
  EXPECT_EQ(inbox.Unread("alice"), 1u);
}

TEST(Inbox, ReadAllLeavesWhatComesAfterItAndSaysHowFarItWent) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  const EntryId b = inbox.Notify("alice");
  EXPECT_EQ(inbox.All("alice", StateOp::kReadAll, a)->counts.unread, 1u);
  EXPECT_EQ(inbox.Ids("alice", {.unread = true}), (std::vector{b}));
  ASSERT_TRUE(inbox.All("alice", StateOp::kReadAll, kEntryIdMax)->changed);
  EXPECT_EQ(inbox.LastState().second.up_to, inbox.LastState().first.prev)
      << "a tab that hears of it must not take later ones for read";
  const EntryId c = inbox.Notify("alice");
  EXPECT_EQ(inbox.Ids("alice", {.unread = true}), (std::vector{c}));
}

TEST(Inbox, MarksOfOneUserAtOnceAreOneCommit) {
  Inbox inbox;
  inbox.Notify("alice");
  const EntryId b = inbox.Notify("alice");
  EXPECT_EQ(inbox.CommitsOf({Inbox::AllItem("alice", StateOp::kSeen, b), Item("alice", "new"),
                             Inbox::AllItem("alice", StateOp::kReadAll, kEntryIdMax),
                             Inbox::AllItem("alice", StateOp::kSeen, kEntryIdMax),
                             Inbox::AllItem("alice", StateOp::kReadAll, kEntryIdMax),
                             Inbox::AllItem("alice", StateOp::kArchiveAll, kEntryIdMax)}),
            1);
  EXPECT_EQ(inbox.Unread("alice"), 0u);
  EXPECT_TRUE(inbox.Ids("alice").empty());
}

TEST(Inbox, AMarkWaitsForTheCommitOfWhatItHasToCount) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  EXPECT_EQ(inbox.CommitsOf({Item("alice", "x"), Inbox::AllItem("alice", StateOp::kReadAll, a)}),
            2);
  EXPECT_EQ(inbox.Unread("alice"), 1u);
  EXPECT_EQ(inbox.CommitsOf({Item("alice", "y"), Inbox::AllItem("alice", StateOp::kSeen, a)}), 2);
  EXPECT_EQ(inbox.Unseen("alice"), 2u);
  StateUpdate unread{.project = "acme", .user_id = "alice"};
  unread.change.op = StateOp::kUnread;
  unread.change.ids = {a};
  EXPECT_EQ(inbox.CommitsOf({UpdateItem(unread), Inbox::AllItem("alice", StateOp::kReadAll, a)}),
            2);
  EXPECT_EQ(inbox.Unread("alice"), 2u);
}

TEST(Inbox, ReadAllAndArchiveAllTakeAKindAndOnlyWhatIsRead) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice", "comment.created");
  const EntryId b = inbox.Notify("alice", "like");
  const EntryId c = inbox.Broadcast("comment.system");
  EXPECT_EQ(inbox.All("alice", StateOp::kReadAll, c, "comment.")->counts.by_kind,
            (std::vector<KindCount>{{"like", 1}}));
  EXPECT_FALSE(inbox.All("alice", StateOp::kReadAll, c, "comment.")->changed);
  ASSERT_TRUE(inbox.All("alice", StateOp::kArchiveAll, c, "", true)->changed);
  EXPECT_EQ(inbox.Ids("alice"), (std::vector{b}));
  EXPECT_EQ(inbox.Ids("alice", {.archived = true}), (std::vector{c, a}));
  EXPECT_EQ(inbox.All("alice", StateOp::kArchiveAll, c)->counts.unread, 0u);
  EXPECT_TRUE(inbox.Ids("alice").empty());
}

TEST(Inbox, ReadAllReachesWhatIsArchivedAndUnread) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  EXPECT_TRUE(inbox.All("alice", StateOp::kArchiveAll, a).ok());
  ASSERT_TRUE(inbox.Change("alice", StateOp::kUnread, {a})->changed);
  EXPECT_EQ(inbox.Unread("alice"), 0u) << "it is archived";
  EXPECT_EQ(inbox.Ids("alice", {.unread = true, .archived = true}), (std::vector{a}));
  EXPECT_TRUE(inbox.All("alice", StateOp::kReadAll, a)->changed);
  EXPECT_EQ(inbox.Change("alice", StateOp::kUnarchive, {a})->counts.unread, 0u);
}

TEST(Inbox, SeenOnlyMovesUp) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  const EntryId b = inbox.Notify("alice");
  inbox.Broadcast();
  EXPECT_EQ(inbox.All("alice", StateOp::kSeen, b)->counts.unseen, 1u);
  EXPECT_EQ(inbox.Unread("alice"), 3u);
  EXPECT_FALSE(inbox.All("alice", StateOp::kSeen, a)->changed);
  EXPECT_EQ(inbox.Unseen("alice"), 1u);
  EXPECT_TRUE(inbox.Change("alice", StateOp::kRead, {a}).ok());
  EXPECT_EQ(inbox.Unseen("alice"), 1u);
  EXPECT_EQ(inbox.All("alice", StateOp::kSeen, kEntryIdMax)->counts.unseen, 0u);
  inbox.Notify("alice");
  EXPECT_EQ(inbox.Unseen("alice"), 1u);
}

TEST(Inbox, ABroadcastIsEachUsersOwnToReadArchiveAndDelete) {
  Inbox inbox;
  for (const char* user : {"alice", "bob", "carol", "dave"}) {
    inbox.Join(user);
  }
  const EntryId a = inbox.Broadcast();
  EXPECT_EQ(inbox.Change("alice", StateOp::kRead, {a})->counts.unread, 0u);
  EXPECT_FALSE(inbox.Change("alice", StateOp::kRead, {a})->changed);
  EXPECT_EQ(inbox.Change("alice", StateOp::kUnread, {a})->counts.unread, 1u);
  EXPECT_EQ(inbox.Change("bob", StateOp::kArchive, {a})->counts.unread, 0u);
  EXPECT_EQ(inbox.Ids("bob", {.archived = true}), (std::vector{a}));
  EXPECT_EQ(inbox.Change("carol", StateOp::kDelete, {a})->counts.unread, 0u);
  EXPECT_TRUE(inbox.Ids("carol").empty());
  EXPECT_EQ(inbox.Change("carol", StateOp::kRead, {a})->not_found, (std::vector{a}));
  EXPECT_EQ(inbox.Unread("dave"), 1u);
}

TEST(Inbox, WhoJoinsLateHasNoPast) {
  Inbox inbox;
  inbox.Broadcast();
  EXPECT_TRUE(inbox.List("alice").unknown_user);
  EXPECT_EQ(inbox.Unread("alice"), 0u);
  const EntryId own = inbox.Notify("alice");
  const EntryId later = inbox.Broadcast();
  EXPECT_EQ(inbox.Ids("alice"), (std::vector{later, own}));
  EXPECT_EQ(inbox.Unread("alice"), 2u);
  inbox.Join("bob");
  const int commits = inbox.log.commits;
  inbox.Join("bob");
  EXPECT_EQ(inbox.log.commits, commits) << "once is enough";
  EXPECT_EQ(inbox.Unread("bob"), 0u);
}

TEST(Inbox, AMutedKindIsSuppressedFromThereOnAndNotBefore) {
  Inbox inbox({.critical_kinds = ReadCriticalKinds({"security."})});
  const EntryId before = inbox.Notify("alice", "digest.weekly");
  const EntryId old = inbox.Broadcast("digest.weekly");
  const auto muted = inbox.Mute("alice", {"digest.", "digest."});
  ASSERT_TRUE(muted->changed);
  EXPECT_EQ(muted->counts.unread, 2u) << "not retroactive";
  EXPECT_EQ(inbox.LastState().second.muted_kinds, (std::vector<std::string>{"digest."}));
  EXPECT_FALSE(inbox.Mute("alice", {"digest."})->changed);
  AppendItem item = Item("alice", "muted");
  item.notification_kind = "digest.daily";
  const auto suppressed = inbox.Append(item);
  ASSERT_TRUE(suppressed.ok());
  EXPECT_TRUE(suppressed->suppressed);
  EXPECT_EQ(suppressed->id, 0u);
  inbox.Broadcast("digest.weekly");
  EXPECT_EQ(inbox.Unread("alice"), 2u);
  EXPECT_EQ(inbox.List("alice").muted_kinds, (std::vector<std::string>{"digest."}));

  EXPECT_TRUE(inbox.Mute("alice", {}).ok());
  EXPECT_EQ(inbox.Ids("alice"), (std::vector{old, before})) << "nothing comes back";
  inbox.Broadcast("digest.weekly");
  EXPECT_EQ(inbox.Unread("alice"), 3u);
}

TEST(Inbox, CriticalKindsCannotBeMutedAndReachEverybody) {
  Inbox inbox({.critical_kinds = ReadCriticalKinds({"acme/security."})});
  EXPECT_EQ(inbox.Mute("alice", {"security.login"}).error().reason, "KIND_CRITICAL");
  ASSERT_TRUE(inbox.Mute("alice", {"sec"}).ok());
  EXPECT_NE(inbox.Notify("alice", "security.login"), 0u);
  EXPECT_EQ(inbox.Notify("alice", "second"), 0u);
  inbox.Broadcast("security.login");
  EXPECT_EQ(inbox.Unread("alice"), 2u);
}

TEST(Inbox, ARecordDoesNotGrowWithEveryChangeOfMind) {
  Inbox inbox;
  inbox.Join("alice");
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(inbox.Mute("alice", {"digest."}).ok());
    inbox.Broadcast(i == 7 ? "digest.weekly" : "news");
    EXPECT_TRUE(inbox.Mute("alice", {}).ok());
  }
  EXPECT_EQ(inbox.log.record("acme", "alice")->muted_kinds.size(), 1u);
  EXPECT_EQ(inbox.Unread("alice"), 49u);
}

TEST(Inbox, ACollapseKeyReplacesInTheSameCommit) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice", "like", "post-1");
  EXPECT_TRUE(inbox.Change("alice", StateOp::kRead, {a}).ok());
  const int commits = inbox.log.commits;
  const EntryId b = inbox.Notify("alice", "like", "post-1");
  EXPECT_EQ(inbox.log.commits, commits + 1);
  EXPECT_EQ(inbox.LastState().second.op, StateOp::kReplaced);
  EXPECT_EQ(inbox.LastState().second.ids, (std::vector{a}));
  EXPECT_EQ(inbox.LastState().second.counts->unread, 1u) << "the new one is unread";
  // Several at once are one commit.
  const int before = inbox.log.commits;
  std::vector<AppendItem> items;
  for (const char* key : {"x", "y", "z"}) {
    AppendItem item = Item("alice", key);
    item.notification_kind = "like";
    item.collapse_key = "post-1";
    items.push_back(item);
  }
  const CallAnswer answer = inbox.Send(items);
  while (inbox.sequencer->Round()) {
  }
  ASSERT_TRUE((*answer)->ok());
  EXPECT_EQ(inbox.log.commits, before + 1);
  const ListPage page = inbox.List("alice");
  ASSERT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(page.entries[0].collapsed_count, 4u);
  EXPECT_EQ(page.entries[0].replaces, (***answer)[1]->id);
  EXPECT_EQ(page.counts.by_kind, (std::vector<KindCount>{{"like", 1}}));
  EXPECT_EQ(inbox.Change("alice", StateOp::kUnread, {b})->not_found, (std::vector{b}));
  EXPECT_NE(inbox.Notify("alice", "like", "post-2"), 0u);
  EXPECT_EQ(inbox.Unread("alice"), 2u);
}

TEST(Inbox, RetractTakesBackOnceAndOnlyWhatIsThere) {
  Inbox inbox;
  inbox.Join("bob");
  const EntryId a = inbox.Notify("alice");
  EXPECT_EQ(inbox.Change("bob", StateOp::kRetracted, {a}).error().code, Code::kNotFound);
  EXPECT_TRUE(inbox.Change("alice", StateOp::kRetracted, {a})->changed);
  EXPECT_EQ(inbox.Unread("alice"), 0u);
  EXPECT_TRUE(inbox.Ids("alice").empty());
  const auto again = inbox.Change("alice", StateOp::kRetracted, {a});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->changed);

  const EntryId b = inbox.Broadcast();
  EXPECT_EQ(inbox.Unread("bob"), 1u);
  EXPECT_TRUE(inbox.Change("", StateOp::kRetracted, {b})->changed);
  const auto [entry, change] = inbox.LastState();
  EXPECT_TRUE(entry.user_id.empty());
  EXPECT_EQ(entry.broadcast_id, b);
  EXPECT_FALSE(change.counts.has_value());
  EXPECT_EQ(inbox.Unread("bob"), 0u);
  EXPECT_FALSE(inbox.Change("", StateOp::kRetracted, {b})->changed);
  EXPECT_EQ(inbox.Change("", StateOp::kRetracted, {a}).error().code, Code::kNotFound);
}

TEST(Inbox, RetractOfWhatTheUserHasDeletedChangesNothing) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  EXPECT_TRUE(inbox.Change("alice", StateOp::kDelete, {a})->changed);
  const auto retracted = inbox.Change("alice", StateOp::kRetracted, {a});
  ASSERT_TRUE(retracted.ok());
  EXPECT_FALSE(retracted->changed);
}

TEST(Inbox, RetractByKeyFindsWhatWasPublishedWithIt) {
  Inbox inbox;
  inbox.Join("bob");
  const EntryId own = inbox.Notify("alice");  // key1
  inbox.Broadcast();                          // key2
  const auto retract = [&inbox](const std::string& key, bool broadcasts) {
    StateUpdate update{.idempotency_key = key, .may_retract_broadcast = broadcasts};
    update.change.op = StateOp::kRetracted;
    return inbox.Update(std::move(update));
  };
  EXPECT_EQ(retract("key9", true).error().code, Code::kNotFound);
  EXPECT_TRUE(retract("key1", false)->changed);
  EXPECT_EQ(inbox.LastState().second.ids, (std::vector{own}));
  EXPECT_EQ(inbox.LastState().first.user_id, "alice");
  EXPECT_FALSE(retract("key1", false)->changed);
  EXPECT_EQ(retract("key2", false).error().code, Code::kPermissionDenied);
  EXPECT_EQ(inbox.Unread("bob"), 1u);
  EXPECT_TRUE(retract("key2", true)->changed);
  EXPECT_EQ(inbox.Unread("bob"), 0u);
}

TEST(Inbox, WhatExpiresLeavesTheCountAtOneEntryOfItsOwn) {
  for (const auto crash :
       {FakeEventLog::NextCommit::kWorks, FakeEventLog::NextCommit::kFailsUnwritten,
        FakeEventLog::NextCommit::kFailsWritten}) {
    Inbox inbox;
    const EntryId a = inbox.Notify("alice", "like", "", 1'000'000);
    const EntryId b = inbox.Notify("alice", "like", "", 1'000'000);
    const EntryId read = inbox.Notify("alice", "like", "", 1'000'000);
    const EntryId kept = inbox.Notify("alice", "like", "", 9'000'000);
    EXPECT_TRUE(inbox.Change("alice", StateOp::kRead, {read}).ok());
    const std::string version = inbox.List("alice").version;
    EXPECT_FALSE(*inbox.sequencer->Expire(10));
    inbox.Pass(std::chrono::seconds(1));
    EXPECT_EQ(inbox.Ids("alice"), (std::vector{kept}));
    EXPECT_EQ(inbox.Change("alice", StateOp::kUnread, {read})->not_found, (std::vector{read}));
    if (crash != FakeEventLog::NextCommit::kWorks) {
      inbox.log.next_commit = crash;
      EXPECT_FALSE(inbox.sequencer->Expire(10).ok());
      inbox.log.next_commit = FakeEventLog::NextCommit::kWorks;
      inbox.Restart();
    }
    ASSERT_TRUE(inbox.sequencer->Expire(10).ok());
    const EntryPtr last = inbox.log.log(PartitionOf("acme", "alice", 2)).back();
    const auto change = DecodeStateChange(last->payload.view());
    ASSERT_TRUE(change.has_value());
    EXPECT_EQ(change->op, StateOp::kExpired);
    EXPECT_EQ(change->ids, (std::vector{a, b, read}));
    EXPECT_EQ(change->counts, (Counts{1, 1, {{"like", 1}}, last->id}));
    EXPECT_EQ(inbox.List("alice").counts, change->counts);
    EXPECT_NE(inbox.List("alice").version, version) << "an old list is not still so";
    // A clock that has gone back brings nothing back.
    inbox.clock.SetUnixMicros(inbox.clock.UnixMicros() - 5'000'000);
    inbox.Restart();
    EXPECT_EQ(inbox.Ids("alice"), (std::vector{kept}));
    EXPECT_EQ(inbox.Change("alice", StateOp::kUnread, {read})->not_found, (std::vector{read}));
  }
}

TEST(Inbox, ExpiryGoesInBoundedSteps) {
  Inbox inbox;
  for (int i = 0; i < 7; ++i) {
    inbox.Notify("user" + std::to_string(i), "like", "", 1'000'000);
  }
  inbox.Pass(std::chrono::seconds(2));
  EXPECT_TRUE(*inbox.sequencer->Expire(3));
  EXPECT_TRUE(*inbox.sequencer->Expire(3));
  EXPECT_FALSE(*inbox.sequencer->Expire(3));
  const int commits = inbox.log.commits;
  EXPECT_FALSE(*inbox.sequencer->Expire(3));
  EXPECT_EQ(inbox.log.commits, commits);
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(inbox.Unread("user" + std::to_string(i)), 0u);
  }
}

TEST(Inbox, ABroadcastExpiresForEverybodyAtOnce) {
  Inbox inbox;
  inbox.Join("alice");
  inbox.Join("bob");
  const EntryId a = inbox.Broadcast("news", 1'000'000);
  EXPECT_TRUE(inbox.Change("bob", StateOp::kRead, {a}).ok());
  inbox.Pass(std::chrono::seconds(1));
  EXPECT_EQ(inbox.Unread("alice"), 1u) << "until an entry says so";
  EXPECT_TRUE(inbox.Ids("alice").empty());
  const std::size_t announced = inbox.announced();
  ASSERT_TRUE(inbox.sequencer->Expire(10).ok());
  EXPECT_EQ(inbox.announced(), announced + 2) << "one in each partition";
  EXPECT_EQ(inbox.LastState().second.op, StateOp::kExpired);
  EXPECT_EQ(inbox.Unread("alice"), 0u);
  EXPECT_EQ(inbox.List("alice").counts.up_to, inbox.LastState().first.id);
}

TEST(Inbox, RetirementTakesOnlyWhatStillCounted) {
  Inbox inbox;
  std::vector<EntryId> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(inbox.Notify("alice", "like"));
  }
  EXPECT_TRUE(inbox.Change("alice", StateOp::kRead, {ids[0]}).ok());
  EXPECT_TRUE(inbox.Change("alice", StateOp::kDelete, {ids[1]}).ok());
  EXPECT_TRUE(inbox.Change("alice", StateOp::kRetracted, {ids[2]}).ok());
  const Partition partition = PartitionOf("acme", "alice", 2);
  std::vector<EntryPtr> oldest = inbox.log.log(partition);
  oldest.resize(4);
  ASSERT_TRUE(inbox.sequencer->Retire(partition, oldest).ok());
  EXPECT_EQ(inbox.Ids("alice"), (std::vector{ids[5], ids[4]}));
  EXPECT_EQ(inbox.List("alice").counts.by_kind, (std::vector<KindCount>{{"like", 2}}));
  EXPECT_EQ(inbox.Change("alice", StateOp::kUnread, {ids[0]})->not_found, (std::vector{ids[0]}));
  EXPECT_EQ(inbox.List("alice").oldest_id, ids[3]);
}

TEST(Inbox, AProjectHasSoManyLiveBroadcastsAndNoMore) {
  Inbox inbox({.broadcasts_live_max = 2});
  inbox.Broadcast("news", 1'000'000);
  const EntryId b = inbox.Broadcast();
  EXPECT_EQ(inbox.Append(BroadcastItem("c")).error().reason, "BROADCASTS_LIVE");
  EXPECT_TRUE(inbox.Change("", StateOp::kRetracted, {b}).ok());
  EXPECT_TRUE(inbox.Append(BroadcastItem("c")).ok());
  EXPECT_FALSE(inbox.Append(BroadcastItem("d")).ok());
  inbox.Pass(std::chrono::seconds(1));
  ASSERT_TRUE(inbox.sequencer->Expire(10).ok());
  EXPECT_TRUE(inbox.Append(BroadcastItem("d")).ok());
}

TEST(Inbox, ADiskThatCannotBeReadChangesNothing) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  inbox.Notify("alice");
  const Counts before = inbox.List("alice").counts;
  const auto entries = inbox.log.entries();
  inbox.log.reads_fail = true;
  EXPECT_EQ(inbox.Change("alice", StateOp::kRead, {a}).error().code, Code::kUnavailable);
  EXPECT_EQ(inbox.All("alice", StateOp::kReadAll, a, "comment.").error().code, Code::kUnavailable);
  EXPECT_FALSE(inbox.sequencer->Expire(10).ok());
  inbox.log.reads_fail = false;
  EXPECT_EQ(inbox.log.entries(), entries);
  EXPECT_EQ(inbox.List("alice").counts, before);
  EXPECT_EQ(inbox.Change("alice", StateOp::kRead, {a})->counts.unread, 1u);
}

TEST(Inbox, UpdatesOfOneUserInOneRoundSeeEachOther) {
  Inbox inbox;
  const EntryId a = inbox.Notify("alice");
  const EntryId b = inbox.Notify("alice");
  const auto update = [](StateOp op, std::vector<EntryId> ids, EntryId up_to) {
    StateUpdate one{.project = "acme", .user_id = "alice"};
    one.change.op = op;
    one.change.ids = std::move(ids);
    one.change.up_to = up_to;
    return UpdateItem(std::move(one));
  };
  const CallAnswer answer = inbox.Send(
      {update(StateOp::kRead, {a}, 0), update(StateOp::kRead, {a}, 0), Item("alice", "x"),
       update(StateOp::kReadAll, {}, kEntryIdMax), update(StateOp::kUnread, {b}, 0)});
  while (inbox.sequencer->Round()) {
  }
  ASSERT_TRUE((*answer)->ok());
  const AppendResults& results = ***answer;
  EXPECT_EQ(results[0]->updated->counts.unread, 1u);
  EXPECT_FALSE(results[1]->updated->changed);
  EXPECT_EQ(results[1]->updated->counts, results[0]->updated->counts);
  EXPECT_EQ(results[3]->updated->counts.unread, 0u);
  EXPECT_EQ(results[4]->updated->counts.unread, 1u);
  EXPECT_EQ(inbox.Ids("alice", {.unread = true}), (std::vector{b}));
}

TEST(Inbox, AnErrorOfOneItemIsItsOwn) {
  Inbox inbox({.critical_kinds = ReadCriticalKinds({"security."})});
  StateUpdate muted{.project = "acme", .user_id = "alice"};
  muted.change.op = StateOp::kPreferences;
  muted.change.muted_kinds = {"security."};
  StateUpdate absent{.project = "acme", .user_id = "alice"};
  absent.change.op = StateOp::kRetracted;
  absent.change.ids = {7};
  const CallAnswer answer = inbox.Send({UpdateItem(muted), Item("alice", "x"), UpdateItem(absent)});
  while (inbox.sequencer->Round()) {
  }
  ASSERT_TRUE((*answer)->ok());
  EXPECT_EQ((***answer)[0].error().reason, "KIND_CRITICAL");
  EXPECT_TRUE((***answer)[1].ok());
  EXPECT_EQ((***answer)[2].error().code, Code::kNotFound);
  EXPECT_EQ(inbox.Unread("alice"), 1u);
}

TEST(Inbox, AKindThatIsNamedCountsAllOfItsKind) {
  Inbox inbox;
  inbox.Notify("alice", "k0");
  for (int i = 1; i < 70; ++i) {
    inbox.Notify("alice", "k" + std::to_string(i));
  }
  EXPECT_TRUE(inbox.All("alice", StateOp::kReadAll, kEntryIdMax).ok());
  inbox.Notify("alice", "k69");  // it has no counter of its own
  inbox.Broadcast("k69");
  inbox.Broadcast("k0");
  EXPECT_EQ(inbox.List("alice").counts.by_kind, (std::vector<KindCount>{{"", 2}, {"k0", 1}}));
}

}  // namespace
}  // namespace belfry::store
