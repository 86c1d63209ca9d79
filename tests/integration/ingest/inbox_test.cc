// SPDX-License-Identifier: Apache-2.0
// Users' inboxes for backends: /v1/users/... and /v1/retract over REST, InboxService over gRPC.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "belfry/v1/inbox_service.grpc.pb.h"
#include "tests/integration/ingest/fixture.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kAlice[] = "/v1/users/alice/";
constexpr char kCounts[] = R"({"unreadCount":2,"unseenCount":1,"byKind":{"a.b":2},"upTo":"17"})";

class InboxTest : public IngestTest {
 protected:
  void SetUp() override {
    StartIngest();
    v1::StateUpdateResult updated;
    SetCounts(updated.mutable_ok()->mutable_counts());
    store_->SetUpdated(updated);
    v1::StoreServiceListNotificationsResponse page;
    SetCounts(page.mutable_counts());
    v1::LogEntry& entry = *page.add_entries();
    entry.set_id(9);
    entry.set_kind(v1::ENTRY_KIND_NOTIFICATION);
    entry.set_project("shop");
    entry.set_user_id("alice");
    entry.set_notification_kind("a.b");
    entry.set_created_us(1'700'000'000'123'456);
    entry.set_read_at_us(1'700'000'000'223'456);
    v1::Notification payload;
    payload.set_title("Hi");
    entry.set_payload(payload.SerializeAsString());
    page.add_muted_kinds("digest.");
    page.set_next_before(9);
    page.set_version("7-9");
    store_->SetPage(page);
  }

  static void SetCounts(v1::Counts* counts) {
    counts->set_unread_count(2);
    counts->set_unseen_count(1);
    (*counts->mutable_by_kind())["a.b"] = 2;
    counts->set_up_to(17);
  }
  HttpAnswer Ask(const std::string& method, const std::string& path, const std::string& body = "",
                 const std::string& key = "full",
                 std::vector<std::pair<std::string, std::string>> more = {}) {
    more.emplace_back("Authorization", Bearer(key));
    if (!body.empty()) {
      more.emplace_back("Content-Type", "application/json");
    }
    return Http(method, path, body, more);
  }
  v1::StateUpdate LastUpdate() const {
    const auto updates = store_->updates();
    return updates.empty() ? v1::StateUpdate() : updates.back();
  }
  std::unique_ptr<v1::InboxService::Stub> stub() { return v1::InboxService::NewStub(channel()); }
};

TEST_F(InboxTest, Lists) {
  const HttpAnswer answer =
      Ask("GET", "/v1/users/a%2Fb/notifications?limit=5&before=30&unread=true&kind=a.&level=error");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body,
            std::string(R"({"notifications":[{"id":"9","project":"shop","userId":"alice",)"
                        R"("kind":"a.b","title":"Hi","createdAt":"2023-11-14T22:13:20.123456Z",)"
                        R"("readAt":"2023-11-14T22:13:20.223456Z"}],"nextBefore":"9",)"
                        R"("oldestId":"0","counts":)") +
                kCounts + "}");
  EXPECT_EQ(answer.headers.at("etag"), "\"7-9\"");
  EXPECT_THAT(answer.headers.at("ratelimit"), HasSubstr("\"key\";r="));
  EXPECT_EQ(answer.headers.at("ratelimit-policy"), "\"key\";q=50000;w=1");
  ASSERT_THAT(store_->lists(), SizeIs(1));
  const auto query = store_->lists()[0];
  EXPECT_EQ(query.project(), "shop");
  EXPECT_EQ(query.user_id(), "a/b");
  EXPECT_EQ(query.limit(), 5u);
  EXPECT_EQ(query.before(), 30u);
  EXPECT_TRUE(query.unread());
  EXPECT_EQ(query.kind(), "a.");
  EXPECT_EQ(query.level(), "error");
}

TEST_F(InboxTest, SaysThatAListIsUnchanged) {
  v1::StoreServiceListNotificationsResponse page;
  page.set_version("7-9");
  page.set_unchanged(true);
  store_->SetPage(page);
  const HttpAnswer answer =
      Ask("GET", std::string(kAlice) + "notifications", "", "full", {{"If-None-Match", "\"7-9\""}});
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.headers.at("etag"), "\"7-9\"");
  EXPECT_EQ(store_->lists()[0].if_version(), "7-9");
}

TEST_F(InboxTest, ReadsCountsPreferencesAndOneNotification) {
  for (const char* path : {"counts", "unread-count"}) {
    EXPECT_EQ(Ask("GET", kAlice + std::string(path)).body, kCounts);
    EXPECT_EQ(store_->lists().back().limit(), 0u);
  }
  EXPECT_EQ(Ask("GET", kAlice + std::string("preferences")).body, R"({"mutedKinds":["digest."]})");
  EXPECT_THAT(Ask("GET", kAlice + std::string("notifications/9")).body, HasSubstr("\"Hi\""));
  EXPECT_EQ(store_->lists().back().id(), 9u);
  store_->LosePage();
  EXPECT_EQ(Ask("GET", kAlice + std::string("notifications/10")).status, 404);
}

TEST_F(InboxTest, Marks) {
  const std::string one = kAlice + std::string("notifications/9");
  const std::vector<std::tuple<const char*, std::string, v1::StateOp>> all = {
      {"POST", one + "/read", v1::STATE_OP_READ},
      {"POST", one + "/unread", v1::STATE_OP_UNREAD},
      {"POST", one + "/archive", v1::STATE_OP_ARCHIVE},
      {"POST", one + "/unarchive", v1::STATE_OP_UNARCHIVE},
      {"DELETE", one, v1::STATE_OP_DELETE}};
  for (const auto& [method, path, op] : all) {
    const HttpAnswer answer = Ask(method, path, "", "full", {{"Idempotency-Key", "click 1"}});
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    EXPECT_EQ(answer.body, std::string(R"({"counts":)") + kCounts + "}");
    EXPECT_EQ(LastUpdate().op(), op);
    EXPECT_EQ(LastUpdate().project(), "shop");
    EXPECT_EQ(LastUpdate().user_id(), "alice");
    EXPECT_THAT(LastUpdate().ids(), ElementsAre(9));
    EXPECT_EQ(LastUpdate().operation(), "click 1");
  }
  v1::StateUpdateResult gone;
  gone.mutable_ok()->add_not_found(9);
  store_->SetUpdated(gone);
  EXPECT_EQ(Ask("POST", one + "/read").status, 404);
  EXPECT_THAT(
      Ask("POST", kAlice + std::string("notifications/bulk"), R"({"op":"archive","ids":["9",10]})")
          .body,
      HasSubstr(R"([{"id":"9","status":404},{"id":"10","status":200}])"));
}

TEST_F(InboxTest, MarksAllAndSeenUnderBothPaths) {
  for (const char* below : {"", "notifications/"}) {
    const std::string base = kAlice + std::string(below);
    EXPECT_EQ(Ask("POST", base + "read-all", R"({"upTo":"17","kind":"a."})").status, 200);
    EXPECT_EQ(LastUpdate().op(), v1::STATE_OP_READ_ALL);
    EXPECT_EQ(LastUpdate().up_to(), 17u);
    EXPECT_EQ(LastUpdate().kind(), "a.");
    EXPECT_EQ(Ask("POST", base + "archive-all", R"({"upTo":17,"onlyRead":true})").status, 200);
    EXPECT_TRUE(LastUpdate().only_read());
    EXPECT_EQ(Ask("POST", base + "seen", R"({"upTo":"17"})").status, 200);
    EXPECT_EQ(LastUpdate().op(), v1::STATE_OP_SEEN);
    const HttpAnswer missing = Ask("POST", base + "read-all", "{}");
    EXPECT_EQ(missing.status, 400);
    EXPECT_THAT(missing.body, HasSubstr("\"upTo\""));
  }
}

TEST_F(InboxTest, SetsPreferences) {
  const HttpAnswer answer =
      Ask("PUT", kAlice + std::string("preferences"), R"({"mutedKinds":["digest."]})");
  EXPECT_EQ(answer.body, std::string(R"({"mutedKinds":["digest."],"counts":)") + kCounts + "}");
  EXPECT_THAT(LastUpdate().muted_kinds(), ElementsAre("digest."));
}

TEST_F(InboxTest, RetractsWithTheScopeOfThePublish) {
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"userId":"bob","id":"9"})", "quiet").status, 200);
  EXPECT_EQ(LastUpdate().user_id(), "bob");
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"broadcastId":"9"})", "quiet").status, 403);
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"broadcastId":"9"})", "loud").status, 200);
  EXPECT_EQ(LastUpdate().user_id(), "");
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"idempotencyKey":"k"})", "loud").status, 403);
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"idempotencyKey":"k"})", "quiet").status, 200);
  EXPECT_FALSE(LastUpdate().may_retract_broadcast());
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"idempotencyKey":"k"})").status, 200);
  EXPECT_TRUE(LastUpdate().may_retract_broadcast());
  v1::StateUpdateResult none;
  none.mutable_error()->set_code(static_cast<int>(Code::kNotFound));
  store_->SetUpdated(none);
  EXPECT_EQ(Ask("POST", "/v1/retract", R"({"idempotencyKey":"k"})").status, 404);
}

TEST_F(InboxTest, RefusesWhatIsNone) {
  const std::string list = kAlice + std::string("notifications");
  EXPECT_EQ(Ask("GET", list, "", "quiet").status, 403);
  EXPECT_EQ(Http("GET", list, "", {}).status, 401);
  EXPECT_EQ(Ask("GET", list + "?limit=0&user=bob").status, 400);
  EXPECT_EQ(Ask("GET", "/v1/users/a%00b/notifications").status, 400);
  const HttpAnswer wrong = Ask("PATCH", list);
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD");
  for (const char* path :
       {"/v1/users//notifications", "/v1/users/alice/x", "/v1/users/alice/notifications/9/delete",
        "/v1/users/alice/notifications/9/read/x"}) {
    EXPECT_EQ(Ask("POST", path, "{}").status, 404) << path;
  }
  EXPECT_EQ(Ask("GET", list + "/x").status, 404);
  EXPECT_EQ(Ask("POST", list + "/0/read").status, 404);
  EXPECT_EQ(
      Http("POST", list + "/seen", R"({"upTo":1})", {{"Authorization", Bearer("full")}}).status,
      415);
  EXPECT_EQ(Ask("POST", list + "/seen", std::string(20'000, ' ')).status, 413);
  EXPECT_EQ(Ask("POST", list + "/9/read", "", "full", {{"Idempotency-Key", ""}}).status, 400);
  EXPECT_THAT(store_->lists(), IsEmpty());
  EXPECT_THAT(store_->updates(), IsEmpty());
}

TEST_F(InboxTest, AnswersOverGrpc) {
  v1::ListNotificationsRequest list;
  list.set_user_id("alice");
  v1::ListNotificationsResponse page;
  ASSERT_TRUE(stub()->ListNotifications(Context().get(), list, &page).ok());
  EXPECT_EQ(store_->lists().back().limit(), 20u);
  ASSERT_EQ(page.notifications_size(), 1);
  EXPECT_EQ(page.notifications(0).title(), "Hi");
  EXPECT_EQ(page.notifications(0).kind(), "a.b");
  EXPECT_EQ(page.notifications(0).read_at().seconds(), 1'700'000'000);
  EXPECT_EQ(page.counts().unread_count(), 2u);

  v1::MarkRequest mark;
  mark.set_user_id("alice");
  mark.set_op(v1::STATE_OP_ARCHIVE);
  mark.add_ids(9);
  v1::MarkResponse marked;
  ASSERT_TRUE(stub()->Mark(Context().get(), mark, &marked).ok());
  EXPECT_EQ(marked.counts().up_to(), 17u);
  EXPECT_EQ(LastUpdate().op(), v1::STATE_OP_ARCHIVE);

  v1::RetractRequest retract;
  retract.set_broadcast_id(9);
  v1::RetractResponse retracted;
  EXPECT_TRUE(stub()->Retract(Context("loud").get(), retract, &retracted).ok());
  EXPECT_EQ(stub()->Retract(Context("quiet").get(), retract, &retracted).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(InboxTest, AHangingStoreIs504) {
  app_.reset();
  config_.deadline_default = std::chrono::milliseconds(200);
  StartIngest();
  store_->HoldUpdates();
  EXPECT_EQ(Ask("POST", kAlice + std::string("notifications/9/read")).status, 504);
}

TEST_F(InboxTest, StopsInTimeWhileTheStoreHangs) {
  app_.reset();
  config_.drain_timeout = std::chrono::milliseconds(100);
  StartIngest();
  store_->HoldUpdates();
  const auto calls = stub();
  grpc::Status ended;
  std::thread caller([&] {
    v1::MarkRequest mark;
    mark.set_user_id("alice");
    mark.set_op(v1::STATE_OP_READ);
    mark.add_ids(9);
    v1::MarkResponse marked;
    ended = calls->Mark(Context().get(), mark, &marked);  // for 60 s
  });
  EXPECT_TRUE(WaitUntil([&] { return !store_->updates().empty(); }));
  const auto begun = std::chrono::steady_clock::now();
  app_->Stop();
  caller.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  EXPECT_FALSE(ended.ok());
}

TEST_F(InboxTest, RefusesOverGrpc) {
  v1::MarkAllRequest all;
  all.set_op(v1::STATE_OP_READ);
  v1::MarkAllResponse response;
  EXPECT_EQ(stub()->MarkAll(Context().get(), all, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(stub()->MarkAll(Context("quiet").get(), all, &response).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  v1::GetNotificationRequest one;
  one.set_user_id("alice");
  one.set_id(9);
  v1::GetNotificationResponse got;
  store_->LosePage();
  EXPECT_EQ(stub()->GetNotification(Context().get(), one, &got).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(store_->updates(), IsEmpty());
}

}  // namespace
}  // namespace belfry::ingest
