// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/ingest/rest/json_body.h"
#include "services/ingest/rest/json_request.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PublishRequest Read(std::string_view text, bool in_batch = false) {
  auto item = ReadJsonItem(text);
  EXPECT_TRUE(item.ok()) << text;
  return item.ok() ? PublishRequestFromJson(std::move(*item), in_batch) : PublishRequest();
}

std::vector<PublishRequest> ReadBatch(std::string_view text) {
  auto items = ReadJsonBatch(text);
  EXPECT_TRUE(items.ok()) << text;
  std::vector<PublishRequest> requests;
  for (JsonItem& item : *items) {
    requests.push_back(PublishRequestFromJson(std::move(item), true));
  }
  return requests;
}

std::vector<std::string> FieldsOf(const PublishRequest& request) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : request.violations) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(JsonBody, SaysWhereItStops) {
  const auto fault = [](std::string_view text) {
    const auto item = ReadJsonItem(text);
    return item.ok() ? std::string("taken") : item.error().reason + item.error().message;
  };
  EXPECT_THAT(fault(""), HasSubstr("line 1, column 1: the body is empty"));
  EXPECT_THAT(fault("{\"a\":1,}"), HasSubstr("line 1, column 8"));
  EXPECT_THAT(fault("{\n\n  \"a\": tru }"), HasSubstr("line 3, column 8"));
  EXPECT_THAT(fault("{\"a\":1} x"), HasSubstr("line 1, column 9"));
  EXPECT_THAT(fault("\xEF\xBB\xBF{}"), HasSubstr("line 1, column 1"));
  EXPECT_THAT(fault("{\"a\":\"\x01\"}"), HasSubstr("control character"));
  EXPECT_THAT(fault("3"), HasSubstr("MALFORMED_JSONparse the body: line 1, column 1: an object"));
  // What is wrong with one value does not hide what is wrong with the text.
  EXPECT_THAT(fault("{\"a\":\"\\ud800\",\n\"b\":1e99999999999,}"), HasSubstr("line 2, column 19"));
}

TEST(JsonBody, NestsAHundredDeepAndNoDeeper) {
  EXPECT_TRUE(ReadJsonBatch(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_FALSE(ReadJsonBatch(std::string(101, '[') + std::string(101, ']')).ok());
  EXPECT_FALSE(ReadJsonBatch(std::string(10'000'000, '[')).ok());
}

TEST(JsonBody, SurvivesAnyText) {
  std::mt19937 random(5);
  constexpr std::string_view kAlphabet = "{}[]\",:\\u0d8a1e.-+tfn \n";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (std::size_t i = random() % 24; i > 0; --i) {
      text += kAlphabet[random() % kAlphabet.size()];
    }
    if (auto items = ReadJsonBatch(text); items.ok()) {
      for (JsonItem& item : *items) {
        const bool object = item.value.is_object();
        const PublishRequest wanted = PublishRequestFromJson(std::move(item), true);
        EXPECT_TRUE(object || wanted.violations.size() == 1) << text;
      }
    }
  }
}

TEST(JsonBody, AnItemsMistakeIsItsOwn) {
  const std::string good = R"({"userId":"a","title":"t"})";
  for (const std::string bad :
       {R"({"title":"\ud800"})", R"({"title":"\ud83d\ud83d"})", R"({"title":"\udc00\ud800"})",
        R"({"title":"\ud800\\udc00"})", R"({"title":"\\\ud800"})", "{\"title\":\"\xC3(\"}",
        R"({"title":"a","title":"b"})"}) {
    for (const std::string& list :
         {"[" + good + "," + bad + "," + good + "]",
          "{\"notifications\":[" + good + "," + bad + "," + good + "]}"}) {
      const auto requests = ReadBatch(list);
      ASSERT_EQ(requests.size(), 3u) << list;
      EXPECT_THAT(requests[0].violations, IsEmpty()) << list;
      EXPECT_THAT(FieldsOf(requests[1]), ElementsAre("title")) << list;
      EXPECT_THAT(requests[2].violations, IsEmpty()) << list;
      EXPECT_EQ(requests[2].notification.title(), "t") << list;
    }
  }
}

TEST(JsonBody, NamesWhatIsWrongInsideMeta) {
  EXPECT_THAT(
      FieldsOf(Read(R"({"user_id":5,"meta":{"a":"\ud800","b_c":[1e99999999999,{"d":1,"d":2}],)"
                    R"("e":12345678901234567890,"f":{"\udfff":1}}})")),
      ElementsAre("userId", "meta.a", "meta.b_c[0]", "meta.e", "meta.f", "meta.b_c[1].d"));
}

TEST(JsonBody, WhatIsGoodIsReadTheSameBesideWhatIsWrong) {
  const auto requests = ReadBatch(
      R"([{"title":"\ud800"},{"userId":"\ud83d\udd14","title":"\\ud800","body":"1e99999999999",)"
      R"("meta":{"n":1e00000000000002,"m":-12.5E-1,"o":1e-400}}])");
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_THAT(FieldsOf(requests[0]), ElementsAre("title"));
  const PublishRequest& good = requests[1];
  EXPECT_THAT(good.violations, IsEmpty());
  EXPECT_EQ(good.notification.user_id(), "\xF0\x9F\x94\x94");
  EXPECT_EQ(good.notification.title(), "\\ud800");
  EXPECT_EQ(good.notification.body(), "1e99999999999");
  const auto& meta = good.notification.meta().fields();
  EXPECT_EQ(meta.at("n").number_value(), 100);
  EXPECT_EQ(meta.at("m").number_value(), -1.25);
  EXPECT_EQ(meta.at("o").number_value(), 0);
}

TEST(JsonBody, AnExponentBeyondCountingIsInfiniteOrZero) {
  const PublishRequest request = Read(
      R"({"meta":{"a":1e99999999999,"b":0e99999999999,"c":-0.0E-99999999999,)"
      R"("d":12e-99999999999,"e":0.5e+0000000000099999999999,"f":1e2,"g":0.00e0000099999999999}})");
  EXPECT_THAT(FieldsOf(request), ElementsAre("meta.a", "meta.e"));
  const auto& meta = request.notification.meta().fields();
  for (const char* zero : {"b", "c", "d", "g"}) {
    ASSERT_TRUE(meta.contains(zero)) << zero;
    EXPECT_EQ(meta.at(zero).number_value(), 0) << zero;
  }
  EXPECT_EQ(meta.at("f").number_value(), 100);
}

TEST(JsonBody, ABatchIsAListAndNothingElse) {
  const auto fields = [](std::string_view text) {
    const auto items = ReadJsonBatch(text);
    std::vector<std::string> names;
    if (!items.ok()) {
      for (const FieldViolation& violation : items.error().violations) {
        names.push_back(violation.field);
      }
    }
    return names;
  };
  EXPECT_THAT(fields(R"({"notifications":[{}],"a":1,"b":2})"),
              ElementsAre("(the body)", "(the body)"));
  EXPECT_THAT(fields(R"({"notifications":[{}],"notifications":[]})"), ElementsAre("notifications"));
  EXPECT_THAT(fields(R"({"notifications":{"a":1,"a":2}})"), ElementsAre("notifications"));
  EXPECT_THAT(fields("{}"), ElementsAre("notifications"));
}

TEST(JsonRequest, TheLastOfTwoNamesIsNotTakenSilently) {
  const PublishRequest wanted =
      Read(R"({"userId":"a","user_id":"b","title":"t","title":"u"})", false);
  ASSERT_EQ(wanted.violations.size(), 2u);
  EXPECT_EQ(wanted.violations[0].field, "userId");
  EXPECT_EQ(wanted.violations[1].field, "title");
  EXPECT_EQ(wanted.notification.user_id(), "a");
}

TEST(JsonRequest, ANameIsTheSameHoweverItIsWritten) {
  const PublishRequest twice =
      Read(R"({"userId":"a","user\u0049d":"b","\u0062roadcast":true,"title":"t"})", false);
  ASSERT_EQ(twice.violations.size(), 1u);
  EXPECT_EQ(twice.violations[0].field, "userId");
  EXPECT_EQ(twice.violations[0].description, "given more than once");
  EXPECT_EQ(twice.kind, EntryKind::kBroadcast);
  // No text, and so no name of ours.
  EXPECT_EQ(Read(R"({"\ud800":1})", false).violations.size(), 1u);
}

TEST(JsonRequest, LongOrStrangeNamesAreNotRepeated) {
  const PublishRequest wanted = Read("{\"" + std::string(5000, 'x') + "\":1,\"\x7f\":2}", false);
  ASSERT_EQ(wanted.violations.size(), 2u);
  EXPECT_EQ(wanted.violations[0].field, "(a name of 5000 bytes)");
  EXPECT_EQ(wanted.violations[1].field, "(a name that is not text)");
}

TEST(JsonRequest, AnswersAsProto3Json) {
  EXPECT_EQ(PublishResultJson({9'007'199'254'740'993, 1'700'000'000'000'000, true}),
            R"({"id":"9007199254740993","createdAt":"2023-11-14T22:13:20Z","duplicate":true})");
}

}  // namespace
}  // namespace belfry::ingest
