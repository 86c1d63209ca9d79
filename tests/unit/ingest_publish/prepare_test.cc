// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "libs/wire/crypto/digest.h"

namespace belfry::ingest {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000'000;

PublishRequest Make(const std::string& user = "alice", const std::string& title = "Hello") {
  PublishRequest wanted;
  wanted.notification.set_user_id(user);
  wanted.notification.set_title(title);
  return wanted;
}

Result<ItemContent> Prepared(PublishRequest wanted) {
  return Prepare(std::move(wanted), {"key", "shop", true, true, 1}, kNow, FieldNames::Grpc());
}

std::string Hash(PublishRequest wanted) {
  const auto content = Prepared(std::move(wanted));
  EXPECT_TRUE(content.ok());
  return content.ok() ? content->content_hash : "";
}

TEST(Prepare, PutsIntoThePayloadWhatTheEntryDoesNotSay) {
  PublishRequest wanted = Make();
  wanted.notification.set_project("shop");
  wanted.notification.mutable_expires_at()->set_seconds(4'000'000'000);
  wanted.notification.mutable_expires_at()->set_nanos(1'999);
  wanted.idempotency_key = "mine";
  const auto content = Prepared(wanted);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->project, "shop");
  EXPECT_EQ(content->user_id, "alice");
  EXPECT_EQ(content->expires_us, 4'000'000'000'000'001);
  EXPECT_EQ(content->idempotency_key, "mine");
  EXPECT_FALSE(content->key_made);
  v1::Notification payload;
  ASSERT_TRUE(payload.ParseFromString(content->payload));
  v1::Notification expected;
  expected.set_title("Hello");
  expected.set_level("info");
  EXPECT_EQ(payload.SerializeAsString(), expected.SerializeAsString());
}

TEST(Prepare, TheKindAndTheCollapseKeyAreTheEntrysOwn) {
  PublishRequest wanted = Make();
  wanted.notification.set_kind("comment.created");
  wanted.notification.set_collapse_key("doc 7");
  const auto content = Prepared(wanted);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->notification_kind, "comment.created");
  EXPECT_EQ(content->collapse_key, "doc 7");
  v1::Notification payload;
  ASSERT_TRUE(payload.ParseFromString(content->payload));
  EXPECT_EQ(payload.kind(), "");
  EXPECT_EQ(payload.collapse_key(), "doc 7");
}

TEST(Prepare, TheHashIsThatOfVersionsThatHadTheKindInThePayload) {
  PublishRequest wanted = Make();
  wanted.notification.set_kind("comment.created");
  const auto content = Prepared(wanted);
  ASSERT_TRUE(content.ok());
  v1::Notification before = wanted.notification;
  before.clear_user_id();
  before.set_level("info");
  std::string text = "belfry content 1";
  text += static_cast<char>(EntryKind::kNotification);
  text += std::string("\x05\0\0\0", 4) + "alice" + std::string(8, '\0');
  EXPECT_EQ(content->content_hash, wire::Sha256(text + before.SerializeAsString()));
}

TEST(Prepare, RefusesWhatOnlyTheStoreSetsAndACollapsingBroadcast) {
  PublishRequest wanted = Make("");
  wanted.kind = EntryKind::kBroadcast;
  wanted.notification.set_collapse_key("k");
  wanted.notification.set_collapsed_count(1);
  wanted.notification.set_replaces(2);
  const auto content = Prepared(wanted);
  ASSERT_FALSE(content.ok());
  std::vector<std::string> fields;
  for (const FieldViolation& violation : content.error().violations) {
    fields.push_back(violation.field);
  }
  EXPECT_THAT(fields,
              ::testing::ElementsAre("notification.collapse_key", "notification.collapsed_count",
                                     "notification.replaces"));
  for (const std::string& key : {std::string(129, 'k'), std::string("a\nb"), std::string("\xff")}) {
    PublishRequest bad = Make();
    bad.notification.set_collapse_key(key);
    EXPECT_FALSE(Prepared(bad).ok());
  }
}

TEST(Prepare, TheHashKnowsContentAndNothingElse) {
  const std::string hash = Hash(Make());
  EXPECT_EQ(hash.size(), 32u);
  EXPECT_EQ(Hash(Make()), hash);
  PublishRequest same = Make();
  same.idempotency_key = "k";
  same.notification.set_level("info");
  same.notification.set_project("shop");
  EXPECT_EQ(Hash(same), hash);

  EXPECT_NE(Hash(Make("alicf")), hash);
  EXPECT_NE(Hash(Make("alice", "Hello ")), hash);
  PublishRequest other = Make();
  other.notification.set_level("error");
  EXPECT_NE(Hash(other), hash);
  other = Make();
  other.notification.mutable_expires_at()->set_seconds(4'000'000'000);
  EXPECT_NE(Hash(other), hash);
  other = Make();
  other.notification.mutable_meta();
  EXPECT_NE(Hash(other), hash);
  other = Make("");
  other.kind = EntryKind::kBroadcast;
  EXPECT_NE(Hash(other), hash);
}

TEST(Prepare, TheHashDoesNotDependOnTheOrderOfMeta) {
  std::string first;
  for (int seed = 0; seed < 50; ++seed) {
    PublishRequest wanted = Make();
    auto& fields = *wanted.notification.mutable_meta()->mutable_fields();
    // Other capacities and orders of insertion: other orders in the hash table.
    for (int i = 0; i < seed * 10; ++i) {
      fields["gone" + std::to_string(i)].set_bool_value(true);
    }
    for (int i = 0; i < 20; ++i) {
      auto& inner = *fields["name" + std::to_string((i * 7 + seed) % 20)].mutable_struct_value();
      for (int j = 0; j < 5; ++j) {
        (*inner.mutable_fields())["x" + std::to_string((j + seed) % 5)].set_number_value(
            (j + seed) % 5);
      }
    }
    for (int i = 0; i < seed * 10; ++i) {
      fields.erase("gone" + std::to_string(i));
    }
    const std::string hash = Hash(wanted);
    if (first.empty()) {
      first = hash;
    }
    EXPECT_EQ(hash, first) << seed;
  }
}

// What stands in the store for 24 hours must not change with a build. Computed by hand from
// prepare.h's description.
TEST(Prepare, TheHashIsTheOneThatIsDocumented) {
  const std::string hash = Hash(Make());
  std::string hex;
  for (const char c : hash) {
    constexpr char kHex[] = "0123456789abcdef";
    hex += kHex[static_cast<unsigned char>(c) >> 4];
    hex += kHex[static_cast<unsigned char>(c) & 15];
  }
  EXPECT_EQ(hex, "95633cf7fead633a6e51090e22532d2323bee6b8ac0c616910b0b0024653524e");
}

PublishRequest ToSegment(const std::string& segment, std::vector<std::string> excluded = {}) {
  PublishRequest wanted = Make("");
  wanted.segment = segment;
  wanted.exclude_user_ids = std::move(excluded);
  return wanted;
}

TEST(Prepare, TheHashKnowsWhoGetsItAndWhoDoesNot) {
  const std::string hash = Hash(ToSegment("a,b", {"x", "y"}));
  EXPECT_EQ(Hash(ToSegment("b,a", {"y", "x", "y"})), hash);
  EXPECT_NE(Hash(ToSegment("a", {"x", "y"})), hash);
  EXPECT_NE(Hash(ToSegment("a,b", {"x"})), hash);
  EXPECT_NE(Hash(ToSegment("a", {"b"})), Hash(ToSegment("a,b")));
  PublishRequest all = Make("");
  all.kind = EntryKind::kBroadcast;
  const std::string before = Hash(all);
  all.exclude_user_ids = {"x"};
  EXPECT_NE(Hash(all), before);
  EXPECT_NE(Hash(all), hash);
}

// As prepare.h has it, since it is kept for 24 hours.
TEST(Prepare, TheHashOfASegmentIsTheOneThatIsDocumented) {
  const auto content = Prepared(ToSegment("a", {"xy"}));
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->exclude_user_ids, std::vector<std::string>{"xy"});
  std::string text = "belfry content 2";
  text += std::string("\1\0\0\0\1\0\0\0a\1\0\0\0\2\0\0\0xy", 19);
  text += static_cast<char>(EntryKind::kNotification);
  text += std::string(4 + 8, '\0');
  EXPECT_EQ(content->content_hash, wire::Sha256(text + content->payload));
}

TEST(Prepare, NamesWhatIsWrongWithAnAudience) {
  const auto fields = [](PublishRequest wanted) {
    const auto content = Prepared(std::move(wanted));
    std::vector<std::string> names;
    for (const FieldViolation& violation :
         content.ok() ? std::vector<FieldViolation>() : content.error().violations) {
      names.push_back(violation.field);
    }
    return names;
  };
  using ::testing::ElementsAre;
  PublishRequest wanted = ToSegment("a,b c", {"x", "", "\xff"});
  wanted.notification.set_user_id("alice");
  EXPECT_THAT(fields(wanted), ElementsAre("notification.user_id", "segment", "exclude_user_ids[1]",
                                          "exclude_user_ids[2]"));
  EXPECT_THAT(fields(ToSegment("a,b,c,d,e,f,g,h,i")), ElementsAre("segment"));
  EXPECT_THAT(fields(ToSegment("plan:pro,a", std::vector<std::string>(1'001, "x"))),
              ElementsAre("exclude_user_ids"));
  wanted = Make();
  wanted.exclude_user_ids = {"x"};
  EXPECT_THAT(fields(wanted), ElementsAre("exclude_user_ids"));
}

TEST(Prepare, RefusesWhatJsonCannotSay) {
  for (const double number : {std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(), std::nan("")}) {
    PublishRequest wanted = Make();
    (*wanted.notification.mutable_meta()->mutable_fields())["x"]
        .mutable_list_value()
        ->add_values()
        ->set_number_value(number);
    EXPECT_FALSE(Prepared(wanted).ok());
  }
  PublishRequest wanted = Make();
  (*wanted.notification.mutable_meta()->mutable_fields())["x"];
  EXPECT_FALSE(Prepared(wanted).ok());
}

TEST(Prepare, CountsObjectsAndListsAsLevels) {
  for (const bool lists : {false, true}) {
    PublishRequest wanted = Make();
    google::protobuf::Value* value = &(*wanted.notification.mutable_meta()->mutable_fields())["x"];
    for (int depth = 1; depth < kMetaDepthMax; ++depth) {
      value = lists ? value->mutable_list_value()->add_values()
                    : &(*value->mutable_struct_value()->mutable_fields())["x"];
    }
    value->set_bool_value(true);
    EXPECT_TRUE(Prepared(wanted).ok()) << lists;
    lists ? void(value->mutable_list_value()) : void(value->mutable_struct_value());
    EXPECT_FALSE(Prepared(wanted).ok()) << lists;
  }
}

TEST(Prepare, MetaIsBoundedInBytes) {
  PublishRequest wanted = Make();
  auto& value = (*wanted.notification.mutable_meta()->mutable_fields())["x"];
  value.set_string_value(std::string(kMetaBytesMax - 20, 'x'));
  EXPECT_TRUE(Prepared(wanted).ok());
  value.set_string_value(std::string(kMetaBytesMax, 'x'));
  EXPECT_FALSE(Prepared(wanted).ok());
}

TEST(Prepare, WhatParsingFoundIsNotFoundAgain) {
  PublishRequest wanted = Make("alice", "");
  wanted.violations = {{"notification.title", "must be valid UTF-8"}};
  const auto content = Prepared(wanted);
  ASSERT_FALSE(content.ok());
  EXPECT_THAT(content.error().violations,
              ::testing::ElementsAre(FieldViolation{"notification.title", "must be valid UTF-8"}));
}

}  // namespace
}  // namespace belfry::ingest
