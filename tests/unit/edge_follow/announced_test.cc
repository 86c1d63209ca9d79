// SPDX-License-Identifier: Apache-2.0
#include "services/edge/follow/announced.h"

#include <gtest/gtest.h>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"
#include "tests/support/announce_keys.h"
#include "tests/unit/edge_follower/fake_follower_port.h"

namespace belfry::edge {
namespace {

class AnnouncedTest : public testing::Test {
 protected:
  std::string Signed(const std::string& subject, const std::string& bytes) const {
    return wire::Seal(keys_->signing(), "one", subject, bytes);
  }
  std::variant<Announced, Refusal> Read(const std::string& subject,
                                        const std::string& message) const {
    return ReadAnnouncement(*keys_, subject, message);
  }
  // The refusal; std::nullopt if it is believed.
  std::optional<Refusal> RefusalOf(const std::string& subject, const std::string& message) const {
    const auto read = Read(subject, message);
    return std::holds_alternative<Refusal>(read) ? std::optional(std::get<Refusal>(read))
                                                 : std::nullopt;
  }

  const std::shared_ptr<const wire::AnnounceKeys> keys_ = test::TestAnnounceKeys();
  const std::string log_ = wire::LogSubject(3);
  const std::string head_ = wire::HeadSubject(3);
};

TEST_F(AnnouncedTest, EntriesOfOnePartitionAreDecoded) {
  const std::vector<EntryPtr> entries = {MakeEntry(4, 5, 3), MakeEntry(5, 9, 3)};
  const auto read = Read(log_, Signed(log_, wire::EncodeBatch(entries, 77)));
  ASSERT_TRUE(std::holds_alternative<Announced>(read));
  EXPECT_EQ(std::get<Announced>(read).history_id, "one");
  const auto& announced = std::get<AnnouncedEntries>(std::get<Announced>(read).what);
  EXPECT_EQ(announced.partition, 3u);
  ASSERT_EQ(announced.sent.entries.size(), 2u);
  EXPECT_EQ(*announced.sent.entries[1], *entries[1]);
  EXPECT_EQ(announced.sent.store_time_us, 77);
}

TEST_F(AnnouncedTest, AHeadAndABodyAreDecoded) {
  const auto read = Read(head_, Signed(head_, wire::EncodeHead({3, 99, 5})));
  ASSERT_TRUE(std::holds_alternative<Announced>(read));
  const auto& head = std::get<AnnouncedHead>(std::get<Announced>(read).what);
  EXPECT_EQ(head.partition, 3u);
  EXPECT_EQ(head.last_id, 99u);
  EXPECT_EQ(head.sent_us, 5);
  const std::string subject(wire::kBodySubject);
  const auto also = Read(subject, Signed(subject, wire::EncodeBody({8, Payload("body")})));
  ASSERT_TRUE(std::holds_alternative<Announced>(also));
  const auto& body = std::get<AnnouncedBody>(std::get<Announced>(also).what);
  EXPECT_EQ(body.broadcast_id, 8u);
  EXPECT_EQ(body.body, Payload("body"));
}

TEST_F(AnnouncedTest, WhatTheStoreSignedButWhatMakesNoSenseThereIsRefused) {
  const std::vector<EntryPtr> mixed = {MakeEntry(4, 5, 3), MakeEntry(5, 9, 2)};
  const std::vector<EntryPtr> other = {MakeEntry(4, 5, 2)};
  for (const std::string& bytes : {wire::EncodeBatch(mixed, 77), wire::EncodeBatch(other, 77),
                                   wire::EncodeBatch({}, 77), std::string("\xff\xff rubbish")}) {
    EXPECT_EQ(RefusalOf(log_, Signed(log_, bytes)), Refusal::kMalformed);
  }
  for (const std::string& bytes : {wire::EncodeHead({2, 99, 1}), std::string("\xff rubbish")}) {
    EXPECT_EQ(RefusalOf(head_, Signed(head_, bytes)), Refusal::kMalformed);
  }
  const std::string head = wire::EncodeHead({3, 99, 1});
  for (const std::string subject : {"belfry.v1.other", "belfry.v1.head.03", "belfry.v1.head.",
                                    "belfry.v1.head.3.4", "belfry.v1.head.1024"}) {
    EXPECT_EQ(RefusalOf(subject, Signed(subject, head)), Refusal::kMalformed) << subject;
  }
}

TEST_F(AnnouncedTest, WhatTheStoreDidNotSignIsRefused) {
  const std::vector<EntryPtr> entries = {MakeEntry(4, 5, 3)};
  const std::string bytes = wire::EncodeBatch(entries, 77);
  EXPECT_EQ(RefusalOf(log_, bytes), Refusal::kUnsigned) << "version 1";
  EXPECT_EQ(RefusalOf(head_, wire::EncodeHead({3, 99, 1})), Refusal::kUnsigned);
  EXPECT_EQ(RefusalOf(std::string(wire::kBodySubject), wire::EncodeBody({8, Payload("body")})),
            Refusal::kUnsigned);
  EXPECT_EQ(RefusalOf(log_, ""), Refusal::kUnsigned);
  EXPECT_EQ(RefusalOf(log_, wire::Seal({"test", std::string(32, 'x')}, "one", log_, bytes)),
            Refusal::kWrongMac);
  EXPECT_EQ(RefusalOf(log_, wire::Seal({"who", std::string(32, 'k')}, "one", log_, bytes)),
            Refusal::kUnknownKey);
  EXPECT_EQ(RefusalOf(wire::LogSubject(2), Signed(log_, bytes)), Refusal::kMoved);
  EXPECT_EQ(RefusalOf(log_, "\x03" + Signed(log_, bytes).substr(1)), Refusal::kVersion);
}

}  // namespace
}  // namespace belfry::edge
