// SPDX-License-Identifier: Apache-2.0
// What every Bus promises, as one suite of tests. An implementation's test gives a Subject and says
// INSTANTIATE_TYPED_TEST_SUITE_P. A Subject is a bus with one listener that misses no message:
//   Subject();                              // connected, the listener too
//   Bus& bus();
//   void Disconnect();                      // returns when the bus knows it
//   void Connect();                         // again, the listener too
//   std::vector<Heard> Hear(std::size_t n); // all that has arrived; waits for `n` messages
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/entry.h"
#include "services/store/core/bus.h"

namespace belfry::store {

// One message, as it arrived.
struct Heard {
  enum class Kind { kBody, kEntries, kHead };
  Kind kind = Kind::kBody;
  Partition partition = 0;          // of kEntries and kHead
  EntryId id = 0;                   // the broadcast's of kBody, the last one of kHead
  std::string body = {};            // of kBody
  std::vector<Entry> entries = {};  // of kEntries
  std::int64_t store_time_us = 0;   // of kEntries
  std::int64_t sent_us = 0;         // of kHead
};

template <typename Subject>
class BusContract : public testing::Test {
 protected:
  static constexpr Partition kPartition = 3;
  static constexpr std::int64_t kStoreTime = 1'700'000'000'000'000;

  static EntryPtr EntryOf(EntryId prev, EntryId id, EntryKind kind) {
    Entry entry;
    entry.id = id;
    entry.prev = prev;
    entry.kind = kind;
    entry.partition = kPartition;
    entry.project = "acme";
    entry.created_us = 5;
    entry.expires_us = 6;
    entry.payload = std::string("to be read");
    if (kind == EntryKind::kBroadcast) {
      entry.broadcast_id = id;
      entry.notification_kind = "news";
    } else {
      entry.user_id = "alice";
    }
    return std::make_shared<const Entry>(std::move(entry));
  }
  Status AnnounceOne(EntryId id) {
    const std::vector<EntryPtr> entries = {EntryOf(0, id, EntryKind::kNotification)};
    return subject_.bus().Announce(entries, kStoreTime);
  }

  Subject subject_;
};

TYPED_TEST_SUITE_P(BusContract);

TYPED_TEST_P(BusContract, EntriesArriveTogetherWithTheStoresTime) {
  const std::vector<EntryPtr> entries = {this->EntryOf(7, 8, EntryKind::kNotification),
                                         this->EntryOf(8, 11, EntryKind::kState)};
  ASSERT_TRUE(this->subject_.bus().Announce(entries, this->kStoreTime).ok());
  const std::vector<Heard> heard = this->subject_.Hear(1);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].kind, Heard::Kind::kEntries);
  EXPECT_EQ(heard[0].partition, this->kPartition);
  EXPECT_EQ(heard[0].store_time_us, this->kStoreTime);
  ASSERT_EQ(heard[0].entries.size(), 2u);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Entry& arrived = heard[0].entries[i];
    EXPECT_EQ(arrived.id, entries[i]->id);
    EXPECT_EQ(arrived.prev, entries[i]->prev);
    EXPECT_EQ(arrived.kind, entries[i]->kind);
    EXPECT_EQ(arrived.partition, entries[i]->partition);
    EXPECT_EQ(arrived.project, entries[i]->project);
    EXPECT_EQ(arrived.user_id, entries[i]->user_id);
    EXPECT_EQ(arrived.created_us, entries[i]->created_us);
    EXPECT_EQ(arrived.expires_us, entries[i]->expires_us);
    EXPECT_EQ(arrived.payload.str(), entries[i]->payload.str());
  }
}

TYPED_TEST_P(BusContract, ABroadcastsBodyArrivesByItselfAndItsEntryWithoutIt) {
  constexpr std::string_view kBody("any\0bytes\r\n\xFF", 12);
  ASSERT_TRUE(this->subject_.bus().AnnounceBody(8, Payload(std::string(kBody))).ok());
  const std::vector<EntryPtr> entries = {this->EntryOf(7, 8, EntryKind::kBroadcast)};
  ASSERT_TRUE(this->subject_.bus().Announce(entries, this->kStoreTime).ok());
  std::size_t bodies = 0;
  const std::vector<Heard> heard = this->subject_.Hear(2);
  ASSERT_EQ(heard.size(), 2u);
  for (const Heard& message : heard) {
    if (message.kind == Heard::Kind::kBody) {
      ++bodies;
      EXPECT_EQ(message.id, 8u);
      EXPECT_EQ(message.body, kBody);
      continue;
    }
    ASSERT_EQ(message.entries.size(), 1u);
    EXPECT_EQ(message.entries[0].broadcast_id, 8u);
    EXPECT_EQ(message.entries[0].notification_kind, "news");
    EXPECT_EQ(message.entries[0].payload.str(), "");
  }
  EXPECT_EQ(bodies, 1u);
  EXPECT_EQ(entries[0]->payload.str(), "to be read") << "the store's own is as it was";
}

TYPED_TEST_P(BusContract, AHeadArrives) {
  ASSERT_TRUE(this->subject_.bus().AnnounceHead(this->kPartition, 99, this->kStoreTime).ok());
  const std::vector<Heard> heard = this->subject_.Hear(1);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].kind, Heard::Kind::kHead);
  EXPECT_EQ(heard[0].partition, this->kPartition);
  EXPECT_EQ(heard[0].id, 99u);
  EXPECT_EQ(heard[0].sent_us, this->kStoreTime);
}

TYPED_TEST_P(BusContract, WhatIsRefusedWasNotSent) {
  this->subject_.Disconnect();
  Bus& bus = this->subject_.bus();
  EXPECT_FALSE(bus.connected());
  for (const Status& status : {bus.AnnounceBody(1, Payload(std::string("lost"))),
                               this->AnnounceOne(2), bus.AnnounceHead(this->kPartition, 2, 1)}) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::kUnavailable);
  }
  this->subject_.Connect();
  EXPECT_TRUE(bus.connected());
  ASSERT_TRUE(this->AnnounceOne(5).ok());
  const std::vector<Heard> heard = this->subject_.Hear(1);
  ASSERT_EQ(heard.size(), 1u);
  ASSERT_EQ(heard[0].entries.size(), 1u);
  EXPECT_EQ(heard[0].entries[0].id, 5u);
}

TYPED_TEST_P(BusContract, EachConnectionThatIsMadeIsCounted) {
  Bus& bus = this->subject_.bus();
  EXPECT_TRUE(bus.connected());
  const std::uint64_t before = bus.connects();
  ASSERT_TRUE(this->AnnounceOne(1).ok());
  EXPECT_EQ(bus.connects(), before);
  this->subject_.Disconnect();
  this->subject_.Connect();
  EXPECT_GT(bus.connects(), before);
}

REGISTER_TYPED_TEST_SUITE_P(BusContract, EntriesArriveTogetherWithTheStoresTime,
                            ABroadcastsBodyArrivesByItselfAndItsEntryWithoutIt, AHeadArrives,
                            WhatIsRefusedWasNotSent, EachConnectionThatIsMadeIsCounted);

}  // namespace belfry::store
