// SPDX-License-Identifier: Apache-2.0
// Audiences as requests have them: paths, bodies, queries, protobuf.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "belfry/v1/notify_service.pb.h"
#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/publish/request_bytes.h"
#include "services/ingest/rest/audience_json.h"
#include "services/ingest/rest/audience_route.h"
#include "services/ingest/rest/json_request.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = AudienceRoute::What;

template <typename T>
std::vector<std::string> FieldsOf(const Result<T>& result) {
  std::vector<std::string> fields;
  if (!result.ok()) {
    for (const FieldViolation& violation : result.error().violations) {
      fields.push_back(violation.field);
    }
  }
  return fields;
}

TEST(AudienceRoute, KnowsItsResources) {
  const auto route = [](std::string_view target) { return ParseAudienceRoute(target).value(); };
  EXPECT_EQ(route("/v1/users?after=a").what, What::kUsers);
  EXPECT_EQ(route("/v1/users/bulk").what, What::kBulk);
  EXPECT_EQ(route("/v1/users/%62ulk").what, What::kUser);
  EXPECT_EQ(route("/v1/users/a%2Fb%20c").name, "a/b c");
  EXPECT_EQ(route("/v1/segments").what, What::kSegments);
  EXPECT_EQ(route("/v1/segments/beta").what, What::kSegment);
  EXPECT_EQ(route("/v1/segments/beta/add").what, What::kAdd);
  EXPECT_EQ(route("/v1/segments/beta/remove").what, What::kRemove);
  EXPECT_EQ(route("/v1/segments/a%3ab/members?limit=1").name, "a:b");
  EXPECT_EQ(route("/v1/operations/17").operation_id, 17u);
  for (const char* id : {"0", "x", "17x", "-1", "99999999999999999999"}) {
    EXPECT_EQ(route("/v1/operations/" + std::string(id)).operation_id, 0u) << id;
  }
}

TEST(AudienceRoute, LeavesOthersAlone) {
  for (const char* target : {"/v1/users/", "/v1/users/a/counts", "/v1/users/%zz", "/v1/segments/",
                             "/v1/segments/a/b", "/v1/segments/a/members/c", "/v1/operations",
                             "/v1/operations/", "/v1/notify", "/v1/", "/", "/v2/users"}) {
    EXPECT_FALSE(ParseAudienceRoute(target)) << target;
  }
}

TEST(AudienceJson, ReadsAttributesAsText) {
  const auto update = ParseUserBody(
      "alice", R"({"attributes":{"z":"pro","a":-5,"b":true,"c":false,"d":18446744073709551615}})");
  ASSERT_TRUE(update.ok()) << update.error().ToString();
  EXPECT_EQ(update->users[0], (AudienceUser{.user_id = "alice",
                                            .attributes = {{"a", "-5"},
                                                           {"b", "true"},
                                                           {"c", "false"},
                                                           {"d", "18446744073709551615"},
                                                           {"z", "pro"}}}));
}

TEST(AudienceJson, NamesWhatIsWrongWithUsers) {
  const auto one = [](const std::string& attributes) {
    return FieldsOf(ParseUserBody("a", R"({"attributes":)" + attributes + "}"));
  };
  EXPECT_THAT(one(R"({"a":null,"b":1.5,"c":[],"d":{},"e":"x"})"),
              ElementsAre("attributes.a", "attributes.b", "attributes.c", "attributes.d"));
  EXPECT_THAT(one(R"({"a":"","b":"x\ny","c":"x,y","d":")" + std::string(129, 'x') + "\"}"),
              ElementsAre("attributes.a", "attributes.b", "attributes.c", "attributes.d"));
  EXPECT_THAT(one(R"({"":"x","a:b":"x"})"), ElementsAre("attributes", "attributes"));
  EXPECT_THAT(one(R"({"a":"x","a":"y"})"), ElementsAre("a"));
  std::string many = "{";
  for (int i = 0; i < 33; ++i) {
    many += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":\"v\"";
  }
  EXPECT_THAT(one(many + "}"), ElementsAre("attributes"));
  EXPECT_THAT(one("[]"), ElementsAre("attributes"));
  EXPECT_EQ(ParseUserBody("a", "[]").error().reason, "MALFORMED_JSON");

  std::string long_list = R"({"users":[{"userId":"u","attributes":{}})";
  for (int i = 0; i < 1'000; ++i) {
    long_list += R"(,{"userId":"u)" + std::to_string(i) + R"(","attributes":{}})";
  }
  EXPECT_THAT(FieldsOf(ParseUsersBody(long_list + "]}")), ElementsAre("users"));
  EXPECT_THAT(
      FieldsOf(ParseUsersBody(R"({"users":[5,{"userId":"a"},{"userId":5,"attributes":{}}]})")),
      ElementsAre("users[0]", "users[1].attributes"));
  EXPECT_THAT(
      FieldsOf(ParseUsersBody(R"({"users":[{"userId":"a","attributes":{},"plan":"x"}],"more":1})")),
      ElementsAre("more", "users[0].plan"));
}

TEST(AudienceJson, ReadsPages) {
  const AudienceQuery users{.kind = AudienceQueryKind::kUsers};
  const auto page = ParsePage(users, {{"after", "alice"}, {"limit", "7"}});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->after, "alice");
  EXPECT_EQ(page->limit, 7u);
  EXPECT_EQ(ParsePage(users, {})->limit, 100u);
  for (const char* limit : {"0", "1001", "x", "", "-1", "4294967297"}) {
    EXPECT_THAT(FieldsOf(ParsePage(users, {{"limit", limit}})), ElementsAre("limit")) << limit;
  }
  EXPECT_THAT(FieldsOf(ParsePage(users, {{"after", "a"}, {"after", "b"}, {"x", "y"}})),
              ElementsAre("after", "x"));
  EXPECT_THAT(FieldsOf(ParsePage({.kind = AudienceQueryKind::kSegments}, {{"after", "a b"}})),
              ElementsAre("after"));
}

TEST(AudienceJson, TakesOneWayToSayWhoGetsIt) {
  const auto take = [](std::string_view body) {
    auto item = ReadJsonItem(body);
    return TakeRecipients(&*item);
  };
  EXPECT_EQ(take(R"({"segment":"a,b","userId":""})")->segment, "a,b");
  EXPECT_EQ(take(R"({"userIds":["a","b"],"broadcast":false})")->user_ids->size(), 2u);
  EXPECT_FALSE(take(R"({"userId":"a"})")->segment);
  EXPECT_THAT(FieldsOf(take(R"({"user_id":"a","userIds":["b"]})")),
              ElementsAre("user_id", "userIds"));
  EXPECT_THAT(FieldsOf(take(R"({"segment":"a","broadcast":true})")),
              ElementsAre("segment", "broadcast"));
  EXPECT_THAT(FieldsOf(take(R"({"segment":["a"]})")), ElementsAre("segment"));
}

TEST(AudienceBytes, ReadsASegmentAndWhoIsLeftOut) {
  v1::NotifySegmentRequest request;
  request.mutable_notification()->set_title("t");
  request.set_idempotency_key("k");
  request.set_segment("plan:pro");
  request.add_exclude_user_ids("a");
  const auto wanted = ParseSegmentRequest(request.SerializeAsString());
  ASSERT_TRUE(wanted.ok());
  EXPECT_EQ(wanted->segment, "plan:pro");
  EXPECT_EQ(wanted->idempotency_key, "k");
  EXPECT_THAT(wanted->exclude_user_ids, ElementsAre("a"));
  EXPECT_THAT(wanted->violations, IsEmpty());

  request.set_segment("BAD");
  request.add_exclude_user_ids("BAD");
  std::string bytes = request.SerializeAsString();
  for (std::size_t at = 0; (at = bytes.find("BAD", at)) != std::string::npos;) {
    bytes[at] = '\xFF';
  }
  const auto bad = ParseSegmentRequest(bytes);
  ASSERT_TRUE(bad.ok());
  EXPECT_THAT(FieldsOf(Result<int>(Fail(InvalidFields(bad->violations)))),
              ElementsAre("segment", "exclude_user_ids"));
  EXPECT_FALSE(ParseSegmentRequest("\xFF").ok());

  v1::BroadcastRequest broadcast;
  broadcast.add_exclude_user_ids("a");
  const auto all = ParseNotifyRequest(broadcast.SerializeAsString(), EntryKind::kBroadcast);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->kind, EntryKind::kBroadcast);
  EXPECT_THAT(all->exclude_user_ids, ElementsAre("a"));
}

TEST(AudienceChecks, CountsUsersForTheRate) {
  AudienceUpdate update;
  EXPECT_EQ(UsersIn(update), 1u);
  update.user_ids.resize(3);
  EXPECT_EQ(UsersIn(update), 3u);
}

}  // namespace
}  // namespace belfry::ingest
