// SPDX-License-Identifier: Apache-2.0
// POST /v1/notify and /v1/notify/batch: what is taken, and every refusal.
#include <gmock/gmock.h>

#include "tests/integration/ingest/fixture.h"

namespace belfry::ingest {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class RestTest : public IngestTest {
 protected:
  void SetUp() override {
    config_.body_bytes_max = 256 * 1024;
    StartIngest();
  }
  // A problem+json with `status` that says all of `texts`.
  static void ExpectProblem(const HttpAnswer& answer, int status,
                            const std::vector<std::string>& texts) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr("\"status\":" + std::to_string(status)));
    for (const std::string& text : texts) {
      EXPECT_THAT(answer.body, HasSubstr(text));
    }
  }
};

constexpr char kGood[] = R"({"userId":"alice","title":"Hi"})";

TEST_F(RestTest, StoresAndAnswers) {
  const HttpAnswer answer = Post("/v1/notify", R"({
    "userId": "alice", "kind": "comment.created", "level": "warning", "title": "Hi \u00fc\n\"q\"",
    "body": "text", "actorId": "bob", "subjectType": "doc", "subjectId": "7",
    "actionUrl": "/docs/7", "imageUrl": "https://example.com/x.png",
    "meta": {"a": [1, null, {"b": true}]}, "expiresAt": "2200-01-01T00:00:00Z"})");
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.body, R"({"id":"1700000000000001","createdAt":"2023-11-14T22:13:20.123456Z",)"
                         R"("duplicate":false})");
  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].project(), "shop");
  EXPECT_EQ(stored[0].user_id(), "alice");
  EXPECT_EQ(stored[0].expires_us(), 7'258'118'400'000'000);
  v1::Notification payload;
  ASSERT_TRUE(payload.ParseFromString(stored[0].payload()));
  EXPECT_EQ(payload.title(), "Hi \u00fc\n\"q\"");
  EXPECT_EQ(payload.level(), "warning");
  EXPECT_EQ(payload.action_url(), "/docs/7");
  EXPECT_EQ(payload.meta().fields().at("a").list_value().values_size(), 3);
}

TEST_F(RestTest, SnakeCaseIsTheSameContent) {
  EXPECT_EQ(
      Post("/v1/notify", R"({"userId":"a","title":"t","actorId":"b"})", {{"Idempotency-Key", "k"}})
          .status,
      201);
  const HttpAnswer again = Post("/v1/notify", R"({"title":"t","actor_id":"b","user_id":"a"})",
                                {{"Idempotency-Key", "k"}});
  EXPECT_EQ(again.status, 201);
  EXPECT_THAT(again.body, HasSubstr("\"duplicate\":true"));
  ExpectProblem(Post("/v1/notify", kGood, {{"idempotency-key", "k"}}), 422, {"another content"});
}

TEST_F(RestTest, MarksARepeat) {
  const std::vector<std::pair<std::string, std::string>> key = {{"Idempotency-Key", "k"}};
  EXPECT_EQ(Post("/v1/notify", kGood, key).headers.count("idempotent-replayed"), 0u);
  EXPECT_EQ(Post("/v1/notify", kGood, key).headers.at("idempotent-replayed"), "true");
}

TEST_F(RestTest, SaysThatTheUserHasMutedTheKind) {
  store_->SuppressKind("digest.daily");
  const HttpAnswer answer =
      Post("/v1/notify", R"({"userId":"alice","title":"Hi","kind":"digest.daily"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"suppressed":true,"duplicate":false})");
}

TEST_F(RestTest, NotifiesManyUsersOnceEach) {
  constexpr char kMany[] = R"({"userIds":["alice","","bob"],"title":"Hi","collapseKey":"c"})";
  const std::vector<std::pair<std::string, std::string>> key = {{"Idempotency-Key", "k"}};
  const HttpAnswer first = Post("/v1/notify", kMany, key);
  EXPECT_EQ(first.status, 200);
  EXPECT_THAT(first.body, AllOf(HasSubstr("1700000000000001"), HasSubstr("\"field\":\"userId\""),
                                HasSubstr("1700000000000002")));
  const HttpAnswer again = Post("/v1/notify", kMany, key);
  EXPECT_THAT(again.body,
              AllOf(HasSubstr("\"duplicate\":true"), Not(HasSubstr("\"duplicate\":false"))));
  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(2));
  EXPECT_EQ(stored[0].user_id(), "alice");
  EXPECT_EQ(stored[1].user_id(), "bob");
  EXPECT_EQ(stored[1].collapse_key(), "c");
}

TEST_F(RestTest, RefusesAListOfUsersThatIsNone) {
  for (const char* users :
       {"[]", "5", "[5]", R"(["a","a"])", R"(["a"],"userId":"b")", R"(["a"],"broadcast":true)"}) {
    ExpectProblem(Post("/v1/notify", std::string(R"({"title":"t","userIds":)") + users + "}"), 400,
                  {"userIds"});
  }
  ExpectProblem(Post("/v1/notify", R"({"title":"t","userIds":["a"]})",
                     {{"Idempotency-Key", std::string(129, 'k')}}),
                400, {"Idempotency-Key"});
  EXPECT_THAT(store_->seen(), IsEmpty());
}

TEST_F(RestTest, BroadcastsToEverybody) {
  EXPECT_EQ(Post("/v1/notify", R"({"broadcast":true,"title":"All"})").status, 201);
  EXPECT_EQ(Post("/v1/notify", R"({"broadcast":false,"title":"One","userId":"a"})").status, 201);
  ASSERT_THAT(store_->stored(), SizeIs(2));
  EXPECT_EQ(store_->stored()[0].kind(), v1::ENTRY_KIND_BROADCAST);
  EXPECT_EQ(store_->stored()[1].kind(), v1::ENTRY_KIND_NOTIFICATION);
  ExpectProblem(Post("/v1/notify", R"({"broadcast":true,"title":"All","userId":"a"})"), 400,
                {"\"userId\""});
  ExpectProblem(Post("/v1/notify", R"({"broadcast":"yes","title":"All"})"), 400,
                {"\"broadcast\"", "true or false"});
  const std::vector<std::pair<std::string, std::string>> quiet = {
      {"Authorization", Bearer("quiet")}, {"Content-Type", "application/json"}};
  ExpectProblem(Http("POST", "/v1/notify", R"({"broadcast":true,"title":"All"})", quiet), 403,
                {"SCOPE_MISSING", "broadcast"});
}

TEST_F(RestTest, NamesEveryBadFieldAtOnce) {
  const HttpAnswer answer =
      Post("/v1/notify",
           R"J({"title":5,"kind":"a b","actionUrl":"javascript:alert(1)","nonsense":1,"id":"9",)J"
           R"("createdAt":"2020-01-01T00:00:00Z","level":"loud","body":"x","body":"y"})",
           {{"Idempotency-Key", ""}});
  ExpectProblem(answer, 400,
                {"\"userId\"", "\"title\"", "\"kind\"", "\"actionUrl\"", "\"nonsense\"", "\"id\"",
                 "\"createdAt\"", "\"level\"", "\"body\"", "\"Idempotency-Key\""});
  EXPECT_THAT(store_->seen(), IsEmpty());
}

TEST_F(RestTest, NamesEachFieldOnce) {
  const HttpAnswer answer = Post("/v1/notify", R"({"title":5,"userId":"a"})");
  const std::size_t first = answer.body.find("\"field\":\"title\"");
  ASSERT_NE(first, std::string::npos) << answer.body;
  EXPECT_EQ(answer.body.find("\"field\"", first + 1), std::string::npos) << answer.body;
}

TEST_F(RestTest, SaysWhereJsonIsMalformed) {
  ExpectProblem(Post("/v1/notify", "{\"title\":\"a\",\n  \"body\" \"b\"}"), 400,
                {"line 2, column 10", "MALFORMED_JSON"});
  for (const char* body : {"",
                           " ",
                           "{",
                           "{\"title\":\"a\"",
                           "{\"title\":\"a\"}}",
                           "{title:1}",
                           "{'title':'a'}",
                           "{\"title\":\"a\",}",
                           "[1,]",
                           "nul",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":1.}",
                           "{\"a\":NaN}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\t\"}",
                           "\"text\"",
                           "7",
                           "{\"a\":1}{",
                           "<xml/>",
                           "{\"a\":\"unfinished}"}) {
    ExpectProblem(Post("/v1/notify", body), 400, {"MALFORMED_JSON"});
  }
  ExpectProblem(Post("/v1/notify", std::string(50'000, '[')), 400, {"100 levels"});
  ExpectProblem(Post("/v1/notify", "[]"), 400, {"object"});
}

TEST_F(RestTest, NamesWhatIsNotUtf8) {
  ExpectProblem(Post("/v1/notify", "{\"userId\":\"a\",\"title\":\"\xC3(\"}"), 400, {"\"title\""});
  ExpectProblem(Post("/v1/notify", "{\"userId\":\"a\",\"title\":\"x\",\"\xFF\":1}"), 400,
                {"not text"});
  ExpectProblem(Post("/v1/notify", "{\"userId\":\"a\",\"title\":\"\\ud800\"}"), 400, {"\"title\""});
}

TEST_F(RestTest, SaysWhichCredentialWasRefused) {
  const auto call = [&](const std::vector<std::pair<std::string, std::string>>& headers) {
    return Http("POST", "/v1/notify", kGood, headers);
  };
  const std::pair<std::string, std::string> json{"Content-Type", "application/json"};
  HttpAnswer answer = call({json});
  ExpectProblem(answer, 401, {"MISSING_CREDENTIALS"});
  EXPECT_EQ(answer.headers.at("www-authenticate"), "Bearer realm=\"belfry\"");
  answer = call({json, {"Authorization", "Basic dXNlcjpwdw=="}});
  ExpectProblem(answer, 401, {"MALFORMED_CREDENTIALS", "Bearer"});
  EXPECT_THAT(answer.headers.at("www-authenticate"), HasSubstr("invalid_token"));
  ExpectProblem(call({json, {"Authorization", "Bearer x"}}), 401, {"MALFORMED_CREDENTIALS"});
  ExpectProblem(call({json, {"Authorization", Bearer("full") + "x"}}), 401, {"UNKNOWN_API_KEY"});
  ExpectProblem(call({json, {"Authorization", Bearer("full")}, {"Authorization", Bearer("full")}}),
                401, {"MALFORMED_CREDENTIALS"});
  answer = call({json, {"Authorization", Bearer("loud")}});
  ExpectProblem(answer, 403, {"SCOPE_MISSING", "notify"});
  // A secret is never sent back.
  EXPECT_THAT(answer.body, Not(HasSubstr(secrets_["loud"])));
  EXPECT_THAT(store_->seen(), IsEmpty());
}

TEST_F(RestTest, RefusesOtherMediaTypes) {
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/jsonx",
                           "application/json; charset=latin1", ""}) {
    ExpectProblem(Http("POST", "/v1/notify", kGood,
                       {{"Authorization", Bearer("full")}, {"Content-Type", type}}),
                  415, {"application/json"});
  }
  ExpectProblem(Http("POST", "/v1/notify", kGood, {{"Authorization", Bearer("full")}}), 415, {});
  for (const char* type :
       {"Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8"}) {
    EXPECT_EQ(Http("POST", "/v1/notify", kGood,
                   {{"Authorization", Bearer("full")}, {"Content-Type", type}})
                  .status,
              201)
        << type;
  }
}

TEST_F(RestTest, RefusesOtherMethodsAndRoutes) {
  for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const HttpAnswer answer = Http(method, "/v1/notify", "", {});
    ExpectProblem(answer, 405, {"METHOD_NOT_ALLOWED", method});
    EXPECT_EQ(answer.headers.at("allow"), "POST");
  }
  for (const char* path :
       {"/", "/v1", "/v1/notify/", "/v1/notify/x", "/v2/notify", "/v1/notify/batch/", "/metrics"}) {
    ExpectProblem(Post(path, kGood), 404, {"NO_SUCH_PATH"});
  }
}

TEST_F(RestTest, RefusesLargeBodies) {
  const std::string large =
      R"({"userId":"a","title":"t","body":")" + std::string(140'000, 'b') + "\"}";
  ExpectProblem(Post("/v1/notify", large), 413, {"131072"});
  EXPECT_EQ(Post("/v1/notify/batch", "[" + std::string(300'000, ' ') + "]").status, 413);
  EXPECT_THAT(store_->seen(), IsEmpty());
}

TEST_F(RestTest, AnswersABatchItemByItem) {
  const HttpAnswer answer = Post("/v1/notify/batch", R"({"notifications":[
    {"userId":"a","title":"1"},
    {"userId":"","title":"2"},
    {"broadcast":true,"title":"3"},
    7,
    {"userId":"b","title":"4","idempotencyKey":"k\"1"},
    {"userId":"b","title":"4","idempotencyKey":"k\"1"},
    {"userId":"c","title":"5","idempotencyKey":5}]})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body,
              AllOf(HasSubstr(R"({"results":[{"id":"1700000000000001",)"),
                    HasSubstr(R"("field":"userId")"), HasSubstr(R"("duplicate":true)"),
                    HasSubstr("must be an object"), HasSubstr(R"("field":"idempotencyKey")")));
  const auto stored = store_->stored();
  ASSERT_THAT(stored, SizeIs(3));
  EXPECT_EQ(stored[0].user_id(), "a");
  EXPECT_EQ(stored[1].kind(), v1::ENTRY_KIND_BROADCAST);
  EXPECT_EQ(stored[2].idempotency_key(), "k\"1");
}

TEST_F(RestTest, TakesABareListToo) {
  const HttpAnswer answer = Post("/v1/notify/batch", "[" + std::string(kGood) + "," + kGood + "]");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(store_->stored(), SizeIs(2));
}

TEST_F(RestTest, RefusesBadBatchesAsAWhole) {
  ExpectProblem(Post("/v1/notify/batch", "[]"), 400, {"\"notifications\"", "1-1000"});
  std::string many = "[";
  for (int i = 0; i <= 1000; ++i) {
    many += std::string(i == 0 ? "" : ",") + "{}";
  }
  ExpectProblem(Post("/v1/notify/batch", many + "]"), 400, {"1-1000"});
  ExpectProblem(Post("/v1/notify/batch", R"({"items":[]})"), 400, {"notifications"});
  ExpectProblem(Post("/v1/notify/batch", R"({"notifications":{}})"), 400, {"must be a list"});
  ExpectProblem(Post("/v1/notify/batch", R"({"notifications":[{}],"more":1})"), 400,
                {"nothing else"});
  ExpectProblem(
      Post("/v1/notify/batch", "[" + std::string(kGood) + "]", {{"Idempotency-Key", "k"}}), 400,
      {"Idempotency-Key", "each item"});
  EXPECT_THAT(store_->seen(), IsEmpty());
}

TEST_F(RestTest, AnAwayStoreIs503WithRetryAfter) {
  app_.reset();
  config_.deadline_default = std::chrono::milliseconds(200);
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kUnavailable; });
  const HttpAnswer answer = Post("/v1/notify", kGood);
  ExpectProblem(answer, 503, {"restarting"});
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(RestTest, AHangingStoreIs504) {
  app_.reset();
  config_.deadline_default = std::chrono::milliseconds(200);
  StartIngest();
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  ExpectProblem(Post("/v1/notify", kGood), 504, {"append to the store"});
}

TEST_F(RestTest, AFullStoreAndTooManyAre429WithRetryAfter) {
  store_->SetFate([](int) { return FakeStore::Fate::kRefuse; });
  HttpAnswer answer = Post("/v1/notify", kGood);
  ExpectProblem(answer, 429, {"disk full"});
  EXPECT_EQ(answer.headers.at("retry-after"), "5");
  app_.reset();
  config_.rate_per_key = 1;
  config_.burst_per_key = 1;
  StartIngest();
  (void)Post("/v1/notify", kGood);
  answer = Post("/v1/notify", kGood);
  ExpectProblem(answer, 429, {"RATE_LIMITED"});
  EXPECT_EQ(answer.headers.at("retry-after"), "1");
}

TEST_F(RestTest, ALostAnswerIsNeverStoredTwice) {
  store_->SetFate(
      [](int n) { return n == 0 ? FakeStore::Fate::kLoseAnswer : FakeStore::Fate::kCommit; });
  const HttpAnswer answer = Post("/v1/notify", kGood);
  EXPECT_EQ(answer.status, 201);
  EXPECT_THAT(answer.body, HasSubstr("\"duplicate\":false"));
  EXPECT_THAT(store_->stored(), SizeIs(1));
  EXPECT_THAT(store_->seen(), SizeIs(2));
}

TEST_F(RestTest, SaysThatItIsReadyOnlyOnceItsPortsAreOpen) {
  Config second = config_;
  second.grpc = "127.0.0.1:0";
  second.http = "127.0.0.1:" + std::to_string(app_->ports().http);
  second.admin = "127.0.0.1:" + std::to_string(app_->ports().admin);
  const auto started = App::Start(second, Log());
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, StartsWith("ingest_http"));
}

TEST_F(RestTest, StoppingAnswersWhatIsUnderWay) {
  store_->SetFate([](int) { return FakeStore::Fate::kHold; });
  std::thread caller([&] { EXPECT_EQ(Post("/v1/notify", kGood).status, 201); });
  EXPECT_TRUE(WaitUntil([&] { return store_->holding() == 1; }));
  std::thread stop([&] { app_->Stop(); });
  EXPECT_TRUE(WaitUntil([&] { return Get(app_->ports().admin, "/readyz").status == 503; }));
  store_->Release();
  caller.join();
  stop.join();
}

}  // namespace
}  // namespace belfry::ingest
