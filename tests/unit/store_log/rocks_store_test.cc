// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "services/store/core/typed_rows.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

TEST(RocksStore, ReadsAFeedAfterACursor) {
  Disk disk;
  std::vector<EntryId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(disk.Append("alice", "text " + std::to_string(i)).id);
    disk.Append("alic");
    disk.Append("alice2");
  }
  EXPECT_EQ(disk.ReadAll("alice", 0), ids);
  EXPECT_EQ(disk.ReadAll("alice", ids[6]), std::vector<EntryId>(ids.begin() + 7, ids.end()));
  const FeedPage page = disk.Read("alice", ids[8]);
  ASSERT_EQ(page.entries.size(), 1u);
  const Entry& entry = page.entries[0];
  EXPECT_EQ(entry.payload, "text 9");
  EXPECT_EQ(entry.project, "acme");
  EXPECT_EQ(entry.user_id, "alice");
  EXPECT_EQ(entry.kind, EntryKind::kNotification);
  EXPECT_EQ(entry.partition, disk.partition("alice"));
  EXPECT_EQ(page.counts.unread, 10u);
  EXPECT_EQ(page.up_to, disk.store->Heads()[disk.partition("alice")].last_id);
  EXPECT_EQ(page.counts.up_to, page.up_to);
}

TEST(RocksStore, MergesBroadcastsByIdOnce) {
  Disk disk;
  const EntryId first = disk.Append("alice").id;  // both join here
  disk.Append("bob");
  std::vector<EntryId> ids;
  for (int i = 0; i < 12; ++i) {
    ids.push_back(i % 3 == 0 ? disk.Broadcast().id : disk.Append("alice").id);
  }
  EXPECT_EQ(disk.ReadAll("alice", first), ids);
  EXPECT_EQ(disk.ReadAll("alice", first, 1), ids);
  EXPECT_EQ(disk.ReadAll("alice", first, 5), ids);
  const FeedPage bob = disk.Read("bob", 0);
  EXPECT_EQ(bob.entries.size(), 5u);
  EXPECT_EQ(bob.counts.unread, 5u);
  EXPECT_EQ(disk.Read("alice", ids.back()).counts.unread, 13u);
}

TEST(RocksStore, BoundsAPageByEntriesAndBytes) {
  Disk disk;
  std::vector<EntryId> ids;
  for (int i = 0; i < 600; ++i) {
    ids.push_back(disk.Append("alice", std::string(100, 'x')).id);
  }
  EXPECT_EQ(disk.Read("alice", 0).entries.size(), 256u);
  EXPECT_EQ(disk.Read("alice", 0, 100'000).entries.size(), 256u);
  const FeedPage small = disk.Read("alice", 0, 0, 1'000);
  EXPECT_GE(small.entries.size(), 3u);
  EXPECT_LE(small.entries.size(), 10u);
  EXPECT_TRUE(small.more);
  EXPECT_EQ(small.up_to, small.entries.back().id);
  EXPECT_EQ(disk.Read("alice", 0, 0, 1).entries.size(), 1u) << "always one, or nobody gets on";
  EXPECT_EQ(disk.ReadAll("alice", 0), ids);
  const FeedPage exact = disk.Read("alice", ids[599 - 256]);
  EXPECT_EQ(exact.entries.size(), 256u);
  EXPECT_FALSE(exact.more);
}

TEST(RocksStore, SkipsWhatHasExpiredAndStillGetsOn) {
  Disk disk;
  const std::int64_t soon = disk.clock.UnixMicros() + 60'000'000;
  for (int i = 0; i < 1'500; ++i) {
    disk.Append("alice", "expiring", soon);
  }
  const EntryId kept = disk.Append("alice", "kept").id;
  disk.clock.Advance(std::chrono::minutes(2));
  EXPECT_EQ(disk.ReadAll("alice", 0), std::vector<EntryId>{kept});
  const FeedPage first = disk.Read("alice", 0);
  EXPECT_TRUE(first.entries.empty());
  EXPECT_TRUE(first.more) << "one page looks at a bounded number of rows";
}

TEST(RocksStore, ReadsOnlyHeadsWhenAsked) {
  Disk disk;
  disk.Append("alice");
  const EntryId last = disk.Append("alice").id;
  const auto page = disk.store->ReadFeed({"acme", "alice", 0, 0, 0, true});
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page->entries.empty());
  EXPECT_EQ(page->up_to, last);
  EXPECT_EQ(page->counts.unread, 2u);
  EXPECT_FALSE(page->more);
}

TEST(RocksStore, FaultsACursorAheadOfTheLog) {
  Disk disk;
  const EntryId last = disk.Append("alice").id;
  EXPECT_EQ(disk.Read("alice", last).fault, CursorFault::kNone);
  const FeedPage ahead = disk.Read("alice", last + 1);
  EXPECT_EQ(ahead.fault, CursorFault::kAhead);
  EXPECT_EQ(ahead.up_to, last);
  EXPECT_TRUE(ahead.entries.empty());
}

TEST(RocksStore, AnswersBelowTheFloorWithAFaultNeverWithASkip) {
  Disk disk;
  std::vector<EntryId> old;
  for (int i = 0; i < 10; ++i) {
    old.push_back(disk.Append("alice").id);
  }
  const EntryId old_broadcast = disk.Broadcast().id;
  disk.clock.Advance(std::chrono::minutes(2));
  const EntryId kept = disk.Append("alice").id;
  const EntryId kept_broadcast = disk.Broadcast().id;
  EXPECT_EQ(disk.Read("alice", kept).counts.unread, 13u);
  disk.Retire(std::chrono::minutes(1));
  const FeedPage page = disk.Read("alice", kept);
  EXPECT_EQ(page.floor, old_broadcast);
  EXPECT_EQ(page.counts.unread, 2u);
  EXPECT_EQ(disk.Read("alice", old[4]).fault, CursorFault::kWindowPassed);
  EXPECT_EQ(disk.Read("alice", 0).fault, CursorFault::kWindowPassed);
  EXPECT_EQ(disk.ReadAll("alice", page.floor), (std::vector<EntryId>{kept, kept_broadcast}));

  const auto log = disk.store->ReadLog({.partition = page.partition, .after = old[4]});
  ASSERT_FALSE(log.ok());
  EXPECT_EQ(log.error().code, Code::kOutOfRange);

  ASSERT_TRUE(disk.store->CompactDropped().ok());
  disk.Open();
  const FeedPage reopened = disk.Read("alice", page.floor);
  EXPECT_EQ(reopened.floor, page.floor);
  EXPECT_EQ(reopened.counts.unread, 2u);
  EXPECT_EQ(reopened.entries.size(), 2u);
}

TEST(RocksStore, CompactionDropsNothingAboveTheFloor) {
  Disk disk(1);
  for (int i = 0; i < 200; ++i) {
    disk.Append("user" + std::to_string(i % 7));
  }
  ASSERT_TRUE(disk.store->CompactDropped().ok());
  const auto page = disk.store->ReadLog({.partition = 0, .after = 0});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->entries.size(), 200u);
}

TEST(RocksStore, KeepsIdsAndLinksWhenEverythingWasDropped) {
  Disk disk(1);
  disk.Append("alice");
  const EntryId last = disk.Broadcast().id;
  disk.clock.Advance(std::chrono::minutes(2));
  disk.Retire(std::chrono::minutes(1));
  ASSERT_TRUE(disk.store->CompactDropped().ok());
  disk.clock.SetUnixMicros(1'000);
  disk.Open();
  EXPECT_EQ(disk.Broadcast().id, last + 1);
  const auto page = disk.store->ReadLog({.partition = 0, .after = last});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->entries.size(), 1u);
  EXPECT_EQ(page->entries[0]->prev, last);
}

TEST(RocksStore, ReadsAWholeLogInPagesWithoutAHole) {
  Disk disk(2);
  for (int i = 0; i < 500; ++i) {
    i % 50 == 0 ? disk.Broadcast() : disk.Append("user" + std::to_string(i % 20));
  }
  std::size_t read = 0;
  for (Partition p = 0; p < 2; ++p) {
    EntryId after = 0;
    while (true) {
      const auto page = disk.store->ReadLog({.partition = p, .after = after, .entries_max = 33});
      ASSERT_TRUE(page.ok());
      for (const EntryPtr& entry : page->entries) {
        ASSERT_EQ(entry->prev, after);
        after = entry->id;
        ++read;
      }
      if (!page->more) {
        break;
      }
    }
    EXPECT_EQ(after, disk.store->Heads()[p].last_id);
  }
  EXPECT_EQ(read, 490u + 2 * 10u);
  EXPECT_EQ(disk.store->ReadLog({.partition = 2}).error().code, Code::kInvalidArgument);
}

TEST(RocksStore, ReadsALogNoFurtherThanAsked) {
  Disk disk(1);
  disk.Append("a");
  const EntryId second = disk.Append("a").id;
  disk.Append("a");
  const auto page = disk.store->ReadLog({.partition = 0, .until = second});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->entries.size(), 2u);
  EXPECT_FALSE(page->more);
}

TEST(RocksStore, CompactionFreesKeysPastTheirTimeOnly) {
  Disk disk;
  AppendItem item;
  item.project = "acme";
  item.user_id = "alice";
  item.idempotency_key = "once";
  item.content_hash = std::string(32, 'h');
  const Appended first = disk.Append(item);
  const KeyRef key{"acme", "once"};
  disk.clock.Advance(std::chrono::hours(23));
  ASSERT_TRUE(disk.store->CompactDropped().ok());
  EXPECT_EQ((*FindKeys(*disk.store, {&key, 1}))[0]->id, first.id);
  disk.clock.Advance(std::chrono::hours(1));
  ASSERT_TRUE(disk.store->CompactDropped().ok());
  EXPECT_FALSE((*FindKeys(*disk.store, {&key, 1}))[0].has_value());
}

}  // namespace
}  // namespace belfry::store
