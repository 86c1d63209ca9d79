// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/inbox_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "belfry/v1/notification.pb.h"

namespace belfry::wire {
namespace {

using ::testing::ElementsAre;

// The names of the fields that are wrong.
template <typename T>
std::vector<std::string> Fields(const Result<T>& result) {
  std::vector<std::string> fields;
  EXPECT_FALSE(result.ok());
  if (!result.ok()) {
    EXPECT_EQ(result.error().code, Code::kInvalidArgument);
    for (const FieldViolation& violation : result.error().violations) {
      fields.push_back(violation.field);
    }
  }
  return fields;
}

TEST(InboxJson, ReadsBulk) {
  const auto change = ParseBulkBody(R"({"op":"unarchive","ids":["17",18]})");
  ASSERT_TRUE(change.ok());
  EXPECT_EQ(change->op, StateOp::kUnarchive);
  EXPECT_THAT(change->ids, ElementsAre(17, 18));
}

TEST(InboxJson, NamesEveryWrongFieldOfABody) {
  EXPECT_THAT(Fields(ParseBulkBody(R"({"op":"read_all","ids":["1","x",0,-1,1.5],"more":1})")),
              ElementsAre("op", "ids[1]", "ids[2]", "ids[3]", "ids[4]", "more"));
  EXPECT_THAT(Fields(ParseBulkBody(R"({"op":"read","ids":[]})")), ElementsAre("ids"));
  EXPECT_THAT(Fields(ParseReadAllBody("{}")), ElementsAre("upTo"));
  EXPECT_THAT(Fields(ParseReadAllBody(R"({"upTo":"1","kind":"a b"})")), ElementsAre("kind"));
  EXPECT_THAT(Fields(ParseArchiveAllBody(R"({"upTo":null,"onlyRead":1})")),
              ElementsAre("upTo", "onlyRead"));
  EXPECT_THAT(Fields(ParseSeenBody(R"({"upTo":"9007199254740993"})")), ElementsAre("upTo"));
  EXPECT_THAT(Fields(ParsePreferencesBody("{}")), ElementsAre("mutedKinds"));
  EXPECT_THAT(Fields(ParsePreferencesBody(R"({"mutedKinds":["a.",""]})")),
              ElementsAre("mutedKinds[1]"));
  EXPECT_THAT(Fields(ParseSeenBody(R"({"upTo":1,"upTo":2})")), ElementsAre("upTo"));
}

TEST(InboxJson, HasBounds) {
  std::string ids = "1";
  for (std::size_t i = 1; i < kMarkIdsMax; ++i) {
    ids += ",1";
  }
  EXPECT_TRUE(ParseBulkBody(R"({"op":"read","ids":[)" + ids + "]}").ok());
  EXPECT_FALSE(ParseBulkBody(R"({"op":"read","ids":[1,)" + ids + "]}").ok());
  EXPECT_TRUE(ParseSeenBody(R"({"upTo":"9007199254740992"})").ok());
}

TEST(InboxJson, SaysThatItIsNotJson) {
  for (const char* body : {"", "{", "[]", "1", "{\"upTo\":1}x"}) {
    const auto change = ParseSeenBody(body);
    ASSERT_FALSE(change.ok()) << body;
    EXPECT_EQ(change.error().reason, "MALFORMED_JSON") << body;
  }
}

TEST(InboxJson, ReadsWhatToRetract) {
  const auto one = ParseRetractBody(R"({"userId":"alice","id":"7"})");
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->user_id, "alice");
  EXPECT_THAT(one->change.ids, ElementsAre(7));
  const auto all = ParseRetractBody(R"({"broadcastId":"7"})");
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->user_id, "");
  const auto key = ParseRetractBody(R"({"idempotencyKey":"k"})");
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->idempotency_key, "k");
  EXPECT_THAT(Fields(ParseRetractBody("{}")), ElementsAre("(the body)"));
  EXPECT_THAT(Fields(ParseRetractBody(R"({"broadcastId":"7","idempotencyKey":"k"})")),
              ElementsAre("(the body)"));
  EXPECT_THAT(Fields(ParseRetractBody(R"({"id":"7"})")), ElementsAre("userId"));
}

TEST(InboxJson, ReadsAQuery) {
  const auto query = ParseListQuery({{"limit", "100"},
                                     {"before", "17"},
                                     {"unread", "false"},
                                     {"archived", "true"},
                                     {"kind", "comment."},
                                     {"level", "error"}});
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->limit, 100u);
  EXPECT_EQ(query->before, 17u);
  EXPECT_EQ(query->unread, false);
  EXPECT_TRUE(query->archived);
  EXPECT_EQ(query->kind, "comment.");
  EXPECT_EQ(query->level, "error");
  EXPECT_EQ(ParseListQuery({})->limit, 20u);
  EXPECT_THAT(Fields(ParseListQuery({{"limit", "0"},
                                     {"before", "x"},
                                     {"unread", "1"},
                                     {"unread", "true"},
                                     {"level", "loud"},
                                     {"user", "bob"}})),
              ElementsAre("limit", "before", "unread", "unread", "level", "user"));
}

TEST(InboxJson, WritesAList) {
  v1::Notification payload;
  payload.set_title("Hi");
  Entry entry;
  entry.id = 9;
  entry.kind = EntryKind::kNotification;
  entry.payload = Payload(payload.SerializeAsString());
  ListPage page;
  page.entries = {entry};
  page.next_before = 9;
  page.oldest_id = 3;
  page.counts.up_to = 12;
  const auto json = ListJson(page);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json, R"({"notifications":[{"id":"9","title":"Hi"}],"nextBefore":"9","oldestId":"3",)"
                   R"("counts":{"unreadCount":0,"unseenCount":0,"byKind":{},"upTo":"12"}})");
  EXPECT_THAT(*ListJson({}), ::testing::HasSubstr(R"("nextBefore":null)"));
}

TEST(InboxJson, AnswersItemByItem) {
  StateUpdated updated;
  updated.not_found = {2};
  EXPECT_THAT(BulkJson({1, 2}, updated),
              ::testing::StartsWith(
                  R"({"results":[{"id":"1","status":200},{"id":"2","status":404}],"counts":{)"));
}

}  // namespace
}  // namespace belfry::wire
