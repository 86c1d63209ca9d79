// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "services/ingest/rest/json_request.h"
#include "services/ingest/rest/json_split.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(JsonSplit, TakesObjectsApart) {
  const std::string text = " { \"a\" : [1, {\"b\": \"}\"}] ,\n\"c\\\"d\":-1.5e+3,\"e\":{} } ";
  ASSERT_EQ(CheckJson(text), JsonKind::kObject);
  const auto members = SplitObject(text);
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].name, "a");
  EXPECT_EQ(members[0].value, "[1, {\"b\": \"}\"}]");
  EXPECT_EQ(members[1].quoted_name, "\"c\\\"d\"");
  EXPECT_EQ(members[1].value, "-1.5e+3");
  EXPECT_EQ(members[2].value, "{}");
  EXPECT_THAT(SplitObject("{}"), IsEmpty());
  EXPECT_THAT(SplitObject("[1]"), IsEmpty());
}

TEST(JsonSplit, TakesArraysApart) {
  EXPECT_THAT(SplitArray(" [ 1 , \"a,]\" ,[2,3], {} ]", 10),
              ElementsAre("1", "\"a,]\"", "[2,3]", "{}"));
  EXPECT_THAT(SplitArray("[1,2,3]", 2), ElementsAre("1", "2"));
  EXPECT_THAT(SplitArray("[]", 2), IsEmpty());
  EXPECT_THAT(SplitArray("{}", 2), IsEmpty());
}

TEST(JsonSplit, SaysWhereItStops) {
  const auto fault = [](std::string_view text) {
    const auto kind = CheckJson(text);
    return kind.ok() ? std::string("taken") : kind.error().message;
  };
  EXPECT_THAT(fault(""), HasSubstr("line 1, column 1: the body is empty"));
  EXPECT_THAT(fault("{\"a\":1,}"), HasSubstr("line 1, column 8"));
  EXPECT_THAT(fault("{\n\n  \"a\": tru }"), HasSubstr("line 3, column 8"));
  EXPECT_THAT(fault("{\"a\":1} x"), HasSubstr("line 1, column 9"));
  EXPECT_THAT(fault("\xEF\xBB\xBF{}"), HasSubstr("line 1, column 1"));
  EXPECT_THAT(fault("{\"a\":\"\x01\"}"), HasSubstr("control character"));
  EXPECT_THAT(fault("3"), HasSubstr("an object expected"));
}

TEST(JsonSplit, NestsAHundredDeepAndNoDeeper) {
  EXPECT_TRUE(CheckJson(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_FALSE(CheckJson(std::string(101, '[') + std::string(101, ']')).ok());
  EXPECT_FALSE(CheckJson(std::string(10'000'000, '[')).ok());
}

TEST(JsonSplit, NeverReadsBeyondAnyText) {
  std::mt19937 random(5);
  constexpr std::string_view kAlphabet = "{}[]\",:\\u0a1e.-+tfn \n";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 24; i > 0; --i) text += kAlphabet[random() % kAlphabet.size()];
    if (CheckJson(text).ok()) {
      (void)SplitObject(text);
      (void)SplitArray(text, 100);
    }
    const PublishRequest wanted = PublishRequestFromJson(text, true);
    EXPECT_TRUE(text.starts_with('{') || wanted.violations.size() == 1) << text;
  }
}

TEST(JsonRequest, TheLastOfTwoNamesIsNotTakenSilently) {
  const PublishRequest wanted =
      PublishRequestFromJson(R"({"userId":"a","user_id":"b","title":"t","title":"u"})", false);
  ASSERT_EQ(wanted.violations.size(), 2u);
  EXPECT_EQ(wanted.violations[0].field, "userId");
  EXPECT_EQ(wanted.violations[1].field, "title");
  EXPECT_EQ(wanted.notification.user_id(), "a");
}

TEST(JsonRequest, ANameIsTheSameHoweverItIsWritten) {
  const PublishRequest twice = PublishRequestFromJson(
      R"({"userId":"a","user\u0049d":"b","\u0062roadcast":true,"title":"t"})", false);
  ASSERT_EQ(twice.violations.size(), 1u);
  EXPECT_EQ(twice.violations[0].field, "userId");
  EXPECT_EQ(twice.violations[0].description, "given more than once");
  EXPECT_EQ(twice.kind, EntryKind::kBroadcast);
  // No text, and so no name of ours.
  EXPECT_EQ(PublishRequestFromJson(R"({"\ud800":1})", false).violations.size(), 1u);
}

TEST(JsonRequest, LongOrStrangeNamesAreNotRepeated) {
  const PublishRequest wanted =
      PublishRequestFromJson("{\"" + std::string(5000, 'x') + "\":1,\"\x7f\":2}", false);
  ASSERT_EQ(wanted.violations.size(), 2u);
  EXPECT_EQ(wanted.violations[0].field, "(a name of 5000 bytes)");
  EXPECT_EQ(wanted.violations[1].field, "(a name that is not text)");
}

TEST(JsonRequest, AnswersAsProto3Json) {
  EXPECT_EQ(AppendedJson({9'007'199'254'740'993, 1'700'000'000'000'000, true}),
            R"({"id":"9007199254740993","createdAt":"2023-11-14T22:13:20Z","duplicate":true})");
}

}  // namespace
}  // namespace belfry::ingest
