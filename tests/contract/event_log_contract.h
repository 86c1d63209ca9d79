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
  std::vector<PartitionHead> Positions() {
    auto positions = subject_.log().LoadPositions();
    EXPECT_TRUE(positions.ok());
    return positions.ok() ? std::move(*positions) : std::vector<PartitionHead>{};
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
  EXPECT_EQ(this->Positions(), (std::vector<PartitionHead>{{0}, {1}, {2}, {3}}));
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
  this->Commit(batch);
  EXPECT_THAT(this->Read(Table::kUsers, {"same"}), testing::ElementsAre("user"));
  EXPECT_THAT(this->Read(Table::kProjects, {"same"}), testing::ElementsAre("project"));
  EXPECT_THAT(this->Read(Table::kKeys, {"same"}), testing::ElementsAre("key"));
  EXPECT_THAT(this->Read(Table::kMeta, {"same"}), testing::ElementsAre("meta"));
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
  const std::vector<PartitionHead> moved = {{0}, {1}, {2, 10, 0}, {3}};
  this->subject_.Reopen();
  EXPECT_EQ(this->Positions(), moved);
  EXPECT_THAT(this->Read(Table::kUsers, {"alice"}), testing::ElementsAre("record"));

  CommitBatch floor;
  floor.Move({2, 10, 10});
  this->Commit(floor);
  this->subject_.Reopen();
  EXPECT_EQ(this->Positions()[2], (PartitionHead{2, 10, 10}));
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
  EXPECT_EQ(this->Positions()[1], (PartitionHead{1, 50, 0}));
  EXPECT_THAT(this->Read(Table::kMeta, {"count"}), testing::ElementsAre("50"));
}

REGISTER_TYPED_TEST_SUITE_P(EventLogContract, AnEmptyLogHasEveryPartitionAtZero,
                            ReadsRowsInTheOrderAskedFor, KeepsTablesApart,
                            ChangesRowsInTheOrderOfTheCalls, ACommitIsThereWholeAfterReopening,
                            CommitsFollowEachOther);

}  // namespace belfry::store
