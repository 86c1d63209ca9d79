// SPDX-License-Identifier: Apache-2.0
// How each column family keeps its tables: blocks, indexes, filters, memtables. The one place where
// that is chosen. Inside this room only.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/options.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace belfry::store {

enum class Column : std::size_t;

// The cache of blocks that all column families share. Its shards are large enough to hold any block
// that TableOptions makes many times over.
std::shared_ptr<rocksdb::Cache> MakeBlockCache(std::uint64_t bytes);

// What a column family is opened with, but for its compaction filter. `write_buffer_bytes`: the
// memtable of a large one.
rocksdb::ColumnFamilyOptions MakeColumnOptions(Column column, std::uint64_t write_buffer_bytes,
                                               const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace belfry::store
