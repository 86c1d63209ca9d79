// SPDX-License-Identifier: Apache-2.0
// Users, segments, notifications to segments and erasure, over REST and gRPC.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "belfry/v1/audience_service.grpc.pb.h"
#include "belfry/v1/inbox_service.grpc.pb.h"
#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/rpc/status.h"
#include "tests/integration/ingest/fixture.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kToBeta[] =
    R"({"segment":"role:admin,beta","title":"Hi","excludeUserIds":["dave","bob","dave"]})";

class AudienceTest : public IngestTest {
 protected:
  void SetUp() override { StartIngest(); }

  HttpAnswer Ask(const std::string& method, const std::string& path, const std::string& body = "",
                 const std::string& key = "full",
                 std::vector<std::pair<std::string, std::string>> more = {}) {
    more.emplace_back("Authorization", Bearer(key));
    if (!body.empty()) {
      more.emplace_back("Content-Type", "application/json");
    }
    return Http(method, path, body, more);
  }
  v1::UpdateAudienceRequest LastUpdate() const {
    const auto updates = store_->audience_updates();
    return updates.empty() ? v1::UpdateAudienceRequest() : updates.back();
  }
  v1::ReadAudienceRequest LastRead() const {
    const auto reads = store_->audience_reads();
    return reads.empty() ? v1::ReadAudienceRequest() : reads.back();
  }
  void SetUpdated(bool changed, std::uint64_t members, std::uint64_t operation_id = 0,
                  std::uint64_t recipients = 0, bool duplicate = false) {
    v1::UpdateAudienceResponse response;
    response.set_changed(changed);
    response.set_members(members);
    response.set_operation_id(operation_id);
    response.set_recipients(recipients);
    response.set_duplicate(duplicate);
    store_->SetAudienceUpdated(response);
  }
  std::unique_ptr<v1::AudienceService::Stub> stub() {
    return v1::AudienceService::NewStub(channel());
  }
};

TEST_F(AudienceTest, SetsUsers) {
  EXPECT_EQ(Ask("PUT", "/v1/users/a%2Fb", R"({"attributes":{"plan":"pro","seats":5,"beta":true}})",
                "crowd")
                .body,
            "{}");
  v1::UpdateAudienceRequest update = LastUpdate();
  EXPECT_EQ(update.project(), "shop");
  EXPECT_EQ(update.op(), v1::AUDIENCE_OP_UPSERT_USERS);
  ASSERT_EQ(update.users_size(), 1);
  EXPECT_EQ(update.users(0).user_id(), "a/b");
  EXPECT_EQ(update.users(0).attributes().at("plan"), "pro");
  EXPECT_EQ(update.users(0).attributes().at("seats"), "5");
  EXPECT_EQ(update.users(0).attributes().at("beta"), "true");
  EXPECT_EQ(
      Ask("POST", "/v1/users/bulk",
          R"({"users":[{"userId":"a","attributes":{}},{"userId":"b","attributes":{"x":"y"}}]})")
          .status,
      200);
  ASSERT_EQ(LastUpdate().users_size(), 2);
  EXPECT_EQ(LastUpdate().users(1).attributes().at("x"), "y");
  // A user may be called so.
  EXPECT_EQ(Ask("PUT", "/v1/users/%62ulk", R"({"attributes":{}})").status, 200);
  EXPECT_EQ(LastUpdate().users(0).user_id(), "bulk");
}

TEST_F(AudienceTest, ReadsUsersSegmentsMembersAndOperations) {
  v1::ReadAudienceResponse page;
  v1::User& user = *page.add_users();
  user.set_user_id("alice");
  (*user.mutable_attributes())["plan"] = "pro";
  user.add_segments("beta");
  v1::SegmentSize& size = *page.add_segments();
  size.set_segment("plan:pro");
  size.set_members(3);
  page.set_next_after("alice");
  v1::Operation& operation = *page.mutable_operation();
  operation.set_id(17);
  operation.set_kind(v1::OPERATION_KIND_NOTIFY_SEGMENT);
  operation.set_state(v1::OPERATION_STATE_RUNNING);
  operation.mutable_created_at()->set_seconds(1'700'000'000);
  operation.set_total(9);
  operation.set_done(4);
  operation.add_errors("x");
  store_->SetAudiencePage(page);

  constexpr char kAlice[] = R"({"userId":"alice","attributes":{"plan":"pro"},"segments":["beta"]})";
  EXPECT_EQ(Ask("GET", "/v1/users/alice").body, kAlice);
  EXPECT_EQ(LastRead().kind(), v1::AUDIENCE_QUERY_KIND_USER);
  EXPECT_EQ(LastRead().name(), "alice");
  EXPECT_EQ(Ask("GET", "/v1/users?after=al&limit=7").body,
            std::string(R"({"users":[)") + kAlice + R"(],"nextAfter":"alice"})");
  EXPECT_EQ(LastRead().after(), "al");
  EXPECT_EQ(LastRead().limit(), 7u);
  EXPECT_EQ(Ask("GET", "/v1/segments").body,
            R"({"segments":[{"segment":"plan:pro","members":3}],"nextAfter":"alice"})");
  EXPECT_EQ(LastRead().limit(), 100u);
  EXPECT_EQ(Ask("GET", "/v1/segments/plan%3Apro/members").body,
            R"({"userIds":["alice"],"nextAfter":"alice"})");
  EXPECT_EQ(LastRead().name(), "plan:pro");
  EXPECT_EQ(Ask("GET", "/v1/operations/17").body,
            R"({"operationId":"17","kind":"notify_segment","state":"running",)"
            R"("createdAt":"2023-11-14T22:13:20Z","total":9,"done":4,"suppressed":0,"failed":0,)"
            R"("errors":["x"]})");
  EXPECT_EQ(LastRead().operation_id(), 17u);
  page.clear_next_after();
  store_->SetAudiencePage(page);
  EXPECT_EQ(Ask("GET", "/v1/segments/beta/members").body,
            R"({"userIds":["alice"],"nextAfter":null})");
}

TEST_F(AudienceTest, ChangesSegments) {
  SetUpdated(true, 0);
  EXPECT_EQ(Ask("PUT", "/v1/segments/beta").status, 201);
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_CREATE_SEGMENT);
  EXPECT_EQ(LastUpdate().segment(), "beta");
  SetUpdated(false, 2);
  EXPECT_EQ(Ask("PUT", "/v1/segments/beta").status, 200);
  const HttpAnswer added = Ask("POST", "/v1/segments/beta/add", R"({"userIds":["a","b"]})");
  EXPECT_EQ(added.status, 200);
  EXPECT_EQ(added.body, R"({"members":2})");
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_ADD_MEMBERS);
  EXPECT_THAT(LastUpdate().user_ids(), ElementsAre("a", "b"));
  EXPECT_EQ(Ask("POST", "/v1/segments/beta/remove", R"({"userIds":["a"]})").status, 200);
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_REMOVE_MEMBERS);
  const HttpAnswer gone = Ask("DELETE", "/v1/segments/beta");
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  EXPECT_THAT(gone.headers.at("ratelimit"), HasSubstr("\"key\";r="));
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_DELETE_SEGMENT);
}

TEST_F(AudienceTest, NotifiesASegment) {
  SetUpdated(true, 0, 17, 2000);
  const HttpAnswer answer = Ask("POST", "/v1/notify", kToBeta, "loud", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(answer.status, 202) << answer.body;
  EXPECT_EQ(answer.body, R"({"operationId":"17","recipients":2000,"duplicate":false})");
  EXPECT_EQ(answer.headers.count("idempotent-replayed"), 0u);
  const v1::UpdateAudienceRequest update = LastUpdate();
  EXPECT_EQ(update.op(), v1::AUDIENCE_OP_NOTIFY_SEGMENT);
  EXPECT_THAT(update.segments(), ElementsAre("beta", "role:admin"));
  EXPECT_THAT(update.user_ids(), ElementsAre("bob", "dave"));
  EXPECT_EQ(update.item().kind(), v1::ENTRY_KIND_NOTIFICATION);
  EXPECT_EQ(update.item().project(), "shop");
  EXPECT_EQ(update.item().idempotency_key(), "k");
  EXPECT_THAT(update.item().content_hash(), SizeIs(32));

  SetUpdated(false, 0, 17, 2000, true);
  const HttpAnswer again = Ask("POST", "/v1/notify", kToBeta, "loud", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(again.status, 202);
  EXPECT_EQ(again.headers.at("idempotent-replayed"), "true");
  EXPECT_EQ(
      Metric(R"(belfry_ingest_calls_total{code="OK",method="NotifySegment",transport="rest"})"), 2);
}

TEST_F(AudienceTest, RefusesSeveralWaysToSayWhoGetsIt) {
  const HttpAnswer answer = Post(
      "/v1/notify", R"({"userId":"a","userIds":["b"],"segment":"c","broadcast":true,"title":"t"})");
  EXPECT_EQ(answer.status, 400);
  for (const char* field : {"userId", "userIds", "segment", "broadcast"}) {
    EXPECT_THAT(answer.body, HasSubstr(std::string(R"({"field":")") + field + "\""));
  }
  EXPECT_EQ(
      Post("/v1/notify", R"({"segment":"c","broadcast":false,"userId":"","title":"t"})").status,
      202);
  EXPECT_THAT(Post("/v1/notify", R"({"userId":"a","excludeUserIds":["b"],"title":"t"})").body,
              HasSubstr(R"({"field":"excludeUserIds")"));
  EXPECT_THAT(
      Post("/v1/notify", R"({"segment":"a,,b","excludeUserIds":["b",""],"title":"t"})").body,
      AllOf(HasSubstr(R"({"field":"segment")"), HasSubstr(R"({"field":"excludeUserIds[1]")")));
  EXPECT_EQ(Post("/v1/notify", R"({"segment":5,"title":"t"})").status, 400);
  EXPECT_EQ(Post("/v1/notify", R"({"segment":"c","excludeUserIds":"b","title":"t"})").status, 400);
  EXPECT_THAT(store_->audience_updates(), SizeIs(1));
}

TEST_F(AudienceTest, ABroadcastLeavesOutTheExcluded) {
  EXPECT_EQ(
      Post("/v1/notify", R"({"broadcast":true,"title":"t","excludeUserIds":["b","a","b"]})").status,
      201);
  v1::BroadcastRequest request;
  request.mutable_notification()->set_title("t");
  request.add_exclude_user_ids("z");
  v1::BroadcastResponse response;
  const auto notify = v1::NotifyService::NewStub(channel());
  EXPECT_TRUE(notify->Broadcast(Context().get(), request, &response).ok());
  ASSERT_THAT(store_->stored(), SizeIs(2));
  EXPECT_THAT(store_->stored()[0].exclude_user_ids(), ElementsAre("a", "b"));
  EXPECT_THAT(store_->stored()[1].exclude_user_ids(), ElementsAre("z"));
}

TEST_F(AudienceTest, ErasesAUser) {
  SetUpdated(true, 0, 18);
  const HttpAnswer answer = Ask("DELETE", "/v1/users/alice", "", "desk");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, R"({"operationId":"18"})");
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_ERASE_USER);
  EXPECT_THAT(LastUpdate().user_ids(), ElementsAre("alice"));
  v1::EraseUserRequest request;
  request.set_user_id("bob");
  v1::EraseUserResponse response;
  const auto inbox = v1::InboxService::NewStub(channel());
  ASSERT_TRUE(inbox->EraseUser(Context("desk").get(), request, &response).ok());
  EXPECT_EQ(response.operation_id(), 18u);
  EXPECT_EQ(inbox->EraseUser(Context("crowd").get(), request, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AudienceTest, RevokesTokensAndClosesStreams) {
  v1::UpdateAudienceResponse updated;
  updated.set_revoked_us(1'794'892'234'567'890);
  store_->SetAudienceUpdated(updated);
  const HttpAnswer answer = Ask("POST", "/v1/users/alice/revoke", "", "desk");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"notBefore":"2026-11-17T05:10:35Z"})") << "the next whole second";
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_REVOKE_TOKENS);
  EXPECT_EQ(LastUpdate().project(), "shop");
  EXPECT_THAT(LastUpdate().user_ids(), ElementsAre("alice"));

  EXPECT_EQ(Ask("POST", "/v1/revoke", "{}", "desk").status, 200);
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_REVOKE_TOKENS);
  EXPECT_THAT(LastUpdate().user_ids(), IsEmpty());

  const HttpAnswer kicked = Ask("POST", "/v1/users/a%2Fb/kick", "", "desk");
  EXPECT_EQ(kicked.status, 200);
  EXPECT_EQ(kicked.body, "{}");
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_CLOSE_STREAMS);
  EXPECT_THAT(LastUpdate().user_ids(), ElementsAre("a/b"));

  EXPECT_EQ(Ask("GET", "/v1/users/alice/revoke", "", "desk").status, 405);
  EXPECT_EQ(Ask("POST", "/v1/users/alice/revoke", R"({"x":1})", "desk").status, 400);
  EXPECT_EQ(Ask("POST", "/v1/users//revoke", "", "desk").status, 400);
  EXPECT_EQ(Ask("POST", "/v1/users/alice/revoke", "", "crowd").status, 403);
  EXPECT_EQ(Ask("POST", "/v1/revoke", "", "loud").status, 403);
  EXPECT_EQ(Ask("POST", "/v1/users/alice/kick", "", "quiet").status, 403);
  EXPECT_THAT(store_->audience_updates(), SizeIs(3));
}

TEST_F(AudienceTest, RevokesOverGrpc) {
  v1::UpdateAudienceResponse updated;
  updated.set_revoked_us(1'794'892'234'567'890);
  store_->SetAudienceUpdated(updated);
  const auto inbox = v1::InboxService::NewStub(channel());
  v1::RevokeTokensRequest request;
  request.set_user_id("bob");
  v1::RevokeTokensResponse response;
  ASSERT_TRUE(inbox->RevokeTokens(Context("desk").get(), request, &response).ok());
  EXPECT_EQ(response.not_before().seconds(), 1'794'892'235);
  EXPECT_THAT(LastUpdate().user_ids(), ElementsAre("bob"));
  request.set_all_users(true);
  EXPECT_EQ(inbox->RevokeTokens(Context("desk").get(), request, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.clear_user_id();
  ASSERT_TRUE(inbox->RevokeTokens(Context("desk").get(), request, &response).ok());
  EXPECT_THAT(LastUpdate().user_ids(), IsEmpty());
  EXPECT_EQ(inbox->RevokeTokens(Context("desk").get(), {}, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT)
      << "nobody is not everybody";
  v1::CloseStreamsResponse closed;
  EXPECT_EQ(inbox->CloseStreams(Context("desk").get(), {}, &closed).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  v1::CloseStreamsRequest kick;
  kick.set_user_id("bob");
  EXPECT_TRUE(inbox->CloseStreams(Context("desk").get(), kick, &closed).ok());
  EXPECT_EQ(LastUpdate().op(), v1::AUDIENCE_OP_CLOSE_STREAMS);
}

TEST_F(AudienceTest, EveryRequestNeedsItsScope) {
  const std::string none = R"({"attributes":{}})";
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", none, "desk").status, 403);
  EXPECT_EQ(Ask("GET", "/v1/users/alice", "", "desk").status, 403);
  EXPECT_EQ(Ask("GET", "/v1/users", "", "loud").status, 403);
  EXPECT_EQ(Ask("PUT", "/v1/segments/beta", "", "quiet").status, 403);
  EXPECT_EQ(Ask("DELETE", "/v1/users/alice", "", "crowd").status, 403);
  EXPECT_EQ(Ask("POST", "/v1/notify", kToBeta, "quiet").status, 403);
  EXPECT_EQ(Ask("POST", "/v1/notify", kToBeta, "crowd").status, 403);
  for (const char* key : {"loud", "crowd", "desk"}) {
    EXPECT_EQ(Ask("GET", "/v1/operations/1", "", key).status, 200) << key;
  }
  EXPECT_EQ(Ask("GET", "/v1/operations/1", "", "quiet").status, 403);
  EXPECT_EQ(Http("GET", "/v1/users/alice", "", {}).status, 401);
  EXPECT_THAT(store_->audience_updates(), IsEmpty());
}

TEST_F(AudienceTest, RefusesByName) {
  const auto fields = [this](const std::string& method, const std::string& path,
                             const std::string& body, const std::string& field) {
    const HttpAnswer answer = Ask(method, path, body);
    EXPECT_EQ(answer.status, 400) << path << " " << body;
    EXPECT_THAT(answer.body, HasSubstr("{\"field\":\"" + field + "\"")) << path << " " << body;
  };
  fields("PUT", "/v1/users/alice", R"({"attributes":{"plan":"a,b"}})", "attributes.plan");
  fields("PUT", "/v1/users/alice", R"({"attributes":{"plan":1.5}})", "attributes.plan");
  fields("PUT", "/v1/users/alice", R"({"attributes":{"a b":"x"}})", "attributes");
  fields("PUT", "/v1/users/alice", R"({"attributes":{},"segments":[]})", "segments");
  fields("PUT", "/v1/users/alice", "{}", "attributes");
  fields("PUT", "/v1/users/a%0Ab", R"({"attributes":{}})", "userId");
  fields("POST", "/v1/users/bulk", R"({"users":[]})", "users");
  fields("POST", "/v1/users/bulk",
         R"({"users":[{"userId":"a","attributes":{}},{"userId":"a","attributes":{}}]})",
         "users[1].userId");
  fields("POST", "/v1/users/bulk", R"({"users":[{"attributes":{}}]})", "users[0].userId");
  fields("POST", "/v1/segments/beta/add", R"({"userIds":["a",5]})", "userIds[1]");
  fields("POST", "/v1/segments/beta/add", R"({"userIds":["a","a"]})", "userIds[1]");
  fields("POST", "/v1/segments/beta/remove", R"({"userIds":[]})", "userIds");
  fields("PUT", "/v1/segments/plan%3Apro", "", "segment");
  fields("PUT", "/v1/segments/beta", R"({"x":1})", "(the body)");
  fields("GET", "/v1/users?limit=1001", "", "limit");
  fields("GET", "/v1/users?page=2", "", "page");
  fields("GET", "/v1/users/alice?x=1", "", "x");
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", "{").status, 400);
  EXPECT_EQ(Ask("PUT", "/v1/users/alice", std::string(70'000, ' ')).status, 413);
  EXPECT_EQ(Http("PUT", "/v1/users/alice", "{}", {{"Authorization", Bearer("full")}}).status, 415);
  const HttpAnswer method = Ask("POST", "/v1/users/alice");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.headers.at("allow"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(Ask("GET", "/v1/segments/beta/other").status, 404);
  EXPECT_THAT(Ask("GET", "/v1/operations/abc").body, HasSubstr("OPERATION_UNKNOWN"));
  EXPECT_THAT(store_->audience_updates(), IsEmpty());
  EXPECT_THAT(store_->audience_reads(), IsEmpty());
}

TEST_F(AudienceTest, TheStoresOwnErrorsAreTheAnswer) {
  store_->SetAudienceError({Code::kNotFound, "no segment \"beta\"", "SEGMENT_UNKNOWN", {}, {}});
  const HttpAnswer unknown = Ask("POST", "/v1/segments/beta/add", R"({"userIds":["a"]})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("SEGMENT_UNKNOWN"));
  EXPECT_EQ(unknown.headers.at("content-type"), "application/problem+json");
  store_->SetAudienceError(
      {Code::kFailedPrecondition, "other content", "IDEMPOTENCY_KEY_REUSED", {}, {}});
  EXPECT_EQ(Post("/v1/notify", kToBeta).status, 422);
  // A call's failure does not say that there is none.
  store_->SetAudienceError({Code::kNotFound, "no such method", "", {}, {}});
  EXPECT_EQ(Ask("DELETE", "/v1/segments/beta").status, 500);
}

TEST_F(AudienceTest, AsksAgainWhileTheStoreIsAway) {
  SetUpdated(false, 0, 17, 3, true);
  store_->FailRequests(2);
  const HttpAnswer answer = Post("/v1/notify", kToBeta);
  EXPECT_EQ(answer.status, 202);
  // Its key was made by us: whatever was stored before was this request's.
  EXPECT_THAT(answer.body, HasSubstr("\"duplicate\":false"));
  const auto updates = store_->audience_updates();
  ASSERT_THAT(updates, SizeIs(3));
  EXPECT_EQ(updates[0].item().idempotency_key(), updates[2].item().idempotency_key());
  EXPECT_EQ(Metric("belfry_ingest_call_retries_total"), 2);

  store_->FailRequests(1);
  EXPECT_EQ(Ask("POST", "/v1/users/alice/notifications/9/read").status, 200);
  EXPECT_THAT(store_->updates(), SizeIs(2));
  store_->FailRequests(1);
  EXPECT_EQ(Ask("GET", "/v1/users/alice/counts").status, 200);
  EXPECT_THAT(store_->lists(), SizeIs(2));
  // The first attempt may have deleted it.
  store_->FailRequests(1);
  store_->SetAudienceError({Code::kNotFound, "no such segment", "SEGMENT_UNKNOWN", {}, {}});
  EXPECT_EQ(Ask("DELETE", "/v1/segments/beta").status, 204);
  EXPECT_EQ(Ask("DELETE", "/v1/segments/beta").status, 404);
}

TEST_F(AudienceTest, GivesUpAtTheDeadline) {
  app_.reset();
  config_.deadline_default = std::chrono::milliseconds(300);
  StartIngest();
  store_->FailRequests(1'000'000);
  const HttpAnswer answer = Ask("GET", "/v1/users/alice");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.count("retry-after"), 1u);
}

TEST_F(AudienceTest, StopsInTimeWhileTheStoreIsAway) {
  app_.reset();
  config_.drain_timeout = std::chrono::milliseconds(100);
  StartIngest();
  store_->FailRequests(1'000'000);
  const auto calls = stub();
  grpc::Status ended;
  std::thread caller([&] {
    v1::GetUserRequest request;
    request.set_user_id("alice");
    v1::GetUserResponse response;
    ended = calls->GetUser(Context().get(), request, &response);  // for 60 s
  });
  EXPECT_TRUE(WaitUntil([&] { return !store_->audience_reads().empty(); }));
  const auto begun = std::chrono::steady_clock::now();
  app_->Stop();
  caller.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  EXPECT_FALSE(ended.ok());
}

TEST_F(AudienceTest, ABulkCostsATokenForEachUser) {
  app_.reset();
  config_.rate_per_key = 1;
  config_.burst_per_key = 10;
  StartIngest();
  EXPECT_EQ(Ask("POST", "/v1/segments/beta/add", R"({"userIds":["a","b","c","d"]})").status, 200);
  EXPECT_EQ(Ask("POST", "/v1/segments/beta/add", R"({"userIds":["a","b","c","d"]})").status, 200);
  const HttpAnswer over = Ask("POST", "/v1/segments/beta/add", R"({"userIds":["a","b","c","d"]})");
  EXPECT_EQ(over.status, 429);
  EXPECT_EQ(over.headers.count("retry-after"), 1u);
  EXPECT_EQ(Ask("GET", "/v1/segments").status, 200);
  EXPECT_THAT(store_->audience_updates(), SizeIs(2));
}

TEST_F(AudienceTest, AnswersOverGrpc) {
  v1::UpsertUsersRequest upsert;
  v1::User& user = *upsert.add_users();
  user.set_user_id("alice");
  (*user.mutable_attributes())["plan"] = "pro";
  v1::UpsertUsersResponse upserted;
  EXPECT_TRUE(stub()->UpsertUsers(Context("crowd").get(), upsert, &upserted).ok());
  EXPECT_EQ(LastUpdate().users(0).attributes().at("plan"), "pro");
  user.add_segments("beta");
  const grpc::Status refused = stub()->UpsertUsers(Context().get(), upsert, &upserted);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire::FromGrpc(refused).violations[0].field, "users[0].segments");

  SetUpdated(true, 5);
  v1::CreateSegmentRequest create;
  create.set_segment("beta");
  v1::CreateSegmentResponse created;
  EXPECT_TRUE(stub()->CreateSegment(Context().get(), create, &created).ok());
  EXPECT_TRUE(created.created());
  v1::AddMembersRequest add;
  add.set_segment("beta");
  add.add_user_ids("alice");
  v1::AddMembersResponse added;
  EXPECT_TRUE(stub()->AddMembers(Context().get(), add, &added).ok());
  EXPECT_EQ(added.members(), 5u);
  v1::DeleteSegmentRequest del;
  del.set_segment("beta");
  v1::DeleteSegmentResponse deleted;
  EXPECT_TRUE(stub()->DeleteSegment(Context().get(), del, &deleted).ok());

  v1::ReadAudienceResponse page;
  page.add_users()->set_user_id("alice");
  page.set_next_after("alice");
  page.mutable_operation()->set_id(17);
  page.mutable_operation()->set_state(v1::OPERATION_STATE_DONE);
  store_->SetAudiencePage(page);
  v1::ListMembersRequest members;
  members.set_segment("plan:pro");
  v1::ListMembersResponse listed;
  EXPECT_TRUE(stub()->ListMembers(Context().get(), members, &listed).ok());
  EXPECT_THAT(listed.user_ids(), ElementsAre("alice"));
  EXPECT_EQ(listed.next_after(), "alice");
  EXPECT_EQ(LastRead().limit(), 100u);
  v1::GetOperationRequest operation;
  operation.set_operation_id(17);
  v1::GetOperationResponse got;
  EXPECT_TRUE(stub()->GetOperation(Context("loud").get(), operation, &got).ok());
  EXPECT_EQ(got.operation().state(), v1::OPERATION_STATE_DONE);
  EXPECT_EQ(stub()->GetOperation(Context("quiet").get(), operation, &got).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(AudienceTest, NotifiesASegmentOverGrpc) {
  SetUpdated(true, 0, 17, 2000);
  v1::NotifySegmentRequest request;
  request.mutable_notification()->set_title("Hi");
  request.set_segment("beta");
  request.add_exclude_user_ids("bob");
  v1::NotifySegmentResponse response;
  const auto notify = v1::NotifyService::NewStub(channel());
  ASSERT_TRUE(notify->NotifySegment(Context("loud").get(), request, &response).ok());
  EXPECT_EQ(response.operation_id(), 17u);
  EXPECT_EQ(response.recipients(), 2000u);
  EXPECT_THAT(LastUpdate().segments(), ElementsAre("beta"));
  EXPECT_THAT(LastUpdate().user_ids(), ElementsAre("bob"));
  EXPECT_EQ(notify->NotifySegment(Context("quiet").get(), request, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  request.set_segment("");
  request.mutable_notification()->set_user_id("alice");
  const grpc::Status refused = notify->NotifySegment(Context().get(), request, &response);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : wire::FromGrpc(refused).violations) {
    fields.push_back(violation.field);
  }
  EXPECT_THAT(fields, ElementsAre("notification.user_id", "segment"));
}

}  // namespace
}  // namespace belfry::ingest
