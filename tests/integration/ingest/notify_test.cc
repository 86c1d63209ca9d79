// SPDX-License-Identifier: Apache-2.0
// Notify and Broadcast over gRPC, with a store that loses, hangs and refuses.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <future>
#include <set>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/rpc/status.h"
#include "tests/integration/ingest/fixture.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NotifyTest : public IngestTest {
 protected:
  std::unique_ptr<v1::NotifyService::Stub> Stub() {
    if (!app_) {
      StartIngest();
    }
    return v1::NotifyService::NewStub(channel());
  }
  grpc::Status Notify(const v1::NotifyRequest& request, v1::NotifyResponse* response,
                      const std::string& key_id = "full") {
    return Stub()->Notify(Context(key_id).get(), request, response);
  }
};

std::vector<std::string> Fields(const grpc::Status& status) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : wire::FromGrpc(status).violations) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST_F(NotifyTest, HandsTheStoreWhatItNeeds) {
  v1::NotifyRequest request = Request("alice", "Hi");
  v1::Notification* n = request.mutable_notification();
  n->set_body("text");
  n->mutable_expires_at()->set_seconds(4'000'000'000);
  (*n->mutable_meta()->mutable_fields())["b"].set_number_value(1);
  (*n->mutable_meta()->mutable_fields())["a"].set_string_value("x");
  v1::NotifyResponse response;
  const grpc::Status status = Notify(request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.id(), 1'700'000'000'000'001u);
  EXPECT_EQ(response.created_at().seconds(), 1'700'000'000);
  EXPECT_EQ(response.created_at().nanos(), 123'456'000);
  EXPECT_FALSE(response.duplicate());

  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].kind(), v1::ENTRY_KIND_NOTIFICATION);
  EXPECT_EQ(stored[0].project(), "shop");
  EXPECT_EQ(stored[0].user_id(), "alice");
  EXPECT_EQ(stored[0].expires_us(), 4'000'000'000'000'000);
  EXPECT_EQ(stored[0].idempotency_key().size(), 32u);
  EXPECT_TRUE(stored[0].idempotency_key_fresh());
  EXPECT_EQ(stored[0].content_hash().size(), 32u);
  v1::Notification payload;
  ASSERT_TRUE(payload.ParseFromString(stored[0].payload()));
  EXPECT_EQ(payload.title(), "Hi");
  EXPECT_EQ(payload.body(), "text");
  EXPECT_EQ(payload.level(), "info");
  EXPECT_EQ(payload.meta().fields().size(), 2u);
  EXPECT_EQ(payload.user_id(), "");
  EXPECT_EQ(payload.project(), "");
  EXPECT_FALSE(payload.has_expires_at());
}

TEST_F(NotifyTest, NamesEveryBadFieldAtOnce) {
  v1::NotifyRequest request = Request("", "");
  request.mutable_notification()->set_action_url("javascript:alert(1)");
  request.mutable_notification()->set_id(5);
  request.set_idempotency_key("a\nb");
  v1::NotifyResponse response;
  const grpc::Status status = Notify(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(Fields(status),
              ElementsAre("notification.id", "notification.user_id", "notification.title",
                          "notification.action_url", "idempotency_key"));
  EXPECT_THAT(store_->seen(), IsEmpty());
}

// Sends bytes that no protobuf library would make.
grpc::Status SendBytes(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext* context,
                       const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::Slice slice(bytes);
  grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(context, "/belfry.v1.NotifyService/" + method, grpc::StubOptions(), &request,
                 &response, [&](grpc::Status status) { done.set_value(std::move(status)); });
  return done.get_future().get();
}

TEST_F(NotifyTest, NamesTheFieldsThatAreNotUtf8) {
  StartIngest();
  std::string inner = Request("alice", "good title").notification().SerializeAsString();
  inner += std::string("\x3a\x02\xC3(", 4);                     // body
  inner += std::string("\x22\x01\xFF", 3);                      // kind
  inner += std::string("\x6a\x06\x0a\x04\x0a\x02\xFF\xFE", 8);  // a name in meta
  std::string bytes = std::string("\x0a") + static_cast<char>(inner.size()) + inner;
  bytes += std::string("\x12\x01\x80", 3);  // idempotency_key
  const grpc::Status status = SendBytes(channel(), Context().get(), "Notify", bytes);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
  const auto violations = wire::FromGrpc(status).violations;
  std::set<std::string> fields;
  for (const FieldViolation& violation : violations) {
    fields.insert(violation.field);
  }
  EXPECT_THAT(fields, ElementsAre("idempotency_key", "notification.body", "notification.kind",
                                  "notification.meta"));
  EXPECT_EQ(fields.size(), violations.size());
}

TEST_F(NotifyTest, MalformedMessagesAreRefusedByName) {
  StartIngest();
  for (const std::string& bytes :
       {std::string("\xFF\xFF\xFF"), std::string("\x0a\x7f"), std::string("\x0a\x02\x32\x7f", 4),
        std::string("\x0b\x0b\x0b"), std::string("\0", 1)}) {
    const grpc::Status status = SendBytes(channel(), Context().get(), "Notify", bytes);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(wire::FromGrpc(status).reason, "MALFORMED_MESSAGE");
  }
  const grpc::Status deep = SendBytes(channel(), Context().get(), "NotifyBatch", "\x0a\xFF");
  EXPECT_EQ(deep.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(NotifyTest, UnknownFieldsAreNotStored) {
  StartIngest();
  std::string inner = Request("alice").notification().SerializeAsString();
  inner += std::string("\xfa\x3e\x03xyz", 6);  // field 1007
  const std::string bytes = std::string("\x0a") + static_cast<char>(inner.size()) + inner;
  ASSERT_TRUE(SendBytes(channel(), Context().get(), "Notify", bytes).ok());
  v1::NotifyResponse response;
  ASSERT_TRUE(Notify(Request("alice"), &response).ok());
  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(2));
  EXPECT_EQ(stored[0].payload(), stored[1].payload());
  EXPECT_EQ(stored[0].content_hash(), stored[1].content_hash());
}

TEST_F(NotifyTest, DeepMetaIsRefusedAsMeta) {
  v1::NotifyRequest request = Request("alice");
  google::protobuf::Struct* level = request.mutable_notification()->mutable_meta();
  for (int depth = 1; depth < 10; ++depth) {
    level = (*level->mutable_fields())["x"].mutable_struct_value();
  }
  v1::NotifyResponse response;
  EXPECT_TRUE(Notify(request, &response).ok());
  (*level->mutable_fields())["x"].mutable_struct_value();
  EXPECT_THAT(Fields(Notify(request, &response)), ElementsAre("notification.meta"));
}

TEST_F(NotifyTest, ALostAnswerIsTriedAgainAndNeverStoredTwice) {
  store_->SetFate(
      [](int n) { return n < 3 ? FakeStore::Fate::kLoseAnswer : FakeStore::Fate::kCommit; });
  for (const char* key : {"", "mine"}) {
    v1::NotifyResponse response;
    const grpc::Status status = Notify(Request("alice", "Hello", key), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_NE(response.id(), 0u);
  }
  EXPECT_THAT(store_->stored(), SizeIs(2));
  const auto seen = store_->seen();
  ASSERT_THAT(seen, SizeIs(5));
  std::set<std::string> keys;
  for (int i = 0; i < 4; ++i) {
    keys.insert(seen[static_cast<std::size_t>(i)].request.items(0).idempotency_key());
    EXPECT_EQ(seen[static_cast<std::size_t>(i)].request.items(0).idempotency_key_fresh(), i == 0);
  }
  EXPECT_THAT(keys, SizeIs(1));
  EXPECT_FALSE(seen[4].request.items(0).idempotency_key_fresh());
  EXPECT_EQ(Metric("belfry_ingest_append_retries_total"), 3);
}

TEST_F(NotifyTest, OnlyUnavailableIsTriedAgain) {
  store_->SetFate([](int) { return FakeStore::Fate::kInternal; });
  v1::NotifyResponse response;
  EXPECT_EQ(Notify(Request("alice"), &response).error_code(), grpc::StatusCode::UNKNOWN);
  EXPECT_THAT(store_->seen(), SizeIs(1));
  store_->SetFate([](int) { return FakeStore::Fate::kRefuse; });
  const grpc::Status refused = Notify(Request("alice"), &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(wire::FromGrpc(refused).retry_after, std::chrono::milliseconds(5000));
  EXPECT_THAT(store_->seen(), SizeIs(2));
}

TEST_F(NotifyTest, TheSameKeyIsADuplicateOrAMisuse) {
  v1::NotifyResponse first;
  v1::NotifyResponse second;
  ASSERT_TRUE(Notify(Request("alice", "Hello", "k"), &first).ok());
  ASSERT_TRUE(Notify(Request("alice", "Hello", "k"), &second).ok());
  EXPECT_FALSE(first.duplicate());
  EXPECT_TRUE(second.duplicate());
  EXPECT_EQ(first.id(), second.id());
  // The level's default is the same content.
  v1::NotifyRequest spelled = Request("alice", "Hello", "k");
  spelled.mutable_notification()->set_level("info");
  EXPECT_TRUE(Notify(spelled, &second).ok());
  EXPECT_EQ(Notify(Request("bob", "Hello", "k"), &second).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Notify(Request("alice", "Hello!", "k"), &second).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(NotifyTest, PassesTheCallersDeadlineOn) {
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(700));
  v1::NotifyResponse response;
  const grpc::Status status = Stub()->Notify(context.get(), Request("alice"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  const auto seen = store_->seen();
  ASSERT_THAT(seen, SizeIs(1));
  // gRPC rounds up what it sends; without the caller's own it would have been 10 s.
  EXPECT_LE(seen[0].time_left, std::chrono::milliseconds(750));
  EXPECT_TRUE(WaitUntil([&] { return store_->cancelled() == 1; }));
  EXPECT_THAT(store_->stored(), IsEmpty());
}

TEST_F(NotifyTest, ACallerWithoutADeadlineGetsOne) {
  config_.deadline_default = std::chrono::milliseconds(300);
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  grpc::ClientContext context;
  context.AddMetadata("authorization", Bearer("full"));
  v1::NotifyResponse response;
  EXPECT_EQ(Stub()->Notify(&context, Request("alice"), &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_LE(store_->seen()[0].time_left, std::chrono::milliseconds(300));
}

TEST_F(NotifyTest, RetriesEndWithTheDeadlineAndSaySo) {
  store_->SetFate([](int) { return FakeStore::Fate::kUnavailable; });
  config_.deadline_default = std::chrono::milliseconds(300);
  StartIngest();
  grpc::ClientContext context;
  context.AddMetadata("authorization", Bearer("full"));
  v1::NotifyResponse response;
  const grpc::Status status = Stub()->Notify(&context, Request("alice"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("the store is restarting"));
  EXPECT_THAT(store_->seen().size(), ::testing::Ge(2u));
}

TEST_F(NotifyTest, ACancelledCallerCancelsItsAppend) {
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto context = Context();
  const auto stub = Stub();
  std::thread caller([&] {
    v1::NotifyResponse response;
    EXPECT_EQ(stub->Notify(context.get(), Request("alice"), &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  EXPECT_TRUE(WaitUntil([&] { return store_->holding() == 1; }));
  context->TryCancel();
  caller.join();
  EXPECT_TRUE(WaitUntil([&] { return store_->cancelled() == 1; }));
}

TEST_F(NotifyTest, ACancelledCallerThatWaitsIsNeverSent) {
  config_.appends_max = 1;
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto stub = Stub();
  std::thread first([&] {
    v1::NotifyResponse response;
    EXPECT_TRUE(stub->Notify(Context().get(), Request("first"), &response).ok());
  });
  EXPECT_TRUE(WaitUntil([&] { return store_->holding() == 1; }));
  const auto context = Context();
  std::thread second([&] {
    v1::NotifyResponse response;
    EXPECT_FALSE(stub->Notify(context.get(), Request("second"), &response).ok());
  });
  // Both are in: the second waits for the first's Append.
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 2;
  }));
  context->TryCancel();
  second.join();
  EXPECT_TRUE(WaitUntil([&] {
    return Metric("belfry_ingest_items_total{code=\"CANCELLED\",transport=\"grpc\"}") == 1;
  }));
  store_->Release();
  first.join();
  v1::NotifyResponse response;
  EXPECT_TRUE(Notify(Request("third"), &response).ok());
  std::vector<std::string> users;
  for (const auto& item : store_->stored()) {
    users.push_back(item.user_id());
  }
  EXPECT_THAT(users, ElementsAre("first", "third"));
}

TEST_F(NotifyTest, CallersGoTogetherWhileAnAppendIsInFlight) {
  config_.appends_max = 1;
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto stub = Stub();
  std::vector<std::thread> callers;
  for (int i = 0; i < 20; ++i) {
    callers.emplace_back([&, i] {
      v1::NotifyResponse response;
      EXPECT_TRUE(stub->Notify(Context().get(), Request("u" + std::to_string(i)), &response).ok());
    });
  }
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 20;
  }));
  store_->Release();
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_THAT(store_->seen(), SizeIs(2));
  EXPECT_THAT(store_->stored(), SizeIs(20));
}

TEST_F(NotifyTest, SaysWhichCredentialWasRefused) {
  StartIngest();
  const auto stub = Stub();
  const auto call = [&](const std::string& authorization) {
    grpc::ClientContext context;
    if (!authorization.empty()) {
      context.AddMetadata("authorization", authorization);
    }
    v1::NotifyResponse response;
    const grpc::Status status = stub->Notify(&context, Request("alice"), &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    return wire::FromGrpc(status).reason;
  };
  EXPECT_EQ(call(""), "MISSING_CREDENTIALS");
  EXPECT_EQ(call("Basic abc"), "MALFORMED_CREDENTIALS");
  EXPECT_EQ(call("Bearer nodot"), "MALFORMED_CREDENTIALS");
  EXPECT_EQ(call("Bearer nobody.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "UNKNOWN_API_KEY");
  EXPECT_EQ(call(Bearer("full") + "x"), "UNKNOWN_API_KEY");
  EXPECT_THAT(store_->seen(), IsEmpty());
  EXPECT_EQ(Metric("belfry_ingest_auth_failures_total{reason=\"UNKNOWN_API_KEY\"}"), 2);
}

TEST_F(NotifyTest, ScopesAreKept) {
  v1::NotifyResponse response;
  const grpc::Status status = Notify(Request("alice"), &response, "loud");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(wire::FromGrpc(status).reason, "SCOPE_MISSING");
  EXPECT_THAT(status.error_message(), HasSubstr("notify"));

  v1::BroadcastRequest broadcast;
  broadcast.mutable_notification()->set_title("All");
  v1::BroadcastResponse answer;
  const grpc::Status refused = Stub()->Broadcast(Context("quiet").get(), broadcast, &answer);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(refused.error_message(), HasSubstr("broadcast"));
  ASSERT_TRUE(Stub()->Broadcast(Context("loud").get(), broadcast, &answer).ok());
  EXPECT_NE(answer.id(), 0u);
  ASSERT_THAT(store_->stored(), SizeIs(1));
  EXPECT_EQ(store_->stored()[0].kind(), v1::ENTRY_KIND_BROADCAST);
  EXPECT_EQ(store_->stored()[0].user_id(), "");

  broadcast.mutable_notification()->set_user_id("alice");
  EXPECT_THAT(Fields(Stub()->Broadcast(Context("loud").get(), broadcast, &answer)),
              ElementsAre("notification.user_id"));
}

TEST_F(NotifyTest, ARateIsKeptPerKey) {
  config_.rate_per_key = 1;
  config_.burst_per_key = 2;
  v1::NotifyResponse response;
  EXPECT_TRUE(Notify(Request("alice"), &response).ok());
  // What is malformed counts as well.
  EXPECT_EQ(Notify(Request(""), &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status status = Notify(Request("alice"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const Error error = wire::FromGrpc(status);
  EXPECT_EQ(error.reason, "RATE_LIMITED");
  ASSERT_TRUE(error.retry_after.has_value());
  EXPECT_LE(*error.retry_after, std::chrono::milliseconds(1000));
  EXPECT_TRUE(Notify(Request("alice"), &response, "quiet").ok());
  EXPECT_EQ(Metric("belfry_ingest_rate_limited_total{key=\"full\"}"), 1);
}

TEST_F(NotifyTest, WhatIsInFlightIsBounded) {
  config_.in_flight_items_max = 3;
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  const auto stub = Stub();
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      v1::NotifyResponse response;
      EXPECT_TRUE(stub->Notify(Context().get(), Request("alice"), &response).ok());
    });
  }
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_TRUE(app_->Pulse().ok());
    return Metric("belfry_ingest_in_flight_items") == 3;
  }));
  v1::NotifyResponse response;
  const grpc::Status status = Notify(Request("alice"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(wire::FromGrpc(status).reason, "TOO_MANY_IN_FLIGHT");
  EXPECT_TRUE(wire::FromGrpc(status).retry_after.has_value());
  store_->Release();
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_TRUE(Notify(Request("alice"), &response).ok());
}

}  // namespace
}  // namespace belfry::ingest
