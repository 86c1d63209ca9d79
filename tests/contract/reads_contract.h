// SPDX-License-Identifier: Apache-2.0
// What every FeedStore and every FeedRows promises, as one suite of tests. An implementation's test
// gives a Subject and says INSTANTIATE_TYPED_TEST_SUITE_P. A Subject has one partition and:
//   Subject();                            // an empty store
//   void Commit(const CommitBatch&);      // durable and visible when it returns
//   void SetTime(std::int64_t us);        // by which entries expire
//   FeedStore& store();
//   const FeedRows& rows();               // what has been committed; until the next call
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/event_log.h"
#include "services/store/core/feed_page.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {

template <typename Subject>
class ReadsContract : public testing::Test {
 protected:
  void Join(const std::string& user, EntryId at) {
    CommitBatch batch;
    users_[user] = NewUser(at);
    SetUser(batch, {0, "acme", user}, users_[user]);
    subject_.Commit(batch);
  }
  // What was done to one of alice's entries; the record says so too.
  void SetAlicesState(EntryId id, const EntryState& state) {
    CommitBatch batch;
    UserRecord& record = users_["alice"];
    record.states_up_to = std::max(record.states_up_to, id);
    SetUser(batch, {0, "acme", "alice"}, record);
    SetState(batch, {{0, "acme", "alice"}, id}, state);
    subject_.Commit(batch);
  }
  std::vector<EntryId> List(ListQuery query, ListPage* page = nullptr) {
    query.project = "acme";
    query.user_id = "alice";
    auto listed = subject_.store().List(query);
    EXPECT_TRUE(listed.ok());
    std::vector<EntryId> ids;
    for (const Entry& entry : listed->entries) {
      ids.push_back(entry.id);
    }
    if (page != nullptr) {
      *page = std::move(*listed);
    }
    return ids;
  }

  // One entry in a commit of its own; a broadcast if `user` is empty.
  EntryId Add(const std::string& user, std::size_t bytes = 5, std::int64_t expires_us = 0,
              const std::string& project = "acme") {
    auto entry = std::make_shared<Entry>();
    entry->id = head_.last_id + 10;
    entry->prev = head_.last_id;
    entry->kind = user.empty() ? EntryKind::kBroadcast : EntryKind::kNotification;
    entry->project = project;
    entry->user_id = user;
    entry->created_us = 1;
    entry->expires_us = expires_us;
    entry->payload = std::string(bytes, 'x');
    head_.last_id = entry->id;
    CommitBatch batch;
    if (user.empty()) {
      entry->broadcast_id = entry->id;
      project_ = OnBroadcast(std::move(project_), {entry->id, expires_us, "", false});
      SetProject(batch, entry->project, project_);
    } else {
      UserRecord& record = users_[user];
      record = OnNotification(std::move(record), entry->id, "");
      SetUser(batch, {0, entry->project, entry->user_id}, record);
    }
    batch.Add(entry);
    batch.Move(head_);
    subject_.Commit(batch);
    return entry->id;
  }
  // The rows at or below it stay where the adapter leaves them.
  void SetFloor(EntryId floor) {
    head_.floor = floor;
    CommitBatch batch;
    batch.Move(head_);
    subject_.Commit(batch);
  }
  FeedPage Read(const FeedQuery& query) {
    auto page = subject_.store().ReadFeed(query);
    EXPECT_TRUE(page.ok());
    return page.ok() ? std::move(*page) : FeedPage{};
  }
  static std::vector<EntryId> Ids(const FeedPage& page) {
    std::vector<EntryId> ids;
    for (const Entry& entry : page.entries) {
      ids.push_back(entry.id);
    }
    return ids;
  }
  static std::vector<EntryId> Ids(const LogPage& page) {
    std::vector<EntryId> ids;
    for (const EntryPtr& entry : page.entries) {
      ids.push_back(entry->id);
    }
    return ids;
  }
  // From where it stands to its end.
  static std::vector<EntryId> Walk(EntryCursor& cursor) {
    std::vector<EntryId> ids;
    for (; cursor.id(); cursor.Next()) {
      const auto entry = cursor.entry();
      EXPECT_TRUE(entry.ok() && entry->id == *cursor.id());
      EXPECT_GT(cursor.bytes(), 0u);
      ids.push_back(*cursor.id());
    }
    EXPECT_TRUE(cursor.status().ok());
    return ids;
  }

  Subject subject_;
  PartitionPosition head_;
  ProjectRecord project_;
  std::map<std::string, UserRecord> users_;
};

TYPED_TEST_SUITE_P(ReadsContract);

TYPED_TEST_P(ReadsContract, ACursorWalksOneUsersEntriesBothWays) {
  this->Add("ali");
  const EntryId a = this->Add("alice");
  this->Add("alice2");
  this->Add("");
  const EntryId b = this->Add("alice");
  const EntryId c = this->Add("alice");
  this->Add("bob");
  auto moment = this->subject_.rows().Look({0, "acme", "alice"});
  ASSERT_TRUE(moment.ok());
  EntryCursor& own = *moment->user_entries;
  EXPECT_FALSE(own.id()) << "it stands on no entry until the first seek";
  EXPECT_TRUE(own.status().ok());

  own.SeekAfter(0);
  EXPECT_EQ(this->Walk(own), (std::vector{a, b, c}));
  own.SeekAfter(a);
  EXPECT_EQ(this->Walk(own), (std::vector{b, c}));
  own.SeekAfter(b - 1);
  EXPECT_EQ(this->Walk(own), (std::vector{b, c}));
  own.SeekAfter(c);
  EXPECT_FALSE(own.id());
  own.SeekAfter(std::numeric_limits<EntryId>::max());
  EXPECT_FALSE(own.id());

  own.SeekBefore(std::numeric_limits<EntryId>::max());
  EXPECT_EQ(this->Walk(own), (std::vector{c, b, a}));
  own.SeekBefore(c);
  EXPECT_EQ(this->Walk(own), (std::vector{b, a}));
  own.SeekBefore(b + 1);
  EXPECT_EQ(this->Walk(own), (std::vector{b, a}));
  own.SeekBefore(a);
  EXPECT_FALSE(own.id());
  own.SeekBefore(0);
  EXPECT_FALSE(own.id());
  own.SeekAfter(a);
  EXPECT_EQ(own.id(), b) << "a seek is good after an end, and turns it";
}

TYPED_TEST_P(ReadsContract, ALongWalkDownwardsIsTheOneUpwardsTurned) {
  // Quiet years, and seconds with thousands.
  const std::vector<std::pair<int, EntryId>> runs = {
      {100, 1}, {1, 1'000'000'000'000}, {5'500, 1}, {1, 40'000'000'000}, {700, 1'000'000}};
  CommitBatch batch;
  std::vector<EntryId> ids;
  for (const auto& [entries, gap] : runs) {
    for (int i = 0; i < entries; ++i) {
      auto entry = std::make_shared<Entry>();
      entry->prev = std::exchange(this->head_.last_id, this->head_.last_id + gap);
      entry->id = this->head_.last_id;
      entry->kind = i % 7 == 0 ? EntryKind::kState : EntryKind::kNotification;
      entry->project = "acme";
      entry->user_id = "alice";
      ids.push_back(entry->id);
      SetState(batch, {{0, "acme", "alice"}, entry->id},
               {.read_at_us = static_cast<std::int64_t>(entry->id)});
      batch.Add(std::move(entry));
    }
  }
  batch.Move(this->head_);
  this->subject_.Commit(batch);

  auto moment = this->subject_.rows().Look({0, "acme", "alice"});
  ASSERT_TRUE(moment.ok());
  EntryCursor& own = *moment->user_entries;
  own.SeekAfter(0);
  EXPECT_EQ(this->Walk(own), ids);
  std::reverse(ids.begin(), ids.end());
  own.SeekBefore(std::numeric_limits<EntryId>::max());
  EXPECT_EQ(this->Walk(own), ids);
  own.SeekBefore(ids[300]);
  EXPECT_EQ(this->Walk(own), std::vector(ids.begin() + 301, ids.end()));
  StateCursor& states = *moment->states;
  states.SeekBefore(std::numeric_limits<EntryId>::max());
  for (const EntryId id : ids) {
    ASSERT_EQ(states.id(), id);
    ASSERT_EQ(states.state()->read_at_us, static_cast<std::int64_t>(id));
    states.Next();
  }
  EXPECT_FALSE(states.id());
  own.SeekBefore(std::numeric_limits<EntryId>::max());
  for (int i = 0; i < 200; ++i) {
    own.Next();
  }
  own.SeekAfter(ids[1]);
  EXPECT_EQ(own.id(), ids[0]) << "a seek is good in the middle of a walk, and turns it";
}

TYPED_TEST_P(ReadsContract, ACursorSaysAnEntrysKind) {
  this->Add("alice");
  this->Add("");
  auto log = this->subject_.rows().Log(0);
  ASSERT_TRUE(log.ok());
  (*log)->SeekAfter(0);
  EXPECT_EQ((*log)->kind(), EntryKind::kNotification);
  (*log)->Next();
  EXPECT_EQ((*log)->kind(), EntryKind::kBroadcast);
}

TYPED_TEST_P(ReadsContract, ACursorWalksAProjectsBroadcastsBothWays) {
  const EntryId a = this->Add("");
  this->Add("alice");
  const EntryId b = this->Add("");
  auto moment = this->subject_.rows().Look({0, "acme", "alice"});
  ASSERT_TRUE(moment.ok());
  EXPECT_EQ(moment->project.last_id, b);
  EXPECT_EQ(moment->project.live.size(), 2u);
  moment->project_entries->SeekAfter(0);
  EXPECT_EQ(this->Walk(*moment->project_entries), (std::vector{a, b}));
  moment->project_entries->SeekBefore(b + 1);
  EXPECT_EQ(this->Walk(*moment->project_entries), (std::vector{b, a}));
}

TYPED_TEST_P(ReadsContract, ACursorWalksTheWholeLogBothWays) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("");
  const EntryId c = this->Add("bob", 5, 0, "globex");
  auto log = this->subject_.rows().Log(0);
  ASSERT_TRUE(log.ok());
  (*log)->SeekAfter(0);
  EXPECT_EQ(this->Walk(**log), (std::vector{a, b, c}));
  (*log)->SeekBefore(c);
  EXPECT_EQ(this->Walk(**log), (std::vector{b, a}));
}

TYPED_TEST_P(ReadsContract, AMomentHasItsRecords) {
  const EntryId a = this->Add("alice");
  const FeedRows& rows = this->subject_.rows();
  const auto moment = rows.Look({0, "acme", "alice"});
  ASSERT_TRUE(moment.ok());
  EXPECT_EQ(moment->position, (PartitionPosition{0, a, 0}));
  EXPECT_EQ(moment->user, OnNotification({}, a, ""));
  EXPECT_EQ(moment->project, ProjectRecord{});
  EXPECT_EQ(rows.Look({0, "acme", "nobody"})->user, std::nullopt);
  EXPECT_EQ(rows.partitions(), 1u);
  EXPECT_EQ(rows.HeadNow(0), (PartitionPosition{0, a, 0}));
  EXPECT_TRUE(rows.Lost(0).empty());
}

TYPED_TEST_P(ReadsContract, AFeedIsAUsersEntriesAndTheProjectsBroadcastsById) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("");
  this->Add("bob");
  const EntryId c = this->Add("alice");
  const EntryId d = this->Add("bob");
  const FeedPage page = this->Read({"acme", "alice", 0, 0, 0, false});
  EXPECT_EQ(this->Ids(page), (std::vector{a, b, c}));
  EXPECT_EQ(page.up_to, d) << "there is nothing up to there";
  EXPECT_FALSE(page.more);
  EXPECT_EQ(page.counts.unread, 3u);
  EXPECT_EQ(page.counts.up_to, d);
  EXPECT_EQ(this->Ids(this->Read({"acme", "alice", a, 0, 0, false})), (std::vector{b, c}));
  this->Join("carol", b - 1);
  EXPECT_EQ(this->Ids(this->Read({"acme", "carol", 0, 0, 0, false})), (std::vector{b}));
  const FeedPage unknown = this->Read({"acme", "nobody", 0, 0, 0, false});
  EXPECT_TRUE(unknown.unknown_user);
  EXPECT_TRUE(unknown.entries.empty()) << "broadcasts from before are not theirs";
  EXPECT_EQ(unknown.counts.unread, 0u);
  EXPECT_EQ(this->Read({"globex", "alice", 0, 0, 0, false}).counts.unread, 0u);
}

TYPED_TEST_P(ReadsContract, ACursorWalksStatesBothWays) {
  const EntryId a = this->Add("alice");
  this->Add("alice");
  const EntryId c = this->Add("alice");
  this->Add("bob");
  this->SetAlicesState(a, {.read_at_us = 5});
  this->SetAlicesState(c, {.deleted = true});
  auto moment = this->subject_.rows().Look({0, "acme", "alice"});
  ASSERT_TRUE(moment.ok());
  StateCursor& states = *moment->states;
  EXPECT_FALSE(states.id());
  states.SeekAfter(0);
  ASSERT_EQ(states.id(), a);
  EXPECT_EQ(*states.state(), (EntryState{.read_at_us = 5}));
  states.Next();
  ASSERT_EQ(states.id(), c);
  EXPECT_EQ(*states.state(), (EntryState{.deleted = true}));
  states.Next();
  EXPECT_FALSE(states.id());
  states.SeekBefore(c);
  EXPECT_EQ(states.id(), a);
  states.Next();
  EXPECT_FALSE(states.id());
  EXPECT_TRUE(states.status().ok());
}

TYPED_TEST_P(ReadsContract, AFeedLeavesOutWhatIsGoneAndSaysWhatWasRead) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("alice");
  const EntryId c = this->Add("alice");
  this->SetAlicesState(a, {.read_at_us = 5});
  this->SetAlicesState(b, {.deleted = true});
  const FeedPage page = this->Read({"acme", "alice", 0, 0, 0, false});
  ASSERT_EQ(this->Ids(page), (std::vector{a, c}));
  EXPECT_EQ(page.entries[0].read_at_us, 5);
  EXPECT_EQ(page.entries[1].read_at_us, 0);
}

TYPED_TEST_P(ReadsContract, AListIsNewestFirstAndArrivalsDoNotShiftAPage) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("");
  const EntryId c = this->Add("alice");
  const EntryId d = this->Add("alice");
  ListPage page;
  EXPECT_EQ(this->List({.limit = 2}, &page), (std::vector{d, c}));
  const EntryId next = page.next_before;
  this->Add("alice");
  EXPECT_EQ(this->List({.limit = 2, .before = next}, &page), (std::vector{b, a}));
  EXPECT_EQ(page.next_before, 0u);
  EXPECT_EQ(page.counts.unread, 5u);
  EXPECT_EQ(this->List({.limit = 0}), std::vector<EntryId>());
}

TYPED_TEST_P(ReadsContract, AListIsFilteredByStateAndSaysWhetherItHasChanged) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("alice");
  const EntryId c = this->Add("alice");
  this->SetAlicesState(a, {.read_at_us = 5});
  this->SetAlicesState(b, {.read_at_us = 6, .archived_at_us = 6});
  EXPECT_EQ(this->List({}), (std::vector{c, a}));
  EXPECT_EQ(this->List({.unread = true}), (std::vector{c}));
  EXPECT_EQ(this->List({.unread = false}), (std::vector{a}));
  EXPECT_EQ(this->List({.archived = true}), (std::vector{b}));
  EXPECT_EQ(this->List({.id = b}), (std::vector{b})) << "whatever its state";
  EXPECT_EQ(
      this->subject_.store().List({.project = "acme", .user_id = "bob", .id = b}).error().code,
      Code::kNotFound);
  ListPage page;
  this->List({}, &page);
  ListPage again;
  this->List({.if_version = page.version}, &again);
  EXPECT_TRUE(again.unchanged);
  this->Add("alice");
  this->List({.if_version = page.version}, &again);
  EXPECT_FALSE(again.unchanged);
}

TYPED_TEST_P(ReadsContract, CountsComeFromMemoryOnceTheyWereRead) {
  this->Add("alice");
  this->Add("");
  FeedStore& store = this->subject_.store();
  const ListQuery query{.project = "acme", .user_id = "alice", .limit = 0};
  if (const auto early = store.ListFromMemory(query); !early.ok()) {
    EXPECT_EQ(early.error().code, Code::kUnavailable);
  }
  const auto read = store.List(query);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->counts.unread, 2u);
  const auto again = store.ListFromMemory(query);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, *read);
}

TYPED_TEST_P(ReadsContract, APageEndsAtItsBoundsAndTheNextOneGoesOn) {
  const EntryId a = this->Add("alice", 1'000);
  const EntryId b = this->Add("", 1'000);
  const EntryId c = this->Add("alice", 1'000);
  FeedPage page = this->Read({"acme", "alice", 0, 2, 0, false});
  EXPECT_EQ(this->Ids(page), (std::vector{a, b}));
  EXPECT_EQ(page.up_to, b);
  EXPECT_TRUE(page.more);
  page = this->Read({"acme", "alice", page.up_to, 2, 0, false});
  EXPECT_EQ(this->Ids(page), (std::vector{c}));
  EXPECT_FALSE(page.more);
  page = this->Read({"acme", "alice", 0, 0, 1, false});
  EXPECT_EQ(this->Ids(page), (std::vector{a})) << "one comes, however large";
  EXPECT_TRUE(page.more);
}

TYPED_TEST_P(ReadsContract, WhatHasExpiredIsLeftOutAndPassed) {
  const EntryId a = this->Add("alice", 5, 1'000);
  const EntryId b = this->Add("alice", 5, 1'001);
  this->subject_.SetTime(999);
  EXPECT_EQ(this->Ids(this->Read({"acme", "alice", 0, 0, 0, false})), (std::vector{a, b}));
  this->subject_.SetTime(1'000);
  const FeedPage page = this->Read({"acme", "alice", 0, 0, 0, false});
  EXPECT_EQ(this->Ids(page), (std::vector{b}));
  EXPECT_EQ(page.up_to, b);
  this->subject_.SetTime(1'001);
  EXPECT_EQ(this->Read({"acme", "alice", 0, 0, 0, false}).up_to, b);
}

TYPED_TEST_P(ReadsContract, HeadsOnlyReadsNoEntriesAndJudgesNoCursor) {
  const EntryId a = this->Add("alice");
  const FeedPage page = this->Read({"acme", "alice", a + 1, 0, 0, true});
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.fault, CursorFault::kNone);
  EXPECT_EQ(page.up_to, a);
  EXPECT_EQ(page.counts.unread, 1u);
}

TYPED_TEST_P(ReadsContract, ACursorThatIsAheadOrBelowTheFloorIsAFault) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("alice");
  EXPECT_EQ(this->Read({"acme", "alice", b + 1, 0, 0, false}).fault, CursorFault::kAhead);
  this->SetFloor(a);
  const FeedPage page = this->Read({"acme", "alice", a - 1, 0, 0, false});
  EXPECT_EQ(page.fault, CursorFault::kWindowPassed);
  EXPECT_EQ(page.floor, a);
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(this->Ids(this->Read({"acme", "alice", a, 0, 0, false})), (std::vector{b}));
}

TYPED_TEST_P(ReadsContract, NamesOutOfBoundsAreRefused) {
  for (const FeedQuery& query : {FeedQuery{"", "alice"}, FeedQuery{std::string(65, 'p'), "alice"},
                                 FeedQuery{"acme", ""}, FeedQuery{"acme", std::string(256, 'u')}}) {
    const auto page = this->subject_.store().ReadFeed(query);
    ASSERT_FALSE(page.ok());
    EXPECT_EQ(page.error().code, Code::kInvalidArgument);
  }
}

TYPED_TEST_P(ReadsContract, ALogIsReadInPages) {
  const EntryId a = this->Add("alice", 1'000);
  const EntryId b = this->Add("", 1'000);
  const EntryId c = this->Add("bob", 1'000);
  FeedStore& store = this->subject_.store();
  auto page = store.ReadLog({.partition = 0, .after = 0, .entries_max = 2});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(this->Ids(*page), (std::vector{a, b}));
  EXPECT_EQ(page->until, c);
  EXPECT_TRUE(page->more);
  page = store.ReadLog({.partition = 0, .after = b});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(this->Ids(*page), (std::vector{c}));
  EXPECT_FALSE(page->more);
  page = store.ReadLog({.partition = 0, .after = 0, .until = b});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(this->Ids(*page), (std::vector{a, b}));
  EXPECT_FALSE(page->more);
  page = store.ReadLog({.partition = 0, .after = 0, .bytes_max = 1});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(this->Ids(*page), (std::vector{a})) << "one comes, however large";
}

TYPED_TEST_P(ReadsContract, ALogIsNotReadFromBelowTheFloorNorOfAnotherPartition) {
  const EntryId a = this->Add("alice");
  const EntryId b = this->Add("alice");
  this->SetFloor(a);
  FeedStore& store = this->subject_.store();
  auto page = store.ReadLog({.partition = 0, .after = a - 1});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::kOutOfRange);
  page = store.ReadLog({.partition = 0, .after = a});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(this->Ids(*page), (std::vector{b}));
  page = store.ReadLog({.partition = 1});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::kInvalidArgument);
}

TYPED_TEST_P(ReadsContract, ABrokenChainIsDataLoss) {
  this->Add("alice");
  this->head_.last_id += 5;  // as if an entry had been there
  this->Add("alice");
  const auto page = this->subject_.store().ReadLog({.partition = 0});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::kDataLoss);
}

TYPED_TEST_P(ReadsContract, HeadsAreWhereThePartitionsStand) {
  EXPECT_EQ(this->subject_.store().Heads(), (std::vector<PartitionPosition>{{0, 0, 0}}));
  const EntryId a = this->Add("alice");
  this->Add("alice");
  this->SetFloor(a);
  EXPECT_EQ(this->subject_.store().Heads(),
            (std::vector<PartitionPosition>{{0, this->head_.last_id, a}}));
  EXPECT_FALSE(this->subject_.store().history_id().empty());
}

REGISTER_TYPED_TEST_SUITE_P(
    ReadsContract, ACursorWalksOneUsersEntriesBothWays, ALongWalkDownwardsIsTheOneUpwardsTurned,
    ACursorSaysAnEntrysKind, ACursorWalksAProjectsBroadcastsBothWays,
    ACursorWalksTheWholeLogBothWays, ACursorWalksStatesBothWays,
    AFeedLeavesOutWhatIsGoneAndSaysWhatWasRead, AListIsNewestFirstAndArrivalsDoNotShiftAPage,
    AListIsFilteredByStateAndSaysWhetherItHasChanged, CountsComeFromMemoryOnceTheyWereRead,
    AMomentHasItsRecords, AFeedIsAUsersEntriesAndTheProjectsBroadcastsById,
    APageEndsAtItsBoundsAndTheNextOneGoesOn, WhatHasExpiredIsLeftOutAndPassed,
    HeadsOnlyReadsNoEntriesAndJudgesNoCursor, ACursorThatIsAheadOrBelowTheFloorIsAFault,
    NamesOutOfBoundsAreRefused, ALogIsReadInPages,
    ALogIsNotReadFromBelowTheFloorNorOfAnotherPartition, ABrokenChainIsDataLoss,
    HeadsAreWhereThePartitionsStand);

}  // namespace belfry::store
