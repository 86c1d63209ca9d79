// SPDX-License-Identifier: Apache-2.0
// What a read costs in a store much larger than its block cache, and tables of earlier versions.
#include <gtest/gtest.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/check.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/engine/rocks_filters.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

// What this thread has read from files.
double BytesReadSoFar() {
  std::ifstream io("/proc/thread-self/io");
  std::string name;
  double value = 0;
  while (io >> name >> value) {
    if (name == "rchar:") {
      return value;
    }
  }
  return 0;
}

std::string User(int number) { return "user" + std::to_string(number); }

// Entries of many users, in tables, and read through a cache that holds next to nothing of them.
struct LargeStore {
  static constexpr int kUsers = 2'000;
  static constexpr int kEach = 25;

  LargeStore() { Open(32u << 20); }

  void Open(std::uint64_t write_buffer_bytes) {
    store.reset();
    auto opened = RocksStore::Open({.directory = directory(),
                                    .partitions = 1,
                                    .block_cache_bytes = 128u << 10,
                                    .write_buffer_bytes = write_buffer_bytes},
                                   clock, {});
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    store = *std::move(opened);
  }
  void Fill() {
    auto sequencer = Sequencer::Make({}, *store, listener, guard, clock,
                                     [](const Error&) { FAIL() << "a commit failed"; }, {}, {});
    ASSERT_TRUE(sequencer.ok());
    std::uint64_t number = 0;
    for (int round = 0; round < kEach; ++round) {
      PendingAppend call;
      for (int user = 0; user < kUsers; ++user) {
        AppendItem item;
        item.project = "acme";
        item.user_id = User(user);
        item.idempotency_key = std::to_string(++number);
        item.idempotency_key_fresh = true;
        item.content_hash = std::string(32, 'h');
        item.payload = std::string(200, 'x');
        call.items.push_back(std::move(item));
      }
      call.done = [](const Result<AppendResults>& results) { ASSERT_TRUE(results.ok()); };
      (*sequencer)->Append(std::move(call));
      ASSERT_TRUE((*sequencer)->Round());
    }
    sequencer->reset();
    ASSERT_TRUE(store->CloseCleanly().ok());
  }
  std::size_t ReadNewest(int user) const {
    FeedQuery query;
    query.project = "acme";
    query.user_id = User(user);
    query.entries_max = 5;
    const auto page = store->ReadFeed(query);
    EXPECT_TRUE(page.ok());
    return page.ok() ? page->entries.size() : 0;
  }
  std::string directory() const { return (dir.path() / "data").string(); }

  test::TempDir dir;
  SystemClock clock;
  NoListener listener;
  DiskGuard guard{0};
  std::unique_ptr<RocksStore> store;
};

TEST(TableLayout, AFeedIsReadWithoutWholeIndexesAndFilters) {
  LargeStore large;
  large.Fill();
  large.Open(1u << 20);
  const double before = BytesReadSoFar();
  const std::uint64_t counted_before = large.store->read_costs().feed_bytes;
  for (int user = 0; user < LargeStore::kUsers; user += 7) {
    ASSERT_EQ(large.ReadNewest(user), 5u);
  }
  const ReadCosts costs = large.store->read_costs();
  EXPECT_GT(costs.feed_bytes, counted_before);
  EXPECT_LE(static_cast<double>(costs.feed_bytes - counted_before), BytesReadSoFar() - before);
  EXPECT_GT(costs.index.hits + costs.index.misses, 0u);
  EXPECT_GT(costs.filter.hits + costs.filter.misses, 0u);
  EXPECT_GT(costs.data.misses, 0u);
  const double each = (BytesReadSoFar() - before) / (LargeStore::kUsers / 7);
  EXPECT_LE(each, 32 * 1024);  // whole ones: ten times as much, here, and more in a larger store
}

// Writes every table anew, as the first version did: whole indexes and filters.
void RewriteAsVersionOne(const std::string& path) {
  rocksdb::BlockBasedTableOptions table;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  for (const std::string_view name : kColumnNames) {
    rocksdb::ColumnFamilyOptions options;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    if (name == "feed" || name == "state") {
      options.prefix_extractor = MakeUserPrefixExtractor();
    }
    columns.emplace_back(std::string(name), options);
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open({}, path, columns, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    EXPECT_TRUE(db->CompactRange(all, handle, nullptr, nullptr).ok());
    EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  }
}

TEST(TableLayout, TablesOfTheFirstVersionAreRead) {
  LargeStore large;
  large.Fill();
  large.store.reset();
  RewriteAsVersionOne(large.directory() + "/db");
  large.Open(1u << 20);
  for (int user = 0; user < LargeStore::kUsers; user += 7) {
    ASSERT_EQ(large.ReadNewest(user), 5u);
  }
  large.Fill();
  large.Open(1u << 20);
  ASSERT_TRUE(large.store->CompactDropped().ok());
  EXPECT_EQ(large.ReadNewest(0), 5u);
}

}  // namespace
}  // namespace belfry::store
