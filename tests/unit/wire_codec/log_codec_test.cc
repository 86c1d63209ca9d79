// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/log_codec.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "belfry/v1/log.pb.h"
#include "belfry/v1/store_service.pb.h"

namespace belfry::wire {
namespace {

Entry FullEntry() {
  return {.id = kEntryIdMax,
          .prev = 41,
          .kind = EntryKind::kBroadcast,
          .partition = kPartitionsMax - 1,
          .project = "demo",
          .user_id = "alice \xF0\x9F\x94\x94",
          .created_us = -1,
          .expires_us = 1'700'000'000'000'000,
          .broadcast_id = 42,
          .notification_kind = "comment.created",
          .replaces = 40,
          .collapsed_count = 3,
          .critical = true,
          .payload = std::string("\0\xFF payload", 10)};
}

TEST(LogCodec, AnEntryComesBackWhole) {
  const Entry entry = FullEntry();
  const auto decoded = DecodeEntry(EncodeEntry(entry));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, entry);
}

TEST(LogCodec, AnEntrysKindIsReadWithoutTheEntry) {
  Entry entry = FullEntry();
  for (const EntryKind kind :
       {EntryKind::kNotification, EntryKind::kBroadcast, EntryKind::kState}) {
    entry.kind = kind;
    EXPECT_EQ(KindOf(EncodeEntry(entry)), kind);
    entry.prev = 0;  // is not written
    EXPECT_EQ(KindOf(EncodeEntry(entry)), kind);
  }
  const std::string bytes = EncodeEntry(entry);
  EXPECT_EQ(KindOf(bytes.substr(0, 3)), std::nullopt);
  EXPECT_EQ(KindOf(""), std::nullopt);
  EXPECT_EQ(KindOf("an entry"), std::nullopt);
}

TEST(LogCodec, ABatchComesBackWholeAndInOrder) {
  std::vector<EntryPtr> entries;
  for (EntryId id = 1; id <= 300; ++id) {
    Entry entry = FullEntry();
    entry.id = id;
    entry.prev = id - 1;
    entries.push_back(std::make_shared<const Entry>(std::move(entry)));
  }
  const auto decoded = DecodeBatch(EncodeBatch(entries, 1'234));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->store_time_us, 1'234);
  ASSERT_EQ(decoded->entries.size(), entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry reference = *entries[i];
    reference.payload = {};
    EXPECT_EQ(*decoded->entries[i], reference) << "a broadcast's body is announced once, elsewhere";
  }
  EXPECT_TRUE(DecodeBatch(EncodeBatch({}, 0))->entries.empty());
  EXPECT_FALSE(DecodeBatch(EncodeBatch(entries, kUnixMicrosMax + 1)).ok());
}

TEST(LogCodec, AReferenceLeavesOutABroadcastsBodyAndNothingElse) {
  Entry entry = FullEntry();
  Entry reference = entry;
  reference.payload = {};
  EXPECT_EQ(DecodeEntry(EncodeReference(entry)), reference);
  entry.kind = EntryKind::kNotification;
  EXPECT_EQ(DecodeEntry(EncodeReference(entry)), entry);
}

TEST(LogCodec, ABodyComesBackWhole) {
  const auto body = DecodeBody(EncodeBody({kEntryIdMax, std::string("\0 body", 6)}));
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(body->broadcast_id, kEntryIdMax);
  EXPECT_EQ(body->payload, Payload(std::string("\0 body", 6)));
  for (const BroadcastBody& bad :
       {BroadcastBody{0, "body"}, BroadcastBody{kEntryIdMax + 1, "body"}, BroadcastBody{7, ""}}) {
    EXPECT_EQ(DecodeBody(EncodeBody(bad)).error().code, Code::kDataLoss);
  }
  EXPECT_EQ(DecodeBody("\xff").error().code, Code::kDataLoss);
}

TEST(LogCodec, RefusesEntriesThatMakeNoSense) {
  const std::vector<std::function<void(v1::LogEntry*)>> faults = {
      [](v1::LogEntry* entry) { entry->set_id(0); },
      [](v1::LogEntry* entry) { entry->set_id(kEntryIdMax + 1); },
      [](v1::LogEntry* entry) { entry->set_prev(entry->id()); },
      [](v1::LogEntry* entry) { entry->set_prev(entry->id() + 1); },
      [](v1::LogEntry* entry) { entry->set_kind(v1::ENTRY_KIND_UNSPECIFIED); },
      [](v1::LogEntry* entry) { entry->set_kind(static_cast<v1::EntryKind>(-1)); },
      [](v1::LogEntry* entry) { entry->set_kind(static_cast<v1::EntryKind>(256)); },
      [](v1::LogEntry* entry) { entry->set_partition(kPartitionsMax); },
      [](v1::LogEntry* entry) { entry->set_created_us(kUnixMicrosMin - 1); },
      [](v1::LogEntry* entry) { entry->set_created_us(std::numeric_limits<int64_t>::min()); },
      [](v1::LogEntry* entry) { entry->set_created_us(kUnixMicrosMax + 1); },
      [](v1::LogEntry* entry) { entry->set_expires_us(kUnixMicrosMax + 1); },
  };
  for (const auto& fault : faults) {
    v1::LogBatch batch;
    ToProto(FullEntry(), batch.add_entries());
    ToProto(FullEntry(), batch.add_entries());
    ASSERT_TRUE(DecodeBatch(batch.SerializeAsString()).ok());
    fault(batch.mutable_entries(1));
    const auto entry = DecodeEntry(batch.entries(1).SerializeAsString());
    ASSERT_FALSE(entry.ok());
    EXPECT_EQ(entry.error().code, Code::kDataLoss);
    const auto entries = DecodeBatch(batch.SerializeAsString());
    ASSERT_FALSE(entries.ok());
    EXPECT_EQ(entries.error().code, Code::kDataLoss);
  }
}

TEST(LogCodec, PassesOnKindsThatItDoesNotKnow) {
  v1::LogEntry proto;
  ToProto(FullEntry(), &proto);
  proto.set_kind(static_cast<v1::EntryKind>(9));
  const auto entry = DecodeEntry(proto.SerializeAsString());
  ASSERT_TRUE(entry.ok());
  EXPECT_EQ(static_cast<int>(entry->kind), 9);
}

TEST(LogCodec, AHeadComesBackAndNonsenseIsRefused) {
  const auto head = DecodeHead(EncodeHead({.partition = 7, .last_id = 99}));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->partition, 7U);
  EXPECT_EQ(head->last_id, 99U);
  EXPECT_FALSE(DecodeHead(EncodeHead({.partition = kPartitionsMax, .last_id = 1})).ok());
  EXPECT_FALSE(DecodeHead(EncodeHead({.partition = 1, .last_id = kEntryIdMax + 1})).ok());
  EXPECT_FALSE(DecodeHead("\xFF").ok());
}

TEST(LogCodec, RandomAndCutBytesNeverBecomeHalfAnEntry) {
  const google::protobuf::LogSilencer silencer;  // it writes a line for each wrong string
  std::mt19937_64 random(6);
  Entry whole = FullEntry();
  whole.kind = EntryKind::kNotification;
  const std::vector<EntryPtr> entries(3, std::make_shared<const Entry>(whole));
  const std::string good = EncodeBatch(entries, 5);
  for (std::size_t size = 0; size < good.size(); ++size) {
    const auto cut = DecodeBatch(std::string_view(good).substr(0, size));
    if (cut.ok()) {  // cut between entries
      for (const EntryPtr& entry : cut->entries) {
        EXPECT_EQ(*entry, whole);
      }
    } else {
      EXPECT_EQ(cut.error().code, Code::kDataLoss);
    }
  }
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto decoded = DecodeBatch(bytes);
    for (const EntryPtr& entry : decoded.ok() ? decoded->entries : std::vector<EntryPtr>()) {
      ASSERT_LT(entry->prev, entry->id);
      ASSERT_LT(entry->partition, kPartitionsMax);
    }
  }
}

TEST(LogCodec, QueriesAndPagesComeBackWhole) {
  const FeedQuery query{.project = "demo",
                        .user_id = "alice",
                        .after = 5,
                        .entries_max = 6,
                        .bytes_max = 7,
                        .heads_only = true};
  v1::FeedQuery query_proto;
  ToProto(query, &query_proto);
  const FeedQuery query_back = FromProto(query_proto);
  EXPECT_EQ(query_back.project, query.project);
  EXPECT_EQ(query_back.user_id, query.user_id);
  EXPECT_EQ(query_back.after, query.after);
  EXPECT_EQ(query_back.entries_max, query.entries_max);
  EXPECT_EQ(query_back.bytes_max, query.bytes_max);
  EXPECT_EQ(query_back.heads_only, query.heads_only);

  FeedPage page;
  page.fault = CursorFault::kWindowPassed;
  page.entries = {FullEntry(), FullEntry()};
  page.up_to = 1;
  page.more = true;
  page.floor = 2;
  page.counts.unread = 3;
  page.counts.up_to = 4;
  page.partition = 5;
  v1::FeedPage page_proto;
  ToProto(page, &page_proto);
  const auto back = FromProto(page_proto);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->fault, page.fault);
  EXPECT_EQ(back->entries, page.entries);
  EXPECT_EQ(back->up_to, page.up_to);
  EXPECT_EQ(back->more, page.more);
  EXPECT_EQ(back->floor, page.floor);
  EXPECT_EQ(back->counts.unread, page.counts.unread);
  EXPECT_EQ(back->counts.up_to, page.counts.up_to);
  EXPECT_EQ(back->partition, page.partition);

  page_proto.set_fault(static_cast<v1::CursorFault>(9));
  EXPECT_FALSE(FromProto(page_proto).ok());
  page_proto.set_fault(v1::CURSOR_FAULT_AHEAD);
  page_proto.mutable_entries(1)->set_id(0);
  EXPECT_FALSE(FromProto(page_proto).ok());
}

TEST(LogCodec, SubjectsCarryOnlyOurOwnTokens) {
  EXPECT_EQ(LogSubject(7), "belfry.v1.log.7");
  EXPECT_EQ(HeadSubject(1023), "belfry.v1.head.1023");
}

}  // namespace
}  // namespace belfry::wire
