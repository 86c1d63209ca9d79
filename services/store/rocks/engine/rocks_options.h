// SPDX-License-Identifier: Apache-2.0
// How a data directory is opened. Without RocksDB's headers.
#pragma once

#include <cstdint>
#include <string>

#include "libs/common/entry.h"

namespace rocksdb {
class Env;
}

namespace belfry::store {

struct RocksOptions {
  std::string directory;  // made if absent; holds db/ and high-water
  // Written into a new directory; another one than an old directory's refuses to open.
  Partition partitions = kPartitionsDefault;
  // Open although the log is damaged, ends before the recorded high water, or has none beside it;
  // and record what may be lost.
  bool accept_loss = false;
  std::uint64_t block_cache_bytes = 64u << 20;
  std::uint64_t write_buffer_bytes = 32u << 20;  // of each of the two large column families
  rocksdb::Env* env = nullptr;                   // must outlive the store; null: the machine's
};

}  // namespace belfry::store
