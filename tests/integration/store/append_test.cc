// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>
#include <thread>

#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

struct AppendTest : testing::Test, StoreRig {
  void SetUp() override { Start(); }
};

TEST_F(AppendTest, AnswersItemByItem) {
  v1::AppendItem bad = Item("bob", "k2");
  bad.clear_content_hash();
  bad.set_project(std::string(65, 'p'));
  v1::AppendResponse response;
  ASSERT_TRUE(
      TryAppend({Item("alice", "k1"), bad, Item("alice", "k1", "Other"), Item("carol", "k3")},
                &response)
          .ok());
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_TRUE(response.results(0).has_ok());
  const Error refused = wire::FromProto(response.results(1).error());
  EXPECT_EQ(refused.code, Code::kInvalidArgument);
  ASSERT_EQ(refused.violations.size(), 2u);
  EXPECT_EQ(refused.violations[0].field, "items[1].project");
  EXPECT_EQ(refused.violations[1].field, "items[1].content_hash");
  const Error misused = wire::FromProto(response.results(2).error());
  EXPECT_EQ(misused.code, Code::kFailedPrecondition);
  EXPECT_EQ(misused.reason, "IDEMPOTENCY_KEY_REUSED");
  EXPECT_TRUE(response.results(3).has_ok());
  EXPECT_EQ(ReadFeed("bob", 0).entries_size(), 0);
}

TEST_F(AppendTest, NamesEveryFieldThatIsOutOfBounds) {
  const auto violation = [this](auto change) {
    v1::AppendItem item = Item("alice", "k");
    change(item);
    const v1::AppendResult result = Append(item);
    const Error error = wire::FromProto(result.error());
    return error.violations.size() == 1 ? error.violations[0].field : "?";
  };
  EXPECT_EQ(violation([](auto& item) { item.set_kind(v1::ENTRY_KIND_STATE); }), "items[0].kind");
  EXPECT_EQ(violation([](auto& item) { item.clear_project(); }), "items[0].project");
  EXPECT_EQ(violation([](auto& item) { item.clear_user_id(); }), "items[0].user_id");
  EXPECT_EQ(violation([](auto& item) { item.set_user_id(std::string(129, 'u')); }),
            "items[0].user_id");
  EXPECT_EQ(violation([](auto& item) { item.set_user_id("a\x01"); }), "items[0].user_id");
  EXPECT_EQ(violation([](auto& item) { item.set_user_id("a\xc2\x85"); }), "items[0].user_id");
  EXPECT_EQ(violation([](auto& item) { item.set_project("a b"); }), "items[0].project");
  EXPECT_EQ(violation([](auto& item) { item.set_kind(v1::ENTRY_KIND_BROADCAST); }),
            "items[0].user_id");
  EXPECT_EQ(violation([](auto& item) { item.clear_idempotency_key(); }),
            "items[0].idempotency_key");
  EXPECT_EQ(violation([](auto& item) { item.set_idempotency_key(std::string(129, 'k')); }),
            "items[0].idempotency_key");
  EXPECT_EQ(violation([](auto& item) { item.set_content_hash("short"); }), "items[0].content_hash");
  EXPECT_EQ(violation([](auto& item) { item.set_expires_us(-1); }), "items[0].expires_us");
  EXPECT_EQ(violation([](auto& item) { item.set_expires_us(kUnixMicrosMax + 1); }),
            "items[0].expires_us");
  EXPECT_EQ(violation([](auto& item) { item.set_payload(std::string(65'537, 'x')); }),
            "items[0].payload");
  v1::AppendResponse response;
  EXPECT_EQ(TryAppend({}, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(TryAppend(std::vector<v1::AppendItem>(1'001, Item("a", "k")), &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(AppendTest, TakesEveryTextThatANameMayBe) {
  const std::string user = "\xf0\x9f\x94\x94/.. %\"'\\*>";
  const std::uint64_t id = Store(Item(user, "k"));
  const v1::FeedPage page = ReadFeed(user, 0);
  ASSERT_EQ(page.entries_size(), 1);
  EXPECT_EQ(page.entries(0).id(), id);
  EXPECT_EQ(page.entries(0).user_id(), user);
}

TEST_F(AppendTest, GivesManyCallersUniqueRisingIdsAndCommitsThemTogether) {
  constexpr int kThreads = 8;
  constexpr int kCalls = 50;
  std::vector<std::vector<std::uint64_t>> ids(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        ids[t].push_back(Store(Item("alice", std::to_string(t) + "/" + std::to_string(i))));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::set<std::uint64_t> all;
  for (const auto& own : ids) {
    EXPECT_TRUE(std::is_sorted(own.begin(), own.end()));
    all.insert(own.begin(), own.end());
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kCalls));
  EXPECT_EQ(ReadFeed("alice", 0, true).counts().unread_count(), all.size());
}

TEST_F(AppendTest, RefusesWhenTheDiskReserveIsReachedAndGoesOnReading) {
  const std::uint64_t id = Store(Item("alice", "before"));
  Stop();
  config.disk_reserve = 1ULL << 50;
  Start();
  const Error refused = wire::FromProto(Append(Item("alice", "after")).error());
  EXPECT_EQ(refused.code, Code::kResourceExhausted);
  EXPECT_EQ(refused.reason, "DISK_RESERVE");
  EXPECT_TRUE(refused.retry_after.has_value());
  EXPECT_TRUE(Append(Item("alice", "before")).ok().duplicate());
  const v1::FeedPage page = ReadFeed("alice", 0);
  ASSERT_EQ(page.entries_size(), 1);
  EXPECT_EQ(page.entries(0).id(), id);
  Stop();
  config.disk_reserve = 0;
  Start();
  EXPECT_FALSE(Append(Item("alice", "after")).ok().duplicate()) << "it was never stored";
}

TEST_F(AppendTest, EndsCallsWhoseCallerWentAway) {
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext context;
    std::atomic<bool> done = false;
    v1::AppendRequest request;
    *request.add_items() = Item("alice", "cancelled" + std::to_string(i));
    v1::AppendResponse response;
    stub->async()->Append(&context, &request, &response,
                          [&done](const grpc::Status&) { done = true; });
    context.TryCancel();
    ASSERT_TRUE(test::WaitUntil([&done] { return done.load(); }));
  }
  Store(Item("alice", "last"));
}

}  // namespace
}  // namespace belfry::store
