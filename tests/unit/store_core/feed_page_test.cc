// SPDX-License-Identifier: Apache-2.0
// The rules of reading that need rows which only a disk in trouble has: losses, a moving floor.
#include "services/store/core/feed_page.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/contract/reads_contract.h"
#include "tests/support/memory_rows.h"
#include "tests/unit/store_core/fake_event_log.h"

namespace belfry::store {
namespace {

// Rows in which something happens between a look and the reading that follows it.
class MovingRows final : public test::MemoryRows {
 public:
  explicit MovingRows(const test::MemoryTables& tables) : MemoryRows(tables) {}

  Result<FeedMoment> Look(const UserRef& user) const override {
    ++looks;
    auto moment = MemoryRows::Look(user);
    if (after_look) {
      std::exchange(after_look, nullptr)();
    }
    return moment;
  }
  Result<std::unique_ptr<EntryCursor>> Log(Partition partition) const override {
    if (after_look) {
      std::exchange(after_look, nullptr)();
    }
    return MemoryRows::Log(partition);
  }

  mutable std::function<void()> after_look;
  mutable int looks = 0;
};

struct Feeds {
  EntryPtr Add(EntryId id, std::int64_t expires_us = 0) {
    auto entry = std::make_shared<Entry>();
    entry->id = id;
    entry->prev = tables.positions[0].last_id;
    entry->kind = EntryKind::kNotification;
    entry->project = "acme";
    entry->user_id = "alice";
    entry->expires_us = expires_us;
    tables.Add(entry);
    return entry;
  }
  // As retention and compaction do.
  void Drop(EntryId floor) {
    tables.positions[0].floor = floor;
    tables.logs[0].erase(tables.logs[0].begin(), tables.logs[0].upper_bound(floor));
  }
  // As an accepted loss is recorded.
  void Lose(EntryId to) {
    tables.lost[0].push_back({tables.positions[0].last_id, to});
    tables.positions[0].last_id = to;
  }
  Result<FeedPage> Read(EntryId after, std::int64_t now_us = 0) {
    return ReadFeed(rows, {"acme", "alice", after, 0, 0, false}, now_us);
  }
  std::vector<EntryId> Log(EntryId after, bool across_losses) {
    const auto page =
        ReadLog(rows, {.partition = 0, .after = after, .across_losses = across_losses});
    EXPECT_TRUE(page.ok());
    more = page.ok() && page->more;
    std::vector<EntryId> ids;
    for (const EntryPtr& entry : page.ok() ? page->entries : std::vector<EntryPtr>()) {
      ids.push_back(entry->id);
    }
    return ids;
  }

  test::MemoryTables tables{1};
  MovingRows rows{tables};
  bool more = false;
};

TEST(FeedPage, IsReadAnewWhenTheFloorPassedWhatItWasReadFrom) {
  Feeds feeds;
  for (const EntryId id : {10, 20, 30}) {
    feeds.Add(id);
  }
  feeds.rows.after_look = [&] { feeds.Drop(20); };
  auto page = feeds.Read(10);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(feeds.rows.looks, 2);
  EXPECT_EQ(page->fault, CursorFault::kWindowPassed) << "and not a page without entry 20";
  EXPECT_EQ(page->floor, 20u);

  feeds.rows.after_look = [&] { feeds.Add(40); };
  page = feeds.Read(20);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(feeds.rows.looks, 3) << "a commit that leaves the floor takes nothing away";
}

TEST(FeedPage, EndsAtALossAndIsRefusedInside) {
  Feeds feeds;
  feeds.Add(10);
  feeds.Lose(25);
  feeds.Add(30);
  const auto page = feeds.Read(0);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->up_to, 10u);
  EXPECT_TRUE(page->more) << "so that the next read is refused";
  for (const EntryId inside : {10, 24}) {
    EXPECT_EQ(feeds.Read(inside)->fault, CursorFault::kHistoryLost);
  }
  EXPECT_EQ(feeds.Read(25)->entries.size(), 1u);
}

TEST(FeedPage, LooksAtABoundedNumberOfExpiredEntries) {
  Feeds feeds;
  for (EntryId id = 1; id <= kFeedPageExaminedMax + 5; ++id) {
    feeds.Add(id, 1'000);
  }
  const auto page = feeds.Read(0, 1'000);
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page->entries.empty());
  EXPECT_EQ(page->up_to, kFeedPageExaminedMax);
  EXPECT_TRUE(page->more);
  const auto next = feeds.Read(page->up_to, 1'000);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->up_to, kFeedPageExaminedMax + 5);
  EXPECT_FALSE(next->more);
}

TEST(LogPage, EndsAtALossUnlessItReadsAcross) {
  Feeds feeds;
  feeds.Add(10);
  feeds.Lose(25);
  feeds.Add(30);
  feeds.Add(31);
  EXPECT_EQ(feeds.Log(0, false), (std::vector<EntryId>{10}));
  EXPECT_TRUE(feeds.more);
  EXPECT_EQ(feeds.Log(0, true), (std::vector<EntryId>{10, 30, 31}));
  EXPECT_EQ(feeds.Log(12, true), (std::vector<EntryId>{30, 31}));
  EXPECT_EQ(feeds.Log(25, false), (std::vector<EntryId>{30, 31}));
  const auto inside = ReadLog(feeds.rows, {.partition = 0, .after = 12});
  ASSERT_FALSE(inside.ok());
  EXPECT_EQ(inside.error().code, Code::kOutOfRange);
  feeds.tables.logs[0].erase(30);
  EXPECT_EQ(ReadLog(feeds.rows, {.partition = 0, .after = 0, .across_losses = true}).error().code,
            Code::kDataLoss)
      << "what is missing beside the loss is still noticed";
}

TEST(LogPage, IsRefusedWhenTheFloorPassedItsCursorMeanwhile) {
  Feeds feeds;
  for (const EntryId id : {10, 20, 30}) {
    feeds.Add(id);
  }
  feeds.rows.after_look = [&] { feeds.Drop(20); };
  const auto page = ReadLog(feeds.rows, {.partition = 0, .after = 10, .across_losses = true});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::kOutOfRange);
}

// The fake log keeps what the port promises.
struct FakeSubject {
  void Commit(const CommitBatch& batch) { ASSERT_TRUE(log.Commit(batch).ok()); }
  void SetTime(std::int64_t us) { log.now_us = us; }
  FeedStore& store() { return log; }
  const FeedRows& rows() { return log.rows(); }
  FakeEventLog log{1};
};
INSTANTIATE_TYPED_TEST_SUITE_P(FakeEventLog, ReadsContract, FakeSubject);

}  // namespace
}  // namespace belfry::store
