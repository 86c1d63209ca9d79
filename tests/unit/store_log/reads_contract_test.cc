// SPDX-License-Identifier: Apache-2.0
// RocksDB keeps what the reading ports promise: from the memtable, and from tables on disk.
#include "tests/contract/reads_contract.h"

#include <memory>
#include <utility>

#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/log/feed_reader.h"
#include "services/store/rocks/log/rocks_store.h"
#include "services/store/rocks/recovery/losses.h"
#include "tests/support/temp_dir.h"

namespace belfry::store {
namespace {

template <bool kFlushed>
struct RocksSubject {
  RocksSubject() { Open(); }
  void Commit(const CommitBatch& batch) { ASSERT_TRUE(opened->Commit(batch).ok()); }
  void SetTime(std::int64_t us) { clock.SetUnixMicros(us); }
  FeedStore& store() {
    if (kFlushed) {
      EXPECT_TRUE(opened->CloseCleanly().ok());
      Open();
    }
    return *opened;
  }
  // A second look at the directory, read-only.
  const FeedRows& rows() {
    if (kFlushed) {
      EXPECT_TRUE(opened->CloseCleanly().ok());
    }
    auto made = RocksDb::OpenReadOnly((dir.path() / "data/db").string(), nullptr, {});
    EXPECT_TRUE(made.ok());
    reader.reset();
    db = std::move(*made);
    state = std::make_unique<PartitionStates>(1);
    EXPECT_TRUE(LoadPartitions(*db, *state).ok());
    reader = std::make_unique<FeedReader>(*db, *state);
    return *reader;
  }
  void Open() {
    opened.reset();
    auto made =
        RocksStore::Open({.directory = (dir.path() / "data").string(), .partitions = 1}, clock, {});
    ASSERT_TRUE(made.ok());
    opened = std::move(*made);
  }

  test::TempDir dir;
  ManualClock clock;
  std::unique_ptr<RocksStore> opened;
  std::unique_ptr<PartitionStates> state;
  std::unique_ptr<RocksDb> db;
  std::unique_ptr<FeedReader> reader;
};

INSTANTIATE_TYPED_TEST_SUITE_P(RocksMemtable, ReadsContract, RocksSubject<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(RocksTables, ReadsContract, RocksSubject<true>);

}  // namespace
}  // namespace belfry::store
