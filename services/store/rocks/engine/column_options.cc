// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/engine/column_options.h"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>

#include "libs/common/entry.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/engine/rocks_filters.h"

namespace belfry::store {
namespace {

constexpr std::uint64_t kSmallWriteBufferBytes = 8u << 20;
constexpr std::uint64_t kCacheShardBytesMin = 4u << 20;
constexpr int kCacheShardBitsMax = 6;

// What a column's rows are looked up by, which is what its filters must know.
enum class LookUp {
  kRange,   // walked over from a place that exists: a filter would only cost
  kRow,     // one row by its whole key
  kPrefix,  // the rows of one user
  kBoth,    // rows of one user, and single ones of them
};

LookUp LookUpOf(Column column) {
  switch (column) {
    case Column::kUsers:
    case Column::kProjects:
    case Column::kKeys:
    case Column::kMeta:
    case Column::kCollapse:
    case Column::kSegments:
    case Column::kMembers:
    case Column::kAudience:
      return LookUp::kRow;
    case Column::kFeed:
      return LookUp::kPrefix;
    case Column::kState:
      return LookUp::kBoth;
    case Column::kDefault:
    case Column::kLog:
    case Column::kBodies:
    case Column::kExpiry:
    case Column::kOperations:
      break;
  }
  return LookUp::kRange;
}

rocksdb::BlockBasedTableOptions TableOptions(LookUp look_up,
                                             const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;
  table.block_cache = cache;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // A table's whole index and filter are up to a megabyte each. In one block they push each other
  // out of a small cache, and each read of a feed brings them in again. Here a read needs one small
  // block of each, and the level above them is pinned.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 4096;
  table.pin_top_level_index_and_filter = true;
  if (look_up != LookUp::kRange) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.optimize_filters_for_memory = true;
    table.whole_key_filtering = look_up != LookUp::kPrefix;
  }
  return table;
}

}  // namespace

std::shared_ptr<rocksdb::Cache> MakeBlockCache(std::uint64_t bytes) {
  int shard_bits = 0;
  while (shard_bits < kCacheShardBitsMax && bytes >> (shard_bits + 1) >= kCacheShardBytesMin) {
    ++shard_bits;
  }
  return rocksdb::NewLRUCache(bytes, shard_bits);
}

rocksdb::ColumnFamilyOptions MakeColumnOptions(Column column, std::uint64_t write_buffer_bytes,
                                               const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions result;
  const LookUp look_up = LookUpOf(column);
  const auto compressions = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(compressions.begin(), compressions.end(), rocksdb::kLZ4Compression) !=
                   compressions.end();
  result.compression = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  const bool large = column == Column::kLog || column == Column::kFeed;
  result.write_buffer_size =
      large ? write_buffer_bytes : std::min(write_buffer_bytes, kSmallWriteBufferBytes);
  result.periodic_compaction_seconds = 24 * 3600;  // so that the filters reach every file
  // A commit writes each column in the order of its keys (commit.cc), so the place of the last row
  // is the hint for the next one; in the log, where partitions take turns, that of each partition.
  result.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(column == Column::kLog ? sizeof(Partition) : 0));
  if (look_up == LookUp::kPrefix || look_up == LookUp::kBoth) {
    result.prefix_extractor = MakeUserPrefixExtractor();
  }
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(TableOptions(look_up, cache)));
  return result;
}

}  // namespace belfry::store
