// SPDX-License-Identifier: Apache-2.0
// The ledger against a plain model: a list of items and a loop.
#include "services/store/core/user_ledger.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace belfry::store {
namespace {

// What a user would say of each item; no mark, no counter.
struct Item {
  EntryId id = 0;
  std::string kind;
  bool read = false;
  bool archived = false;
  bool away = false;  // deleted, expired or retired
  bool retired = false;
};

// One user, both ways.
class Users {
 public:
  explicit Users(std::uint32_t seed, int kinds, int kinds_unknown_percent)
      : random_(seed), kinds_(kinds), kinds_unknown_(kinds_unknown_percent) {}

  void Step() {
    const int op = Pick(0, 99);
    if (op < 40) {
      Notify();
    } else if (op < 75) {
      Mark();
    } else if (op < 82) {
      ReadAll(false);
    } else if (op < 84) {
      ReadAll(true);
    } else if (op < 86) {
      Seen();
    } else if (op < 92) {
      Expire();
    } else if (op < 97) {
      Retire();
    } else {
      Reload();
    }
  }

  void Compare() const {
    std::map<std::string, std::uint64_t> kinds;
    std::uint64_t unread = 0;
    std::uint64_t exceptions = 0;
    std::uint64_t seen = 0;
    for (const Item& item : items_) {
      const bool counts = !item.read && !item.archived && !item.away;
      unread += counts ? 1 : 0;
      exceptions += !item.read && !item.away && item.id <= user_.read_all.up_to ? 1 : 0;
      seen += counts && item.id <= user_.seen_up_to ? 1 : 0;
      if (!item.retired) {
        ASSERT_EQ(StillCounts(user_, item.id, State(item.id)), counts) << item.id;
        if (counts) {
          ++kinds[item.kind];
        }
      }
    }
    ASSERT_EQ(user_.unread(), unread);
    ASSERT_EQ(user_.exceptions, exceptions);
    ASSERT_EQ(user_.seen_unread, seen);
    ASSERT_EQ(user_.last_id, items_.empty() ? 0 : items_.back().id);
    if (kinds_unknown_ == 0 && kinds_ <= static_cast<int>(kKindsMax)) {
      for (const KindCount& counter : user_.counters) {
        ASSERT_EQ(counter.count, kinds[counter.kind]) << counter.kind;
      }
    }
  }

 private:
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  EntryState State(EntryId id) const {
    const auto found = states_.find(id);
    return found == states_.end() ? EntryState{} : found->second;
  }
  // One that is there, by chance; null if there is none.
  Item* Any() {
    std::vector<Item*> there;
    for (Item& item : items_) {
      if (!item.away) {
        there.push_back(&item);
      }
    }
    return there.empty()
               ? nullptr
               : there[static_cast<std::size_t>(Pick(0, static_cast<int>(there.size()) - 1))];
  }
  std::optional<std::string_view> KindOf(const Item& item) const {
    return item.kind == "?" ? std::nullopt : std::optional<std::string_view>(item.kind);
  }

  void Notify() {
    Item& item = items_.emplace_back();
    item.id = ++log_;
    item.kind = Pick(1, 100) <= kinds_unknown_ ? "?" : "kind" + std::to_string(Pick(1, kinds_));
    user_ = OnNotification(std::move(user_), item.id, KindOf(item));
  }

  void Mark() {
    Item* const item = Any();
    if (item == nullptr) {
      return;
    }
    const auto op = static_cast<StateOp>(Pick(1, 5));
    EntryState state = State(item->id);
    user_ = OnMark(std::move(user_), item->id, item->kind, op, {++log_, 1}, state);
    states_[item->id] = state;
    item->read = op == StateOp::kUnread
                     ? false
                     : item->read || op == StateOp::kRead || op == StateOp::kArchive;
    item->archived = op == StateOp::kArchive || (item->archived && op != StateOp::kUnarchive);
    item->away = op == StateOp::kDelete;
  }

  void ReadAll(bool archive) {
    const auto up_to = static_cast<EntryId>(Pick(0, static_cast<int>(log_)));
    const EntryId at = ++log_;
    const bool archives = archive && up_to > user_.archive_all.up_to;
    if (up_to <= user_.read_all.up_to) {
      ReadExceptions(up_to);
    }
    const StillAbove above = CountAbove(up_to);
    user_ = archive ? OnArchiveAll(std::move(user_), up_to, at, above)
                    : OnReadAll(std::move(user_), up_to, at, above);
    for (Item& item : items_) {
      item.read = item.read || item.id <= up_to;
      item.archived = item.archived || (archives && item.id <= up_to);
    }
  }
  void Seen() {
    const auto up_to = static_cast<EntryId>(Pick(0, static_cast<int>(log_)));
    user_ = OnSeen(std::move(user_), up_to, CountAbove(up_to).all());
  }
  // As whoever walks the feed counts.
  StillAbove CountAbove(EntryId up_to) const {
    StillAbove above;
    for (const Item& item : items_) {
      if (item.id > up_to && !item.retired && StillCounts(user_, item.id, State(item.id))) {
        Add(above, user_, item.id, item.kind);
      }
    }
    return above;
  }
  // As the header asks of whoever marks below the mark in force.
  void ReadExceptions(EntryId up_to) {
    for (const Item& item : items_) {
      EntryState state = State(item.id);
      if (item.id <= up_to && !item.away && !IsRead(user_, item.id, state)) {
        user_ = OnMark(std::move(user_), item.id, item.kind, StateOp::kRead, {log_, 1}, state);
        states_[item.id] = state;
      }
    }
  }

  void Expire() {
    if (Item* const item = Any(); item != nullptr) {
      ++log_;
      EntryState state = State(item->id);
      user_ = OnExpire(std::move(user_), item->id, item->kind, state);
      states_[item->id] = state;
      item->away = true;
    }
  }

  // The oldest few fall below the floor.
  void Retire() {
    int left = Pick(1, 5);
    for (Item& item : items_) {
      if (item.retired) {
        continue;
      }
      user_ = OnRetire(std::move(user_), item.id, item.kind, State(item.id));
      states_.erase(item.id);
      item.away = item.retired = true;
      if (--left == 0) {
        return;
      }
    }
  }

  void Reload() {
    const auto again = DecodeUserRecord(EncodeUserRecord(user_));
    ASSERT_TRUE(again.has_value());
    ASSERT_EQ(*again, user_);
    user_ = *again;
  }

  std::mt19937 random_;
  const int kinds_;
  const int kinds_unknown_;
  EntryId log_ = 100;
  std::vector<Item> items_;
  UserRecord user_;
  std::map<EntryId, EntryState> states_;
};

TEST(UserLedger, CountsWhatAPlainListCounts) {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    const int kinds = seed % 3 == 0 ? 100 : 3;
    Users users(seed, kinds, seed % 4 == 0 ? 30 : 0);
    for (int step = 0; step < 150; ++step) {
      SCOPED_TRACE(step);
      users.Step();
      ASSERT_NO_FATAL_FAILURE(users.Compare());
    }
  }
}

TEST(UserLedger, ReadAllLeavesWhatCameAfterIt) {
  UserRecord user = OnNotification({}, 10, "a");
  user = OnNotification(user, 20, "a");
  user = OnReadAll(user, 10, 30, {.counters = {{"a", 1}}});
  EXPECT_EQ(user.unread(), 1u);
  user = OnReadAll(user, 20, 40, {});
  EXPECT_EQ(user.unread(), 0u);
  EXPECT_EQ(OnReadAll(user, 15, 50, {}), user) << "the greatest mark stands";
  EXPECT_EQ(OnReadAll(user, 99, 60, {}).read_all.up_to, 60u) << "nothing to come is read";
}

TEST(UserLedger, AnEntryBelowAMarkThatGoesDoesNotCountTwice) {
  UserRecord user = OnNotification({}, 10, "a");
  user = OnNotification(user, 20, "a");
  user = OnReadAll(user, 10, 30, {.counters = {{"a", 1}}});
  EXPECT_EQ(OnRetire(user, 10, "a", {}).unread(), 1u);
  EntryState state;
  user = OnExpire(user, 20, "a", state);
  EXPECT_EQ(user.unread(), 0u);
  EXPECT_EQ(OnRetire(user, 20, "a", state).unread(), 0u);
}

TEST(UserLedger, KindsBeyondTheBoundShareACounter) {
  UserRecord user;
  for (EntryId id = 1; id <= 80; ++id) {
    user = OnNotification(std::move(user), id, "kind" + std::to_string(id));
  }
  user = OnNotification(std::move(user), 81, std::string(kKindBytesMax + 1, 'k'));
  EXPECT_EQ(user.counters.size(), kKindsMax + 1);
  EXPECT_EQ(user.counters.front(), (KindCount{"", 17}));
  user = OnRetire(std::move(user), 1, "kind1", {});
  user = OnRetire(std::move(user), 80, "kind80", {});
  EXPECT_EQ(user.counters.front(), (KindCount{"", 16}));
  EXPECT_EQ(user.unread(), 79u);
  EXPECT_EQ(DecodeUserRecord(EncodeUserRecord(user)), user);
}

TEST(UserLedger, BroadcastsCountFromTheJoinOn) {
  ProjectRecord project;
  for (const EntryId id : {10, 20, 30}) {
    project = OnBroadcast(std::move(project), {id, 0, "news", false});
  }
  const UserRecord user = NewUser(20);
  EXPECT_EQ(CountsOf(user, project, 0, 35), (Counts{1, 1, {{"news", 1}}, 35}));
  EXPECT_EQ(CountsOf(NewUser(5), project, 10, 35).unread, 2u) << "above the floor";
  EXPECT_EQ(CountsOf(OnSeen(user, 30, 0), project, 0, 35).unseen, 0u);
  UserRecord read = OnBroadcastMark(user, 30, StateOp::kRead, {40, 7});
  EXPECT_EQ(CountsOf(read, project, 0, 40).unread, 0u);
  read = OnBroadcastMark(std::move(read), 30, StateOp::kUnread, {41, 8});
  EXPECT_EQ(CountsOf(read, project, 0, 41).unread, 1u);
  project = OnBroadcastGone(std::move(project), 30, 42);
  EXPECT_EQ(CountsOf(read, project, 0, 42).unread, 0u);
  EXPECT_TRUE(PruneBroadcasts(read, project, 0).broadcasts.empty());
  EXPECT_EQ(DecodeUserRecord(EncodeUserRecord(read)), read);
}

TEST(UserLedger, AMuteIsNotRetroactiveAndEndingItBringsNothingBack) {
  const auto is_for = [](const UserRecord& user, EntryId id, bool critical = false) {
    return IsForUser(user, {id, 0, "digest.weekly", critical});
  };
  UserRecord user = OnMute(NewUser(5), {"digest."}, 20, 0);
  EXPECT_EQ(MutedKinds(user), (std::vector<std::string>{"digest."}));
  EXPECT_TRUE(IsMuted(user, "digest.weekly"));
  EXPECT_FALSE(IsMuted(user, "comment.created"));
  EXPECT_TRUE(is_for(user, 10));
  EXPECT_FALSE(is_for(user, 25));
  EXPECT_TRUE(is_for(user, 25, true)) << "critical kinds reach everybody";
  user = OnMute(std::move(user), {}, 30, 0);
  EXPECT_FALSE(IsMuted(user, "digest.weekly"));
  EXPECT_FALSE(is_for(user, 25));
  EXPECT_TRUE(is_for(user, 35));
  EXPECT_EQ(DecodeUserRecord(EncodeUserRecord(user)), user);
  EXPECT_TRUE(OnMute(user, {}, 50, 30).muted_kinds.empty()) << "it ended below the floor";
}

TEST(UserLedger, SeenOnlyMovesUp) {
  UserRecord user = OnSeen(OnNotification({}, 10, "a"), 30, 0);
  EXPECT_EQ(OnSeen(user, 20, 1), user);
  EXPECT_EQ(user.seen_unread, 1u);
}

TEST(UserLedger, KeepsFieldsOfALaterVersionAndRefusesWhatIsMalformed) {
  UserRecord user = OnNotification({}, 10, "a");
  const std::string bytes = EncodeUserRecord(user);
  const std::string later = bytes + std::string("\x63\0\0\0\3xyz", 8);
  const auto read = DecodeUserRecord(later);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(EncodeUserRecord(OnSeen(*read, 0, 0)), later);
  EXPECT_FALSE(DecodeUserRecord("").has_value());
  EXPECT_FALSE(DecodeUserRecord("\2" + bytes.substr(1)).has_value());
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    const auto cut = DecodeUserRecord(bytes.substr(0, size));
    EXPECT_TRUE(!cut || DecodeUserRecord(EncodeUserRecord(*cut)) == cut) << size;
  }
}

}  // namespace
}  // namespace belfry::store
