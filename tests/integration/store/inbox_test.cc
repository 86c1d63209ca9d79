// SPDX-License-Identifier: Apache-2.0
// Inboxes over the store's gRPC, with its end in between: whatever was answered is so afterwards.
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/inbox.h"
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

using Ids = std::vector<std::uint64_t>;
using ListRequest = v1::StoreServiceListNotificationsRequest;
using ListResponse = v1::StoreServiceListNotificationsResponse;

// How a store ends, and how many users it holds in memory.
struct Life {
  bool in_order;
  std::int64_t users_cached_max;
};

class InboxTest : public testing::TestWithParam<Life>, protected StoreRig {
 protected:
  void SetUp() override {
    config.users_cached_max = GetParam().users_cached_max;
    Start();
  }
  void Restart() {
    GetParam().in_order ? Stop() : Kill();
    Start();
  }

  std::uint64_t Notify(const std::string& user, const std::string& kind,
                       const std::string& collapse_key = "") {
    return Store(MakeItem(user, kind, collapse_key));
  }
  v1::AppendItem MakeItem(const std::string& user, const std::string& kind,
                          const std::string& collapse_key = "") {
    v1::AppendItem item = Item(user, "key" + std::to_string(++keys_));
    item.set_notification_kind(kind);
    item.set_collapse_key(collapse_key);
    return item;
  }
  static std::int64_t In(std::chrono::milliseconds time) {
    const auto at = std::chrono::system_clock::now() + time;
    return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
  }

  v1::StateUpdateResult Update(const v1::StateUpdate& update) {
    v1::UpdateStateRequest request;
    *request.add_updates() = update;
    v1::UpdateStateResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status = stub->UpdateState(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.results_size() == 1 ? response.results(0) : v1::StateUpdateResult{};
  }
  static v1::StateUpdate Change(const std::string& user, v1::StateOp op, const Ids& ids = {}) {
    v1::StateUpdate update;
    update.set_project("acme");
    update.set_user_id(user);
    update.set_op(op);
    update.mutable_ids()->Add(ids.begin(), ids.end());
    return update;
  }
  static v1::StateUpdate UpTo(const std::string& user, v1::StateOp op, std::uint64_t up_to) {
    v1::StateUpdate update = Change(user, op);
    update.set_up_to(up_to);
    return update;
  }
  // What it changes; the change must be one.
  void Make(const v1::StateUpdate& update) {
    const v1::StateUpdateResult result = Update(update);
    EXPECT_TRUE(result.ok().changed()) << result.ShortDebugString();
    EXPECT_EQ(result.ok().not_found_size(), 0);
  }
  void Mute(const std::string& user, const std::string& kind) {
    v1::StateUpdate update = Change(user, v1::STATE_OP_PREFERENCES);
    update.add_muted_kinds(kind);
    Make(update);
  }

  ListResponse List(const std::string& user, ListRequest request = {}) {
    request.set_project("acme");
    request.set_user_id(user);
    request.set_limit(100);
    ListResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status = stub->ListNotifications(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  Ids IdsOf(const std::string& user, ListRequest request = {}) {
    Ids ids;
    const ListResponse list = List(user, std::move(request));
    for (const v1::LogEntry& entry : list.entries()) {
      ids.push_back(entry.id());
    }
    return ids;
  }
  std::uint64_t Unread(const std::string& user) { return List(user).counts().unread_count(); }

  // Everything that can be read of a user.
  struct Seen {
    std::vector<ListResponse> lists;
    v1::FeedPage feed;
  };
  Seen Look(const std::string& user) {
    ListRequest archived, unread;
    archived.set_archived(true);
    unread.set_unread(true);
    return {{List(user), List(user, archived), List(user, unread)}, ReadFeed(user, 0)};
  }
  static void ExpectSame(const Seen& before, const Seen& after) {
    using google::protobuf::util::MessageDifferencer;
    for (std::size_t i = 0; i < before.lists.size(); ++i) {
      EXPECT_TRUE(MessageDifferencer::Equals(before.lists[i], after.lists[i]))
          << before.lists[i].DebugString() << after.lists[i].DebugString();
    }
    EXPECT_TRUE(MessageDifferencer::Equals(before.feed, after.feed))
        << before.feed.DebugString() << after.feed.DebugString();
  }

 private:
  int keys_ = 0;
};

TEST_P(InboxTest, WhatWasDoneIsSoAfterwards) {
  Ids own;
  for (const char* kind : {"chat", "chat", "news", "news", "build", "chat"}) {
    own.push_back(Notify("alice", kind));
  }
  const std::uint64_t broadcast = Notify("", "news");
  const std::uint64_t retracted = Notify("", "news");
  Make(Change("alice", v1::STATE_OP_READ, {own[0]}));
  Make(Change("alice", v1::STATE_OP_ARCHIVE, {own[1], broadcast}));
  Make(UpTo("alice", v1::STATE_OP_READ_ALL, own[3]));
  Make(Change("alice", v1::STATE_OP_UNREAD, {own[2]}));
  Make(Change("alice", v1::STATE_OP_DELETE, {own[3]}));
  Make(UpTo("alice", v1::STATE_OP_SEEN, own[4]));
  Make(Change("", v1::STATE_OP_RETRACTED, {retracted}));
  const std::uint64_t doc = Notify("alice", "doc", "doc 7");
  const std::uint64_t doc_again = Notify("alice", "doc", "doc 7");
  Mute("alice", "news");
  const Seen alice = Look("alice");
  EXPECT_EQ(alice.lists[0].counts().unread_count(), 4u);  // own[2], own[4], own[5], doc_again
  EXPECT_EQ(alice.lists[0].counts().unseen_count(), 2u);
  EXPECT_EQ(alice.lists[0].muted_kinds_size(), 1);

  Restart();
  ExpectSame(alice, Look("alice"));
  EXPECT_FALSE(Update(Change("alice", v1::STATE_OP_READ, {own[0]})).ok().changed());
  EXPECT_EQ(Update(Change("alice", v1::STATE_OP_READ, {own[3]})).ok().not_found_size(), 1);
  EXPECT_FALSE(Update(Change("", v1::STATE_OP_RETRACTED, {retracted})).ok().changed());
  EXPECT_EQ(Unread("alice"), 4u);

  // And everything goes on from there.
  EXPECT_TRUE(Append(MakeItem("alice", "news")).ok().suppressed());
  const std::uint64_t muted = Notify("", "news"), heard = Notify("", "chat");
  const Ids ids = IdsOf("alice");
  EXPECT_EQ(std::count(ids.begin(), ids.end(), muted), 0);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), heard), 1);
  const std::uint64_t third = Notify("alice", "doc", "doc 7");
  const ListResponse list = List("alice");
  EXPECT_EQ(list.entries(0).id(), third);
  EXPECT_EQ(list.entries(0).replaces(), doc_again);
  EXPECT_EQ(list.entries(0).collapsed_count(), 2u);
  EXPECT_NE(doc, doc_again);
  EXPECT_EQ(Unread("alice"), 5u);
  Make(Change("alice", v1::STATE_OP_UNARCHIVE, {broadcast}));
  EXPECT_EQ(Unread("alice"), 5u) << "what was archived has been read";
  Make(Change("alice", v1::STATE_OP_UNREAD, {broadcast}));
  EXPECT_EQ(Unread("alice"), 6u);
  Make(UpTo("alice", v1::STATE_OP_READ_ALL, third));
  EXPECT_EQ(Unread("alice"), 0u);
  const Seen read = Look("alice");
  Restart();
  ExpectSame(read, Look("alice"));
}

TEST_P(InboxTest, WhoHasJoinedHasAndWhoHasNotDoesLater) {
  Notify("", "news");
  EXPECT_EQ(Unread("early"), 0u) << "the user joins by asking";
  const std::uint64_t between = Notify("", "news");
  Restart();
  EXPECT_EQ(IdsOf("early"), Ids{between});
  EXPECT_EQ(Unread("early"), 1u);
  EXPECT_EQ(Unread("late"), 0u);
  const std::uint64_t after = Notify("", "news");
  Restart();
  EXPECT_EQ(IdsOf("early"), (Ids{after, between}));
  EXPECT_EQ(IdsOf("late"), Ids{after});
}

TEST_P(InboxTest, WhatExpiresDoesSoAfterwards) {
  Notify("alice", "chat");
  v1::AppendItem own = MakeItem("alice", "chat"), all = MakeItem("", "news");
  const std::int64_t soon = In(std::chrono::milliseconds(1'500));
  own.set_expires_us(soon);
  all.set_expires_us(soon);
  const std::uint64_t own_id = Store(own), all_id = Store(all);
  Restart();
  ASSERT_TRUE(test::WaitUntil([this] { return Unread("alice") == 1; }));
  EXPECT_EQ(IdsOf("alice").size(), 1u);
  // Its log says so of each, once.
  const auto expired = [this] {
    Ids ids;
    const v1::FeedPage page = ReadFeed("alice", 0);
    for (const v1::LogEntry& entry : page.entries()) {
      const auto change =
          entry.kind() == v1::ENTRY_KIND_STATE ? DecodeStateChange(entry.payload()) : std::nullopt;
      if (change && change->op == StateOp::kExpired) {
        ids.insert(ids.end(), change->ids.begin(), change->ids.end());
      }
    }
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  EXPECT_EQ(expired(), (Ids{own_id, all_id}));
  Restart();
  EXPECT_EQ(expired(), (Ids{own_id, all_id}));
  EXPECT_EQ(Unread("alice"), 1u);
}

INSTANTIATE_TEST_SUITE_P(Lives, InboxTest,
                         testing::Values(Life{true, 65'536}, Life{false, 65'536}, Life{false, 1}),
                         [](const auto& life) {
                           return std::string(life.param.in_order ? "Stopped" : "Killed") +
                                  (life.param.users_cached_max == 1 ? "WithoutACache" : "");
                         });

}  // namespace
}  // namespace belfry::store
