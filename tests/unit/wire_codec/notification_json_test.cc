// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/notification_json.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "belfry/v1/notification.pb.h"
#include "libs/common/text.h"
#include "libs/wire/codec/strict_json.h"
#include "tests/unit/wire_codec/random_notification.h"

namespace belfry::wire {
namespace {

using google::protobuf::util::TimeUtil;

Entry AnEntry(const v1::Notification& notification) {
  Entry entry;
  entry.id = 1'700'000'000'000'000;
  entry.kind = EntryKind::kNotification;
  entry.project = "demo";
  entry.user_id = "alice";
  entry.created_us = 1'700'000'000'000'000;
  entry.payload = notification.SerializeAsString();
  return entry;
}

// What protobuf itself writes for the message that `entry` holds.
std::string ByProtobuf(const Entry& entry) {
  v1::Notification message;
  EXPECT_TRUE(message.ParseFromString(entry.payload.str()));
  message.set_id(entry.id);
  message.set_project(entry.project);
  message.set_user_id(entry.user_id);
  message.set_broadcast_id(entry.broadcast_id);
  if (entry.created_us != 0) {
    *message.mutable_created_at() = TimeUtil::MicrosecondsToTimestamp(entry.created_us);
  }
  if (entry.expires_us != 0) {
    *message.mutable_expires_at() = TimeUtil::MicrosecondsToTimestamp(entry.expires_us);
  }
  // A user's own state is the entry's, whatever a payload says.
  message.clear_read_at();
  if (entry.read_at_us != 0) {
    *message.mutable_read_at() = TimeUtil::MicrosecondsToTimestamp(entry.read_at_us);
  }
  message.clear_archived_at();
  if (entry.archived_at_us != 0) {
    *message.mutable_archived_at() = TimeUtil::MicrosecondsToTimestamp(entry.archived_at_us);
  }
  message.set_collapsed_count(entry.collapsed_count);
  message.set_replaces(entry.replaces);
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return json;
}

std::vector<std::string> Names(const boost::json::value& value) {
  std::vector<std::string> names;
  for (const auto& member : value.as_object()) {
    names.emplace_back(member.key().data(), member.key().size());
  }
  return names;
}

// `value` with every number as a double: 1e+15 and 1000000000000000 are the same.
boost::json::value AsDoubles(boost::json::value value) {
  if (value.is_object()) {
    for (auto& member : value.get_object()) {
      member.value() = AsDoubles(std::move(member.value()));
    }
  } else if (value.is_array()) {
    for (auto& item : value.get_array()) {
      item = AsDoubles(std::move(item));
    }
  } else if (value.is_number()) {
    value = value.to_number<double>();
  }
  return value;
}

void ExpectOneLine(const std::string& json) {
  EXPECT_EQ(json.find_first_of(std::string("\r\n\0", 3)), std::string::npos) << json;
  EXPECT_TRUE(IsUtf8(json));
}

TEST(NotificationJson, WritesWhatTheProtocolPromises) {
  v1::Notification notification;
  notification.set_kind("comment.created");
  notification.set_level("info");
  notification.set_title("Bob replied");
  notification.set_body("\"Yes\"\nhe said </b>");
  notification.set_actor_id("bob");
  notification.set_subject_type("thread");
  notification.set_subject_id("t1");
  notification.set_action_url("/threads/t1");
  notification.set_image_url("https://cdn.example/b.png");
  (*notification.mutable_meta()->mutable_fields())["n"].set_number_value(3);
  (*notification.mutable_meta()->mutable_fields())["a"].set_bool_value(true);
  Entry entry = AnEntry(notification);
  entry.read_at_us = 1'700'000'001'000'000;
  entry.created_us = 1'700'000'000'123'456;
  entry.expires_us = 1'700'000'100'500'000;
  entry.broadcast_id = 42;
  const auto json = NotificationJson(entry);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*json,
            R"({"id":"1700000000000000","project":"demo","userId":"alice",)"
            R"("kind":"comment.created","level":"info","title":"Bob replied",)"
            R"("body":"\"Yes\"\nhe said </b>","actorId":"bob","subjectType":"thread",)"
            R"("subjectId":"t1","actionUrl":"/threads/t1",)"
            R"("imageUrl":"https://cdn.example/b.png","meta":{"a":true,"n":3},)"
            R"("createdAt":"2023-11-14T22:13:20.123456Z","expiresAt":"2023-11-14T22:15:00.500Z",)"
            R"("readAt":"2023-11-14T22:13:21Z","broadcastId":"42"})");
}

TEST(NotificationJson, IsEqualToProtobufsOwn) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 1'500; ++round) {
    v1::Notification notification;
    test::FillNotification(random, &notification);
    notification.clear_read_at();  // these are the entry's
    notification.clear_archived_at();
    Entry entry = AnEntry(notification);
    entry.id = random() % 2 == 0 ? kEntryIdMax : random() % 1000 + 1;
    entry.user_id = test::HostileText(random);
    entry.created_us = random() % 4 == 0 ? -1'500'000 : static_cast<std::int64_t>(random() >> 12);
    entry.expires_us = random() % 2 == 0 ? 0 : static_cast<std::int64_t>(random() >> 13);
    entry.broadcast_id = random() % 2 == 0 ? 0 : random();
    entry.read_at_us = random() % 2 == 0 ? 0 : static_cast<std::int64_t>(random() >> 13);
    entry.archived_at_us = random() % 2 == 0 ? 0 : static_cast<std::int64_t>(random() >> 13);
    entry.collapsed_count = static_cast<std::uint32_t>(random() % 3);
    entry.replaces = random() % 2 == 0 ? 0 : random();
    const auto json = NotificationJson(entry);
    ASSERT_TRUE(json.ok()) << json.error().ToString();
    ExpectOneLine(*json);
    const std::string expected = ByProtobuf(entry);
    const auto ours = ParseStrictJson(*json);
    const auto theirs = ParseStrictJson(expected);
    ASSERT_TRUE(ours.ok() && theirs.ok()) << *json << "\n" << expected;
    ASSERT_TRUE(AsDoubles(*ours) == AsDoubles(*theirs)) << *json << "\n" << expected;
    ASSERT_EQ(Names(*ours), Names(*theirs));
  }
}

TEST(NotificationJson, WritesNumbersThatJsonHasNoWordForAsProtobufReadsThem) {
  v1::Notification notification;
  auto& meta = *notification.mutable_meta()->mutable_fields();
  meta["a"].set_number_value(std::nan(""));
  meta["b"].set_number_value(std::numeric_limits<double>::infinity());
  meta["c"].set_number_value(-std::numeric_limits<double>::infinity());
  meta["d"];  // a Value of no kind
  const auto json = NotificationJson(AnEntry(notification));
  ASSERT_TRUE(json.ok());
  EXPECT_THAT(
      *json, ::testing::HasSubstr(R"("meta":{"a":"NaN","b":"Infinity","c":"-Infinity","d":null})"));
}

TEST(NotificationJson, WritesTheSameBytesWhateverTheMapsOrder) {
  v1::Notification forward, backward;
  for (int i = 0; i < 50; ++i) {
    (*forward.mutable_meta()->mutable_fields())["k" + std::to_string(i)].set_number_value(i);
    (*backward.mutable_meta()->mutable_fields())["k" + std::to_string(49 - i)].set_number_value(49 -
                                                                                                i);
  }
  EXPECT_EQ(*NotificationJson(AnEntry(forward)), *NotificationJson(AnEntry(backward)));
}

TEST(NotificationJson, InvalidUtf8InTheEnvelopeIsReplacedNotPassedOn) {
  Entry entry = AnEntry({});
  entry.user_id = "a\xFF\xC0\x80\r\n\xED\xA0\x80";
  const auto json = NotificationJson(entry);
  ASSERT_TRUE(json.ok());
  ExpectOneLine(*json);
  EXPECT_NO_THROW(boost::json::parse(*json));
}

TEST(NotificationJson, RefusesAPayloadThatIsNoNotification) {
  const google::protobuf::LogSilencer silencer;
  Entry entry = AnEntry({});
  for (const std::string& payload :
       {std::string("\xFF\xFF"), std::string("\x32\x7F"), std::string("\x32\x02\xC3\x28")}) {
    entry.payload = payload;  // garbage, a cut field, a title that is not UTF-8
    const auto json = NotificationJson(entry);
    ASSERT_FALSE(json.ok());
    EXPECT_EQ(json.error().code, Code::kDataLoss);
  }
}

TEST(NotificationJson, RandomBytesAreRefusedOrBecomeOneLineOfJson) {
  const google::protobuf::LogSilencer silencer;  // it writes a line for each wrong string
  std::mt19937_64 random(3);
  v1::Notification notification;
  for (int round = 0; round < 5'000; ++round) {
    notification.Clear();
    test::FillNotification(random, &notification);
    Entry entry = AnEntry(notification);
    std::string payload = entry.payload.str();
    for (int flips = 0; flips < 3 && !payload.empty(); ++flips) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    entry.payload = std::move(payload);
    const auto json = NotificationJson(entry);
    if (json.ok()) {
      ExpectOneLine(*json);
      boost::json::error_code error;
      boost::json::parse_options deep;
      deep.max_depth = 128;
      boost::json::parse(*json, error, {}, deep);
      ASSERT_FALSE(error) << *json;
    } else {
      ASSERT_EQ(json.error().code, Code::kDataLoss);
    }
  }
}

TEST(NotificationJson, RefusesATimeThatCannotBeWritten) {
  Entry entry = AnEntry({});
  entry.read_at_us = kUnixMicrosMax + 1;
  EXPECT_FALSE(NotificationJson(entry).ok());
  entry.read_at_us = 0;
  entry.expires_us = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(NotificationJson(entry).ok());
  entry.expires_us = std::numeric_limits<std::int64_t>::min();
  EXPECT_FALSE(NotificationJson(entry).ok());
}

}  // namespace
}  // namespace belfry::wire
