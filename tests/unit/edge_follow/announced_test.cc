// SPDX-License-Identifier: Apache-2.0
#include "services/edge/follow/announced.h"

#include <gtest/gtest.h>

#include "libs/wire/codec/log_codec.h"
#include "tests/unit/edge_follower/fake_follower_port.h"

namespace belfry::edge {
namespace {

TEST(Announced, EntriesOfOnePartitionAreDecoded) {
  std::vector<EntryPtr> entries = {MakeEntry(4, 5, 3), MakeEntry(5, 9, 3)};
  const Result<AnnouncedEntries> announced = DecodeEntries(wire::EncodeBatch(entries, 77));
  ASSERT_TRUE(announced.ok());
  EXPECT_EQ(announced->partition, 3u);
  ASSERT_EQ(announced->sent.entries.size(), 2u);
  EXPECT_EQ(*announced->sent.entries[1], *entries[1]);
  EXPECT_EQ(announced->sent.store_time_us, 77);
}

TEST(Announced, EntriesOfSeveralPartitionsOrNoneOrRubbishAreRefused) {
  std::vector<EntryPtr> mixed = {MakeEntry(4, 5, 3), MakeEntry(5, 9, 2)};
  EXPECT_EQ(DecodeEntries(wire::EncodeBatch(mixed, 77)).error().code, Code::kDataLoss);
  EXPECT_EQ(DecodeEntries(wire::EncodeBatch({}, 77)).error().code, Code::kDataLoss);
  EXPECT_EQ(DecodeEntries("\xff\xff rubbish").error().code, Code::kDataLoss);
}

TEST(Announced, AHeadIsDecodedAndRubbishIsRefused) {
  const Result<AnnouncedHead> head = DecodeHead(wire::EncodeHead({7, 99}));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->partition, 7u);
  EXPECT_EQ(head->last_id, 99u);
  EXPECT_EQ(DecodeHead("\xff\xff rubbish").error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace belfry::edge
