// SPDX-License-Identifier: Apache-2.0
// What every LogSource promises, as one suite of tests. An implementation's test gives a Subject
// and says INSTANTIATE_TYPED_TEST_SUITE_P. A Subject is a store of two partitions:
//   Subject();                                       // empty logs
//   EntryId Add(Partition, std::size_t body_bytes);  // one entry, committed when it returns
//   void SetFloor(Partition, EntryId);
//   void Lose(Partition, EntryId from, EntryId to);  // (from, to], and it is recorded; once
//   void SetTime(std::int64_t us);                   // by which entries expire
//   void GoAway();                                   // nobody answers any more
//   edge::LogSource& source();
//   void End();                                      // destroys the source
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "services/edge/core/log_source.h"

namespace belfry::edge {

template <typename Subject>
class LogSourceContract : public testing::Test {
 protected:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint32_t>::max();

  ~LogSourceContract() override {
    subject_.End();
    for (const auto& calls : answers_) {
      EXPECT_EQ(*calls, 1) << "every `done` is called exactly once";
    }
  }

  Result<SentEntries> ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max = kAll) {
    std::promise<Result<SentEntries>> answer;
    subject_.source().ReadLog(partition, after, bytes_max,
                              [&answer, calls = Count()](Result<SentEntries> read) {
                                if (++*calls == 1) {
                                  answer.set_value(std::move(read));
                                }
                              });
    return answer.get_future().get();
  }
  Result<Heads> ReadHeads() {
    std::promise<Result<Heads>> answer;
    subject_.source().ReadHeads([&answer, calls = Count()](Result<Heads> read) {
      if (++*calls == 1) {
        answer.set_value(std::move(read));
      }
    });
    return answer.get_future().get();
  }
  // The ids, having seen that each entry follows the one before it and the first one `after`.
  static std::vector<EntryId> Ids(const Result<SentEntries>& read, EntryId after) {
    std::vector<EntryId> ids;
    EXPECT_TRUE(read.ok());
    if (!read.ok()) {
      return ids;
    }
    for (const EntryPtr& entry : read->entries) {
      EXPECT_EQ(entry->prev, std::exchange(after, entry->id));
      ids.push_back(entry->id);
    }
    return ids;
  }

  Subject subject_;

 private:
  std::shared_ptr<int> Count() { return answers_.emplace_back(std::make_shared<int>(0)); }
  std::vector<std::shared_ptr<int>> answers_;
};

TYPED_TEST_SUITE_P(LogSourceContract);

TYPED_TEST_P(LogSourceContract, ALogIsReadAfterAPositionToItsEnd) {
  const EntryId a = this->subject_.Add(0, 10);
  this->subject_.Add(1, 10);
  const EntryId b = this->subject_.Add(0, 10);
  const EntryId c = this->subject_.Add(0, 10);
  EXPECT_EQ(this->Ids(this->ReadLog(0, 0), 0), (std::vector{a, b, c}));
  EXPECT_EQ(this->Ids(this->ReadLog(0, a), a), (std::vector{b, c}));
  EXPECT_EQ(this->Ids(this->ReadLog(0, c), c), std::vector<EntryId>());
  const EntryId d = this->subject_.Add(0, 10);
  EXPECT_EQ(this->Ids(this->ReadLog(0, c), c), std::vector{d});
}

TYPED_TEST_P(LogSourceContract, AnEntryArrivesAsItWasCommitted) {
  const EntryId id = this->subject_.Add(1, 1'000);
  const auto read = this->ReadLog(1, 0);
  ASSERT_EQ(this->Ids(read, 0), std::vector{id});
  const Entry& entry = *read->entries[0];
  EXPECT_EQ(entry.partition, 1u);
  EXPECT_EQ(entry.kind, EntryKind::kNotification);
  EXPECT_FALSE(entry.project.empty());
  EXPECT_FALSE(entry.user_id.empty());
  EXPECT_EQ(entry.payload.size(), 1'000u);
}

TYPED_TEST_P(LogSourceContract, AReadEndsAboutWhereItsBytesEnd) {
  constexpr std::size_t kEntries = 40;
  constexpr std::size_t kBytes = 20'000;
  std::vector<EntryId> ids;
  for (std::size_t i = 0; i < kEntries; ++i) {
    ids.push_back(this->subject_.Add(0, kBytes));
  }
  EXPECT_EQ(this->Ids(this->ReadLog(0, 0), 0), ids);
  std::vector<EntryId> pieces;
  int reads = 0;
  for (EntryId after = 0; after != ids.back(); ++reads) {
    const std::vector<EntryId> piece = this->Ids(this->ReadLog(0, after, 1), after);
    ASSERT_FALSE(piece.empty()) << "something comes, however large";
    pieces.insert(pieces.end(), piece.begin(), piece.end());
    after = piece.back();
  }
  EXPECT_EQ(pieces, ids);
  EXPECT_GT(reads, 1);
}

TYPED_TEST_P(LogSourceContract, ItComesWithTheStoresTime) {
  this->subject_.SetTime(1'700'000'000'000'000);
  this->subject_.Add(0, 10);
  const auto read = this->ReadLog(0, 0);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->store_time_us, 1'700'000'000'000'000);
}

TYPED_TEST_P(LogSourceContract, WhatIsNoLongerKeptIsOutOfRange) {
  const EntryId a = this->subject_.Add(0, 10);
  const EntryId b = this->subject_.Add(0, 10);
  const EntryId c = this->subject_.Add(0, 10);
  this->subject_.SetFloor(0, b);
  const auto read = this->ReadLog(0, a);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kOutOfRange);
  EXPECT_EQ(this->Ids(this->ReadLog(0, b), b), std::vector{c});
}

TYPED_TEST_P(LogSourceContract, WhatWasLostIsOutOfRange) {
  const EntryId a = this->subject_.Add(0, 10);
  const EntryId b = this->subject_.Add(0, 10);
  this->subject_.Lose(0, a, b);
  const auto read = this->ReadLog(0, a);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kOutOfRange);
}

TYPED_TEST_P(LogSourceContract, HeadsAreWhereThePartitionsStand) {
  const EntryId a = this->subject_.Add(0, 10);
  const EntryId b = this->subject_.Add(0, 10);
  this->subject_.SetFloor(0, a);
  const auto heads = this->ReadHeads();
  ASSERT_TRUE(heads.ok());
  EXPECT_EQ(heads->partitions, 2u);
  EXPECT_THAT(heads->heads, testing::UnorderedElementsAre(PartitionPosition{0, b, a},
                                                          PartitionPosition{1, 0, 0}));
  EXPECT_FALSE(heads->history_id.empty());
  const EntryId c = this->subject_.Add(1, 10);
  const auto later = this->ReadHeads();
  ASSERT_TRUE(later.ok());
  EXPECT_THAT(later->heads, testing::Contains(PartitionPosition{1, c, 0}));
  EXPECT_EQ(later->history_id, heads->history_id);
}

TYPED_TEST_P(LogSourceContract, AStoreThatIsAwayIsAnAnswerToo) {
  this->subject_.Add(0, 10);
  this->subject_.GoAway();
  const auto read = this->ReadLog(0, 0);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kUnavailable);
  const auto heads = this->ReadHeads();
  ASSERT_FALSE(heads.ok());
  EXPECT_EQ(heads.error().code, Code::kUnavailable);
}

REGISTER_TYPED_TEST_SUITE_P(LogSourceContract, ALogIsReadAfterAPositionToItsEnd,
                            AnEntryArrivesAsItWasCommitted, AReadEndsAboutWhereItsBytesEnd,
                            ItComesWithTheStoresTime, WhatIsNoLongerKeptIsOutOfRange,
                            WhatWasLostIsOutOfRange, HeadsAreWhereThePartitionsStand,
                            AStoreThatIsAwayIsAnAnswerToo);

}  // namespace belfry::edge
