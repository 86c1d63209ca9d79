// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

#include "belfry/v1/notification.pb.h"
#include "libs/wire/codec/notification_json.h"
#include "tests/unit/wire_codec/random_notification.h"

namespace belfry::wire {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The error of reading `json`, which must fail.
Error Failure(std::string_view json) {
  v1::Notification notification;
  const Status status = ParseNotificationJson(json, &notification);
  EXPECT_FALSE(status.ok()) << json;
  if (status.ok()) {
    return {};
  }
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  return status.error();
}

FieldViolation Violation(std::string field, std::string description) {
  return {std::move(field), std::move(description)};
}

TEST(ParseNotificationJson, ReadsBothSpellingsOfNames) {
  for (
      const char* json :
      {R"({"userId":"alice","title":"T","actionUrl":"/x","expiresAt":"2030-01-01T00:00:00Z"})",
       R"( {"user_id":"alice","title":"T","action_url":"/x","expires_at":"2030-01-01T01:00:00+01:00"} )"}) {
    v1::Notification notification;
    const Status status = ParseNotificationJson(json, &notification);
    ASSERT_TRUE(status.ok()) << status.error().ToString();
    EXPECT_EQ(notification.user_id(), "alice");
    EXPECT_EQ(notification.action_url(), "/x");
    EXPECT_EQ(notification.expires_at().seconds(), 1'893'456'000);
  }
}

TEST(ParseNotificationJson, ReadsMetaOfAnyShape) {
  v1::Notification notification;
  ASSERT_TRUE(
      ParseNotificationJson(
          R"({"meta":{"a":[1,-2.5,"x",null,true,[],{}],"":{"deep":{"\u0000":"\ud83d\udd14"}}}})",
          &notification)
          .ok());
  v1::Notification expected;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(
          R"({"meta":{"a":[1,-2.5,"x",null,true,[],{}],"":{"deep":{"\u0000":"\ud83d\udd14"}}}})",
          &expected)
          .ok());
  EXPECT_TRUE(MessageDifferencer::Equals(notification, expected));
}

TEST(ParseNotificationJson, NullIsUnset) {
  v1::Notification notification;
  ASSERT_TRUE(ParseNotificationJson(R"({"title":null,"meta":null,"expiresAt":null,"id":null})",
                                    &notification)
                  .ok());
  EXPECT_TRUE(MessageDifferencer::Equals(notification, v1::Notification()));
}

TEST(ParseNotificationJson, ReadsIdsAsStringsAndBareNumbers) {
  v1::Notification notification;
  ASSERT_TRUE(
      ParseNotificationJson(R"({"id":"18446744073709551615","broadcastId":7})", &notification)
          .ok());
  EXPECT_EQ(notification.id(), 18'446'744'073'709'551'615U);
  EXPECT_EQ(notification.broadcast_id(), 7U);
  for (const char* bad : {"-1", "1.5", "\"\"", "\"x\"", "\"-1\"", "\" 1\"", "\"1.0\"", "true",
                          "1e3", "\"18446744073709551616\"", "{}"}) {
    EXPECT_THAT(Failure(R"({"id":)" + std::string(bad) + "}").violations,
                ElementsAre(Violation("id", "must be a whole number, as a string or bare")));
  }
}

TEST(ParseNotificationJson, ReadsBackWhatProtobufWrites) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 1'500; ++round) {
    v1::Notification notification;
    test::FillNotification(random, &notification);
    notification.set_id(random());
    std::string json;
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = random() % 2 == 0;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(notification, &json, options).ok());
    v1::Notification expected, read;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &expected).ok()) << json;
    const Status status = ParseNotificationJson(json, &read);
    if (!status.ok()) {
      // The one thing in which it is stricter: whole numbers that a double cannot hold.
      ASSERT_FALSE(status.error().violations.empty()) << status.error().ToString() << json;
      for (const FieldViolation& violation : status.error().violations) {
        ASSERT_THAT(violation.description, HasSubstr("beyond 2^53")) << json;
      }
    } else {
      ASSERT_TRUE(MessageDifferencer::Equals(read, expected)) << json;
    }
  }
}

TEST(ParseNotificationJson, NamesEveryWrongFieldAtOnce) {
  const Error error = Failure(
      R"({"title":5,"nope":1,"level":["info"],"user_id":"a","userId":"b","meta":[],"expiresAt":"soon"})");
  EXPECT_THAT(
      error.violations,
      ElementsAre(
          Violation("title", "must be a string"), Violation("nope", "unknown field"),
          Violation("level", "must be a string"), Violation("userId", "given more than once"),
          Violation("meta", "must be an object"),
          Violation("expiresAt", "must be an RFC 3339 time such as \"2026-11-21T10:00:00Z\"")));
}

TEST(ParseNotificationJson, NamesARepeatedName) {
  EXPECT_THAT(Failure(R"({"title":"a","title":"b"})").violations,
              ElementsAre(Violation("title", "given more than once")));
  EXPECT_THAT(Failure(R"({"meta":{"x":{"y":1,"\u0079":2}}})").violations,
              ElementsAre(Violation("y", "given more than once")));
}

TEST(ParseNotificationJson, RefusesNumbersThatWouldLoseDigits) {
  v1::Notification notification;
  EXPECT_TRUE(ParseNotificationJson(R"({"meta":{"n":9007199254740992}})", &notification).ok());
  EXPECT_THAT(Failure(R"({"meta":{"a":[{"n":9007199254740993}]}})").violations,
              ElementsAre(Violation("meta.a[0].n",
                                    "a whole number beyond 2^53 would lose digits: send it as a "
                                    "string")));
  for (const char* spelled : {"9007199254740993.0", "9007199254740993e0", "1e16", "-1E+16",
                              "90071992547409930e-1", "1.8446744073709552e19", "1e300"}) {
    EXPECT_THAT(Failure(R"({"meta":{"n":)" + std::string(spelled) + "}}").violations,
                ElementsAre(Violation("meta.n",
                                      "a whole number beyond 2^53 would lose digits: send it as a "
                                      "string")))
        << spelled;
  }
  EXPECT_TRUE(ParseNotificationJson(
                  R"({"meta":{"n":9007199254740991.0,"m":-9.007199254740991e15}})", &notification)
                  .ok());
  EXPECT_THAT(Failure(R"({"meta":{"n":18446744073709551615}})").violations.size(), 1U);
  EXPECT_THAT(Failure(R"({"meta":{"n":-9223372036854775808}})").violations.size(), 1U);
}

TEST(ParseNotificationJson, SaysWhereTheJsonIsMalformed) {
  EXPECT_THAT(Failure("{\"title\":\"a\xFF\"}").message, HasSubstr("not UTF-8 at byte 11"));
  for (const char* bad :
       {"", " ", "{", "{\"title\":}", "{'title':\"a\"}", "{title:\"a\"}", "{\"title\":\"a\",}",
        "{\"title\":\"a\"} x", "{\"title\":\"a\"}{}", "{\"title\":\"\\ud800\"}", "nul",
        "{\"title\":\"a\nb\"}", "{\"title\":\"a\" /* c */}", "{\"meta\":{\"n\":01}}",
        "{\"meta\":{\"n\":NaN}}", "{\"meta\":{\"n\":.5}}"}) {
    const Error error = Failure(bad);
    EXPECT_THAT(error.message, HasSubstr("at byte ")) << bad;
    EXPECT_THAT(error.violations, IsEmpty()) << bad;
  }
  for (const char* bad : {"[]", "\"title\"", "5", "null", "true"}) {
    EXPECT_THAT(Failure(bad).message, HasSubstr("must be a JSON object")) << bad;
  }
}

TEST(ParseNotificationJson, RefusesEndlessDepthWithoutExhaustingTheStack) {
  const std::string deep(200'000, '[');
  EXPECT_THAT(Failure(R"({"meta":{"a":)" + deep).message, HasSubstr("at byte "));
}

// The path to each value would be 100 GB in all.
TEST(ParseNotificationJson, ALongNameCostsItsElementsNothing) {
  std::string elements = "0";
  for (int i = 0; i < 250'000; ++i) {
    elements += ",0";
  }
  const std::string meta = R"({"meta":{")" + std::string(500'000, 'n') + "\":[" + elements;
  const auto begin = std::chrono::steady_clock::now();
  v1::Notification notification;
  EXPECT_TRUE(ParseNotificationJson(meta + "]}}", &notification).ok());
  const Error error = Failure(meta + ",1e16]}}");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  ASSERT_EQ(error.violations.size(), 1U);
  EXPECT_LT(error.violations[0].field.size(), 300U);
  EXPECT_THAT(error.violations[0].field, HasSubstr("[250001]"));
}

TEST(ParseNotificationJson, NamesTheFirstMistakesOfMany) {
  std::string elements = "1e16";
  for (int i = 0; i < 10'000; ++i) {
    elements += ",1e16";
  }
  EXPECT_EQ(Failure(R"({"meta":{"n":[)" + elements + "]}}").violations.size(), 100U);
}

TEST(ParseNotificationJson, SurvivesRandomBytes) {
  std::mt19937_64 random(5);
  const std::string good =
      R"({"userId":"alice","title":"\u00e9","meta":{"a":[1,2.5e3,null,{"b":"c"}]},"expiresAt":"2030-01-01T00:00:00Z"})";
  int accepted = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::string text = good;
    for (std::uint64_t flips = random() % 3 + 1; flips > 0; --flips) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    v1::Notification notification;
    accepted += ParseNotificationJson(text, &notification).ok() ? 1 : 0;
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

}  // namespace
}  // namespace belfry::wire
