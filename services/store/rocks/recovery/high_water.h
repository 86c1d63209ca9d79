// SPDX-License-Identifier: Apache-2.0
// A small file beside RocksDB with the last durable id of each partition, so that a log whose tail
// has vanished is detected.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"

namespace belfry::store {

// What the file says. `clean`: the process before ended in order.
struct HighWater {
  std::vector<EntryId> last_ids;  // by partition
  bool clean = false;
  bool operator==(const HighWater&) const = default;
};

// Four slots, each with a sequence number and a checksum; the newest good one counts. Write uses
// two in turn and reaches the kernel, so it survives a killed process. Sync uses the other two in
// turn and reaches the disk, so whatever a power cut tears, one of them is whole. Thread-safe.
class HighWaterFile {
 public:
  // Opens or makes `path`. kUnavailable: it cannot.
  static Result<std::unique_ptr<HighWaterFile>> Open(const std::string& path);
  // Reads `path` only: std::nullopt if there is no file or it is empty. kDataLoss: no
  // slot can be read back.
  static Result<std::optional<HighWater>> Read(const std::string& path);
  ~HighWaterFile();
  HighWaterFile(const HighWaterFile&) = delete;
  HighWaterFile& operator=(const HighWaterFile&) = delete;

  // Its content when it was opened: std::nullopt in a new file. kDataLoss: no slot can be read
  // back.
  Result<std::optional<HighWater>> Load();
  // kUnavailable: it cannot; what was written before is kept.
  Status Write(HighWater high_water);
  // The same for what was written last.
  Status Sync();

 private:
  HighWaterFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  Status WriteSlot(std::uint64_t slot, std::uint64_t sequence, const HighWater& high_water);

  const std::string path_;
  const int fd_;

  Mutex mutex_;
  std::uint64_t sequence_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::uint64_t written_ BELFRY_GUARDED_BY(mutex_) = 0;  // 0 or 1
  std::uint64_t synced_ BELFRY_GUARDED_BY(mutex_) = 0;   // 0 or 1, for slots 2 and 3
  HighWater latest_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::store
