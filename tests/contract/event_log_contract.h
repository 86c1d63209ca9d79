// SPDX-License-Identifier: Apache-2.0
// What every EventLog promises, as one suite of tests. An implementation's test gives a Subject and
// says INSTANTIATE_TYPED_TEST_SUITE_P. A Subject has kEventLogPartitions partitions and:
//   Subject();                           // an empty log
//   EventLog& log();
//   Status Commit(const CommitBatch&);   // log().Commit, waited for
//   void Reopen();                       // ends in order, and opens what is on disk
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

inline constexpr Partition kEventLogPartitions = 4;

template <typename Subject>
class EventLogContract : public testing::Test {
 protected:
  using Rows = std::vector<std::optional<std::string>>;

  void Commit(const CommitBatch& batch) {
    const Status committed = subject_.Commit(batch);
    ASSERT_TRUE(committed.ok()) << committed.error().ToString();
  }
  Rows Read(Table table, const std::vector<std::string>& keys) {
    auto rows = subject_.log().Read(table, keys);
    EXPECT_TRUE(rows.ok());
    return rows.ok() ? std::move(*rows) : Rows{};
  }
  std::vector<PartitionPosition> Positions() {
    auto positions = subject_.log().LoadPositions();
    EXPECT_TRUE(positions.ok());
    return positions.ok() ? std::move(*positions) : std::vector<PartitionPosition>{};
  }
  static EntryPtr Notification(EntryId id, EntryId prev, Partition partition) {
    return std::make_shared<const Entry>(Entry{.id = id,
                                               .prev = prev,
                                               .kind = EntryKind::kNotification,
                                               .partition = partition,
                                               .project = "acme",
                                               .user_id = "alice",
                                               .created_us = 1,
                                               .payload = "text"});
  }

  Subject subject_;
};

TYPED_TEST_SUITE_P(EventLogContract);

TYPED_TEST_P(EventLogContract, AnEmptyLogHasEveryPartitionAtZero) {
  EXPECT_EQ(this->Positions(), (std::vector<PartitionPosition>{{0}, {1}, {2}, {3}}));
  EXPECT_THAT(this->Read(Table::kUsers, {"a", "b"}),
              testing::ElementsAre(std::nullopt, std::nullopt));
  EXPECT_TRUE(this->Read(Table::kKeys, {}).empty());
}

TYPED_TEST_P(EventLogContract, ReadsRowsInTheOrderAskedFor) {
  CommitBatch batch;
  batch.Put(Table::kUsers, "a", "1");
  batch.Put(Table::kUsers, "b", "");
  batch.Put(Table::kUsers, std::string("\0\xff", 2), std::string("\xff\0", 2));
  this->Commit(batch);
  EXPECT_THAT(this->Read(Table::kUsers, {"b", "c", std::string("\0\xff", 2), "a", "b"}),
              testing::ElementsAre("", std::nullopt, std::string("\xff\0", 2), "1", ""));
}

TYPED_TEST_P(EventLogContract, KeepsTablesApart) {
  CommitBatch batch;
  batch.Put(Table::kUsers, "same", "user");
  batch.Put(Table::kProjects, "same", "project");
  batch.Put(Table::kKeys, "same", "key");
  batch.Put(Table::kMeta, "same", "meta");
  batch.Put(Table::kState, "same", "state");
  batch.Put(Table::kExpiry, "same", "expiry");
  batch.Put(Table::kCollapse, "same", "collapse");
  this->Commit(batch);
  EXPECT_THAT(this->Read(Table::kUsers, {"same"}), testing::ElementsAre("user"));
  EXPECT_THAT(this->Read(Table::kProjects, {"same"}), testing::ElementsAre("project"));
  EXPECT_THAT(this->Read(Table::kKeys, {"same"}), testing::ElementsAre("key"));
  EXPECT_THAT(this->Read(Table::kMeta, {"same"}), testing::ElementsAre("meta"));
  EXPECT_THAT(this->Read(Table::kState, {"same"}), testing::ElementsAre("state"));
  EXPECT_THAT(this->Read(Table::kExpiry, {"same"}), testing::ElementsAre("expiry"));
  EXPECT_THAT(this->Read(Table::kCollapse, {"same"}), testing::ElementsAre("collapse"));
}

TYPED_TEST_P(EventLogContract, ScansATableFromAKeyOnAndNoFurtherThanAsked) {
  CommitBatch batch;
  batch.Put(Table::kCollapse, "z", "of the table before");
  batch.Put(Table::kExpiry, "a", "1");
  batch.Put(Table::kExpiry, std::string("a\0", 2), "2");
  batch.Put(Table::kExpiry, "b", "3");
  batch.Put(Table::kExpiry, "c", "4");
  batch.Remove(Table::kExpiry, "c");
  batch.Put(Table::kState, "d", "of another table");
  this->Commit(batch);
  const auto scan = [this](std::string_view from, std::size_t rows_max) {
    const auto rows = this->subject_.log().Scan(Table::kExpiry, from, rows_max);
    EXPECT_TRUE(rows.ok());
    std::string values;
    for (const KeyedRow& row : *rows) {
      values += row.value;
    }
    return values;
  };
  EXPECT_EQ(scan({}, 10), "123");
  EXPECT_EQ(scan({}, 2), "12");
  EXPECT_EQ(scan({}, 0), "");
  EXPECT_EQ(scan("a", 10), "123");
  EXPECT_EQ(scan("aa", 10), "3");
  EXPECT_EQ(scan("c", 10), "");
  EXPECT_EQ(this->subject_.log().Scan(Table::kExpiry, "b", 1)->front().key, "b");
}

TYPED_TEST_P(EventLogContract, ReadsEntriesOfTheirUserAndNoOtherOnes) {
  CommitBatch batch;
  batch.Add(this->Notification(10, 0, 2));
  batch.Move({2, 10, 0});
  this->Commit(batch);
  const std::vector<EntryRef> refs = {{{2, "acme", "alice"}, 11},
                                      {{2, "acme", "alice"}, 10},
                                      {{2, "acme", "bob"}, 10},
                                      {{2, "globex", "alice"}, 10},
                                      {{1, "acme", "alice"}, 10}};
  const auto entries = this->subject_.log().ReadEntries(refs);
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), refs.size());
  for (std::size_t i = 0; i < refs.size(); ++i) {
    EXPECT_EQ((*entries)[i].has_value(), i == 1) << i;
  }
  EXPECT_EQ((*entries)[1]->id, 10u);
  EXPECT_EQ((*entries)[1]->payload.str(), "text");
}

TYPED_TEST_P(EventLogContract, ChangesRowsInTheOrderOfTheCalls) {
  CommitBatch first;
  first.Put(Table::kUsers, "a", "1");
  first.Put(Table::kUsers, "b", "1");
  first.Put(Table::kUsers, "c", "1");
  this->Commit(first);
  CommitBatch second;
  second.Put(Table::kUsers, "a", "2");
  second.Put(Table::kUsers, "a", "3");
  second.Remove(Table::kUsers, "b");
  second.Put(Table::kUsers, "b", "4");
  second.Put(Table::kUsers, "c", "5");
  second.Remove(Table::kUsers, "c");
  second.Remove(Table::kUsers, "never there");
  this->Commit(second);
  EXPECT_THAT(this->Read(Table::kUsers, {"a", "b", "c"}),
              testing::ElementsAre("3", "4", std::nullopt));
}

TYPED_TEST_P(EventLogContract, ACommitIsThereWholeAfterReopening) {
  CommitBatch batch;
  batch.Add(this->Notification(10, 0, 2));
  batch.Move({2, 10, 0});
  batch.Put(Table::kUsers, "alice", "record");
  this->Commit(batch);
  const std::vector<PartitionPosition> moved = {{0}, {1}, {2, 10, 0}, {3}};
  this->subject_.Reopen();
  EXPECT_EQ(this->Positions(), moved);
  EXPECT_THAT(this->Read(Table::kUsers, {"alice"}), testing::ElementsAre("record"));

  CommitBatch floor;
  floor.Move({2, 10, 10});
  this->Commit(floor);
  this->subject_.Reopen();
  EXPECT_EQ(this->Positions()[2], (PartitionPosition{2, 10, 10}));
}

TYPED_TEST_P(EventLogContract, CommitsFollowEachOther) {
  EntryId last = 0;
  for (EntryId id = 1; id <= 50; ++id) {
    CommitBatch batch;
    batch.Add(this->Notification(id, last, 1));
    batch.Move({1, id, 0});
    batch.Put(Table::kMeta, "count", std::to_string(id));
    this->Commit(batch);
    EXPECT_THAT(this->Read(Table::kMeta, {"count"}), testing::ElementsAre(std::to_string(id)));
    last = id;
  }
  this->subject_.Reopen();
  EXPECT_EQ(this->Positions()[1], (PartitionPosition{1, 50, 0}));
  EXPECT_THAT(this->Read(Table::kMeta, {"count"}), testing::ElementsAre("50"));
}

REGISTER_TYPED_TEST_SUITE_P(EventLogContract, AnEmptyLogHasEveryPartitionAtZero,
                            ReadsRowsInTheOrderAskedFor, KeepsTablesApart,
                            ScansATableFromAKeyOnAndNoFurtherThanAsked,
                            ReadsEntriesOfTheirUserAndNoOtherOnes, ChangesRowsInTheOrderOfTheCalls,
                            ACommitIsThereWholeAfterReopening, CommitsFollowEachOther);

}  // namespace belfry::store
