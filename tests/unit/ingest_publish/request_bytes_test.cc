// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/request_bytes.h"

#include <gmock/gmock.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "belfry/v1/notify_service.pb.h"
#include "services/ingest/publish/prepare.h"

namespace belfry::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Bytes(const std::string& user, const std::string& key = "") {
  v1::NotifyRequest request;
  request.mutable_notification()->set_user_id(user);
  request.mutable_notification()->set_title("t");
  request.set_idempotency_key(key);
  return request.SerializeAsString();
}

TEST(RequestBytes, ReadsARequest) {
  const auto wanted = ParseNotifyRequest(Bytes("alice", "k"), EntryKind::kNotification);
  ASSERT_TRUE(wanted.ok());
  EXPECT_EQ(wanted->notification.user_id(), "alice");
  EXPECT_EQ(wanted->idempotency_key, "k");
  EXPECT_THAT(wanted->violations, IsEmpty());
  EXPECT_EQ(ParseNotifyRequest(Bytes("alice"), EntryKind::kNotification)->idempotency_key,
            std::nullopt);
  EXPECT_TRUE(ParseNotifyRequest("", EntryKind::kNotification).ok());
}

TEST(RequestBytes, NamesWhatIsNotUtf8AndKeepsTheRest) {
  v1::NotifyRequest request;
  v1::Notification* n = request.mutable_notification();
  n->set_user_id("alice");
  n->set_title("BAD");
  n->set_action_url("javascript:x");
  (*n->mutable_meta()->mutable_fields())["BAD"].set_string_value("BAD");
  request.set_idempotency_key("BAD");
  std::string bytes = request.SerializeAsString();
  for (std::size_t at = 0; (at = bytes.find("BAD", at)) != std::string::npos;) {
    bytes[at] = '\xFF';
  }
  const auto wanted = ParseNotifyRequest(bytes, EntryKind::kNotification);
  ASSERT_TRUE(wanted.ok());
  const auto content =
      Prepare(*wanted, {"key", "shop", true, true, 1}, 1'700'000'000'000'000, FieldNames::Grpc());
  ASSERT_FALSE(content.ok());
  std::vector<std::string> fields;
  for (const auto& violation : content.error().violations) {
    fields.push_back(violation.field);
  }
  EXPECT_THAT(fields, ElementsAre("notification.title", "notification.meta", "idempotency_key",
                                  "notification.action_url"));
}

TEST(RequestBytes, SplitsABatch) {
  v1::NotifyBatchRequest batch;
  batch.add_items()->mutable_notification()->set_user_id("a");
  batch.add_items();
  batch.add_items()->mutable_notification()->set_user_id("\xC3(");
  std::string bytes = batch.SerializePartialAsString();
  bytes += std::string("\x52\x03xyz", 5);  // a field of a later version
  const auto items = SplitBatch(bytes);
  ASSERT_TRUE(items.ok());
  ASSERT_EQ(items->size(), 3u);
  EXPECT_EQ(ParseNotifyRequest((*items)[0], EntryKind::kNotification)->notification.user_id(), "a");
  EXPECT_EQ((*items)[1], "");
  EXPECT_THAT(ParseNotifyRequest((*items)[2], EntryKind::kNotification)->violations,
              ElementsAre(FieldViolation{"notification.user_id", "must be valid UTF-8"}));
}

TEST(RequestBytes, ABatchIsBoundedBeforeItIsTakenApart) {
  std::string bytes;
  for (std::size_t i = 0; i < 1'000'000; ++i) {
    bytes += std::string("\x0a\x00", 2);
  }
  const auto items = SplitBatch(bytes);
  ASSERT_FALSE(items.ok());
  EXPECT_THAT(items.error().violations,
              ElementsAre(FieldViolation{"items", "must have 1-1000 items, got 1000000"}));
  EXPECT_FALSE(SplitBatch("").ok());
  EXPECT_EQ(SplitBatch(bytes.substr(0, 2000))->size(), 1000u);
}

TEST(RequestBytes, RefusesWhatIsNoMessage) {
  for (const std::string& bytes :
       {std::string("\x0a"), std::string("\x0a\x05xx"), std::string("\x0a\xFF\xFF\xFF\xFF\x7F"),
        std::string("\xFF"), std::string("\0", 1), std::string("\x0c"), std::string("\x0b\x0a"),
        std::string("\x0f")}) {
    for (const auto& error : {ParseNotifyRequest(bytes, EntryKind::kNotification).ok(),
                              SplitBatch(bytes).ok(), StreamItem(bytes).ok()}) {
      EXPECT_FALSE(error) << testing::PrintToString(bytes);
    }
  }
}

// A length-delimited field.
std::string Field(char tag, const std::string& value) {
  std::string bytes(1, tag);
  std::size_t length = value.size();
  for (; length > 0x7F; length >>= 7) {
    bytes += static_cast<char>((length & 0x7F) | 0x80);
  }
  bytes += static_cast<char>(length);
  return bytes + value;
}

TEST(RequestBytes, NestedWithoutEndIsRefused) {
  const auto nested = [](int levels) {
    std::string object;
    for (int i = 0; i < levels; ++i) {
      object = Field('\x0a', Field('\x12', Field('\x2a', object)));
    }
    return Field('\x0a', Field('\x6a', object));  // notification.meta
  };
  const auto shallow = ParseNotifyRequest(nested(20), EntryKind::kNotification);
  ASSERT_TRUE(shallow.ok());
  EXPECT_FALSE(ParseNotifyRequest(nested(3000), EntryKind::kNotification).ok());
}

TEST(RequestBytes, SurvivesAnyBytes) {
  auto* const quiet = google::protobuf::SetLogHandler(nullptr);
  std::mt19937 random(11);
  const std::string good = Bytes("alice", "key");
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (int i = 0; i < 3; ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const auto wanted = ParseNotifyRequest(bytes, EntryKind::kNotification);
    if (wanted.ok()) {
      ++taken;
      (void)Prepare(*wanted, {"key", "shop", true, true, 1}, 0, FieldNames::Grpc());
    }
    (void)SplitBatch(bytes);
  }
  google::protobuf::SetLogHandler(quiet);
  EXPECT_GT(taken, 100);
  EXPECT_LT(taken, 20'000);
}

}  // namespace
}  // namespace belfry::ingest
