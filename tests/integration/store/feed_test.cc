// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/store/store_rig.h"

namespace belfry::store {
namespace {

struct FeedTest : testing::Test, StoreRig {
  void SetUp() override { Start(); }
};

TEST_F(FeedTest, ReadsManyFeedsInOneCall) {
  v1::ReadFeedRequest request;
  for (int i = 0; i < 64; ++i) {
    const std::string user = "user" + std::to_string(i);
    if (i % 2 == 0) {
      Store(Item(user, user));
    }
    v1::FeedQuery* query = request.add_queries();
    query->set_project("acme");
    query->set_user_id(user);
  }
  v1::ReadFeedResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(stub->ReadFeed(&context, request, &response).ok());
  ASSERT_EQ(response.pages_size(), 64);
  for (int i = 0; i < 64; ++i) {
    ASSERT_EQ(response.pages(i).entries_size(), i % 2 == 0 ? 1 : 0);
    EXPECT_EQ(response.pages(i).counts().unread_count(), i % 2 == 0 ? 1u : 0u);
  }
}

TEST_F(FeedTest, RefusesQueriesOutOfBounds) {
  const auto code = [this](int queries, const std::string& user) {
    v1::ReadFeedRequest request;
    for (int i = 0; i < queries; ++i) {
      request.add_queries()->set_project("acme");
      request.mutable_queries(i)->set_user_id(user);
    }
    v1::ReadFeedResponse response;
    grpc::ClientContext context;
    return stub->ReadFeed(&context, request, &response).error_code();
  };
  EXPECT_EQ(code(0, "alice"), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code(65, "alice"), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code(1, ""), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(code(64, "alice"), grpc::StatusCode::OK);
}

TEST_F(FeedTest, AnswersManyFullPagesWithinOneMessage) {
  std::vector<v1::AppendItem> items;
  for (int i = 0; i < 100; ++i) {
    items.push_back(Item("alice", std::to_string(i), std::string(20'000, 'x')));
  }
  v1::AppendResponse appended;
  ASSERT_TRUE(TryAppend(items, &appended).ok());
  v1::ReadFeedRequest request;
  for (int i = 0; i < 64; ++i) {
    request.add_queries()->set_project("acme");
    request.mutable_queries(i)->set_user_id("alice");
  }
  v1::ReadFeedResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub->ReadFeed(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  for (const v1::FeedPage& page : response.pages()) {
    ASSERT_GE(page.entries_size(), 1);
    ASSERT_TRUE(page.more());
    ASSERT_EQ(page.up_to(), page.entries(page.entries_size() - 1).id());
  }
}

TEST_F(FeedTest, StreamsAWholeLogInOrder) {
  std::size_t appended = 0;
  for (int batch = 0; batch < 20; ++batch) {
    std::vector<v1::AppendItem> items;
    for (int i = 0; i < 100; ++i, ++appended) {
      items.push_back(Item("user" + std::to_string(appended % 50), std::to_string(appended),
                           std::string(1'000, 'x')));
    }
    v1::AppendResponse response;
    ASSERT_TRUE(TryAppend(items, &response).ok());
  }
  const v1::GetHeadsResponse heads = GetHeads();
  EXPECT_EQ(heads.partitions(), 16u);
  EXPECT_EQ(heads.history_id().size(), 32u);
  ASSERT_EQ(heads.heads_size(), 16);
  std::size_t read = 0;
  for (const v1::PartitionHead& head : heads.heads()) {
    std::vector<v1::LogEntry> entries;
    ASSERT_TRUE(ReadLog(head.partition(), 0, &entries).ok());
    std::uint64_t last = 0;
    for (const v1::LogEntry& entry : entries) {
      ASSERT_EQ(entry.prev(), last);
      ASSERT_EQ(entry.partition(), head.partition());
      last = entry.id();
    }
    EXPECT_EQ(last, head.last_id());
    read += entries.size();
  }
  EXPECT_EQ(read, appended);
}

TEST_F(FeedTest, EndsALogEarlyWhenAsked) {
  for (int i = 0; i < 600; ++i) {
    v1::AppendResponse response;
    std::vector<v1::AppendItem> items(1, Item("alice", std::to_string(i), std::string(2'000, 'x')));
    ASSERT_TRUE(TryAppend(items, &response).ok());
  }
  const std::uint32_t partition = ReadFeed("alice", 0, true).partition();
  std::vector<v1::LogEntry> some;
  ASSERT_TRUE(ReadLog(partition, 0, &some, 1).ok());
  EXPECT_GT(some.size(), 0u);
  EXPECT_LT(some.size(), 600u);
  std::vector<v1::LogEntry> rest;
  ASSERT_TRUE(ReadLog(partition, some.back().id(), &rest).ok());
  EXPECT_EQ(some.size() + rest.size(), 600u);
}

TEST_F(FeedTest, RefusesALogThatIsNot) {
  std::vector<v1::LogEntry> none;
  EXPECT_EQ(ReadLog(16, 0, &none).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(ReadLog(3, 0, &none).ok());
  EXPECT_TRUE(none.empty());
}

TEST_F(FeedTest, EndsALogStreamWhoseReaderWentAway) {
  std::vector<v1::AppendItem> items;
  for (int i = 0; i < 300; ++i) {
    items.push_back(Item("alice", std::to_string(i), std::string(20'000, 'x')));
    if (items.size() == 100) {
      v1::AppendResponse response;
      ASSERT_TRUE(TryAppend(items, &response).ok());
      items.clear();
    }
  }
  v1::ReadLogRequest request;
  request.set_partition(ReadFeed("alice", 0, true).partition());
  for (int i = 0; i < 20; ++i) {
    grpc::ClientContext context;
    const auto reader = stub->ReadLog(&context, request);
    v1::ReadLogResponse page;
    ASSERT_TRUE(reader->Read(&page));
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  Stop();  // which waits for every call to have ended
}

TEST_F(FeedTest, FaultsACursorBelowTheRetentionWindow) {
  Stop();
  config.retention = std::chrono::seconds(1);
  Start();
  const std::uint64_t old = Store(Item("alice", "k1"));
  const std::uint64_t old_too = Store(Item("alice", "k2"));
  ASSERT_TRUE(test::WaitUntil([&] { return ReadFeed("alice", old_too, true).floor() == old_too; }));
  const v1::FeedPage passed = ReadFeed("alice", old);
  EXPECT_EQ(passed.fault(), v1::CURSOR_FAULT_WINDOW_PASSED);
  EXPECT_EQ(passed.counts().unread_count(), 0u);
  std::vector<v1::LogEntry> none;
  EXPECT_EQ(ReadLog(passed.partition(), old, &none).error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(ReadFeed("alice", old_too).fault(), v1::CURSOR_FAULT_UNSPECIFIED);
  EXPECT_EQ(ReadFeed("alice", old_too + 1).fault(), v1::CURSOR_FAULT_AHEAD);
  EXPECT_GT(Store(Item("alice", "k3")), old_too);
}

}  // namespace
}  // namespace belfry::store
