// SPDX-License-Identifier: Apache-2.0
// RocksDB keeps what the commit-log port promises, ended in order or not.
#include "tests/contract/event_log_contract.h"

#include <memory>
#include <utility>

#include "services/store/rocks/log/rocks_store.h"
#include "tests/support/temp_dir.h"

namespace belfry::store {
namespace {

template <bool kInOrder>
class RocksSubject {
 public:
  RocksSubject() { Open(); }
  EventLog& log() { return *store_; }
  Status Commit(const CommitBatch& batch) { return store_->Commit(batch); }
  void Reopen() {
    if (kInOrder) {
      EXPECT_TRUE(store_->CloseCleanly().ok());
    }
    Open();
  }

 private:
  void Open() {
    store_.reset();
    auto made = RocksStore::Open(
        {.directory = (dir_.path() / "data").string(), .partitions = kEventLogPartitions}, clock_,
        {});
    ASSERT_TRUE(made.ok()) << made.error().ToString();
    store_ = std::move(*made);
  }

  const test::TempDir dir_;
  const ManualClock clock_;
  std::unique_ptr<RocksStore> store_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(RocksInOrder, EventLogContract, RocksSubject<true>);
INSTANTIATE_TYPED_TEST_SUITE_P(RocksAtOnce, EventLogContract, RocksSubject<false>);

}  // namespace
}  // namespace belfry::store
