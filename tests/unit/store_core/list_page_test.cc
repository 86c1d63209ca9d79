// SPDX-License-Identifier: Apache-2.0
// Lists: their bounds, what a filter asks of a payload, and a floor that moves. What every store's
// lists promise is in the reads contract.
#include "services/store/core/list_page.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/memory_rows.h"

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
  mutable std::function<void()> after_look;
  mutable int looks = 0;
};

struct Lists {
  void Add(EntryId id, const std::string& kind = "", std::size_t bytes = 5,
           EntryKind entry_kind = EntryKind::kNotification) {
    auto entry = std::make_shared<Entry>();
    entry->id = id;
    entry->prev = tables.positions[0].last_id;
    entry->kind = entry_kind;
    entry->project = "acme";
    entry->user_id = entry_kind == EntryKind::kBroadcast ? "" : "alice";
    entry->notification_kind = kind;
    entry->payload = std::string(bytes, 'x');
    tables.Add(entry);
  }
  UserRecord Record() const { return tables.User(UserPrefix(0, "acme", "alice")).value(); }
  void SetRecord(const UserRecord& user) {
    tables.rows[{Table::kUsers, UserPrefix(0, "acme", "alice")}] = EncodeUserRecord(user);
  }
  ListPage Read(ListQuery query = {}) {
    query.project = "acme";
    query.user_id = "alice";
    auto page = List(rows, query, 0, [this](const Entry& entry) {
      ++payloads_read;
      return PayloadFields{"kind.of.payload", entry.id % 2 == 0 ? "error" : "info"};
    });
    EXPECT_TRUE(page.ok());
    return page.ok() ? std::move(*page) : ListPage{};
  }
  std::vector<EntryId> Ids(ListQuery query = {}) {
    std::vector<EntryId> ids;
    for (const Entry& entry : Read(std::move(query)).entries) {
      ids.push_back(entry.id);
    }
    return ids;
  }

  test::MemoryTables tables{1};
  MovingRows rows{tables};
  int payloads_read = 0;
};

TEST(ListPage, HasABoundedNumberOfEntries) {
  Lists lists;
  for (EntryId id = 1; id <= kListEntriesMax + 5; ++id) {
    lists.Add(id);
  }
  const ListPage page = lists.Read({.limit = 1'000});
  EXPECT_EQ(page.entries.size(), kListEntriesMax);
  EXPECT_EQ(page.next_before, 6u);
  EXPECT_EQ(lists.Ids({.limit = 1'000, .before = page.next_before}),
            (std::vector<EntryId>{5, 4, 3, 2, 1}));
}

TEST(ListPage, EndsBeforeItHasTooManyBytesButHasOne) {
  Lists lists;
  lists.Add(10, "", 10);
  lists.Add(20, "", kListBytesMax / 2);
  lists.Add(30, "", kListBytesMax + 1);
  ListPage page = lists.Read();
  ASSERT_EQ(page.entries.size(), 1u) << "however large";
  EXPECT_EQ(page.next_before, 21u);
  page = lists.Read({.before = page.next_before});
  EXPECT_EQ(page.entries.size(), 2u);
  EXPECT_EQ(page.next_before, 0u);
}

TEST(ListPage, LooksAtABoundedNumberOfEntriesThatDoNotFit) {
  Lists lists;
  lists.Add(1, "wanted");
  for (EntryId id = 2; id <= kListExaminedMax + 1; ++id) {
    lists.Add(id, "other");
  }
  const ListPage page = lists.Read({.kind = "wanted"});
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.next_before, 2u);
  EXPECT_EQ(lists.Ids({.before = page.next_before, .kind = "wanted"}), (std::vector<EntryId>{1}));
}

TEST(ListPage, OfWhatIsUnreadDoesNotLookBelowTheMarkUnlessThereIsAnException) {
  Lists lists;
  for (EntryId id = 1; id <= kListExaminedMax + 1; ++id) {
    lists.Add(id);
  }
  const EntryId last = kListExaminedMax + 1;
  UserRecord read = OnReadAll(lists.Record(), last, last, {});
  lists.SetRecord(read);
  const ListPage page = lists.Read({.unread = true});
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.next_before, 0u) << "it is known that there is none";
  EntryState state;
  read = OnMark(std::move(read), 7, "", StateOp::kUnread, {last + 1, 1}, state);
  lists.SetRecord(read);
  lists.tables.rows[{Table::kState, WithId(UserPrefix(0, "acme", "alice"), 7)}] =
      EncodeEntryState(state);
  EXPECT_NE(lists.Read({.unread = true}).next_before, 0u);
  EXPECT_EQ(lists.Ids({.before = 20, .unread = true}), (std::vector<EntryId>{7}));
}

TEST(ListPage, ReadsAPayloadOnlyForWhatTheEntryDoesNotSay) {
  Lists lists;
  lists.Add(10, "comment.created");
  lists.Add(11, "like");
  lists.Add(12);  // of before version 0.2
  EXPECT_EQ(lists.Ids({.kind = "comment."}), (std::vector<EntryId>{10}));
  EXPECT_EQ(lists.payloads_read, 1);
  EXPECT_EQ(lists.Ids({.kind = "kind.of"}), (std::vector<EntryId>{12}));
  EXPECT_EQ(lists.Ids({.level = "error"}), (std::vector<EntryId>{12, 10}));
  EXPECT_EQ(lists.Ids({.kind = "l", .level = "info"}), (std::vector<EntryId>{11}));
}

TEST(ListPage, IsReadAnewWhenTheFloorPassedWhatItWasReadFrom) {
  Lists lists;
  for (const EntryId id : {10, 20, 30}) {
    lists.Add(id);
  }
  lists.rows.after_look = [&] {
    lists.tables.positions[0].floor = 20;
    lists.tables.logs[0].erase(10);
    lists.tables.logs[0].erase(20);
  };
  const ListPage page = lists.Read();
  EXPECT_EQ(lists.rows.looks, 2);
  EXPECT_EQ(page.entries.size(), 1u);
  EXPECT_EQ(page.oldest_id, 20u);
}

TEST(ListPage, SaysWhetherAnAnswerIsStillSo) {
  Lists lists;
  lists.Add(10);
  std::string version = lists.Read().version;
  const auto changed = [&] {
    const ListPage page = lists.Read({.if_version = version});
    EXPECT_TRUE(!page.unchanged || page.entries.empty());
    EXPECT_NE(page.unchanged, version != page.version);
    return std::exchange(version, page.version) != page.version;
  };
  EXPECT_FALSE(changed());
  lists.Add(20, "", 5, EntryKind::kState);
  EXPECT_TRUE(changed());
  lists.Add(30, "", 5, EntryKind::kBroadcast);
  EXPECT_TRUE(changed());
  lists.tables.positions[0].floor = 10;
  EXPECT_TRUE(changed());
  EXPECT_FALSE(changed());
}

TEST(ListPage, FindsOneWhateverItsStateUnlessItIsGone) {
  Lists lists;
  lists.Add(10);
  lists.Add(20, "", 5, EntryKind::kState);
  lists.Add(30, "", 5, EntryKind::kBroadcast);
  const auto find = [&](EntryId id) {
    return List(lists.rows, {.project = "acme", .user_id = "alice", .id = id}, 0, {});
  };
  EXPECT_EQ(find(10)->entries.front().id, 10u);
  EXPECT_EQ(find(30)->entries.front().id, 30u);
  for (const EntryId id : {9, 20, 31}) {
    EXPECT_EQ(find(id).error().code, Code::kNotFound) << id;
  }
  lists.tables.positions[0].floor = 10;
  EXPECT_EQ(find(10).error().code, Code::kNotFound);
  UserRecord user = lists.Record();
  user.joined = 30;
  lists.SetRecord(user);
  EXPECT_EQ(find(30).error().code, Code::kNotFound) << "it is from before the join";
}

TEST(ListPage, NamesOutOfBoundsAreRefused) {
  Lists lists;
  for (const auto& [project, user] : {std::pair<std::string, std::string>{"", "alice"},
                                      {"acme", ""},
                                      {std::string(65, 'p'), "alice"},
                                      {"acme", std::string(256, 'u')}}) {
    EXPECT_EQ(List(lists.rows, {.project = project, .user_id = user}, 0, {}).error().code,
              Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace belfry::store
