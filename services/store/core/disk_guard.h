// SPDX-License-Identifier: Apache-2.0
// Decides whether there is room to write. Below the reserve publishes are refused, so that RocksDB
// never meets a full disk in normal life.
#pragma once

#include <atomic>
#include <cstdint>

namespace belfry::store {

// Thread-safe.
class DiskGuard {
 public:
  // `scarce_bytes`: free space from which on projects share what is left; 0: never.
  explicit DiskGuard(std::uint64_t reserve_bytes, std::uint64_t scarce_bytes = 0)
      : reserve_bytes_(reserve_bytes), scarce_bytes_(scarce_bytes) {}

  // What is free on the data directory's file system now. Low begins below the reserve and ends at
  // an eighth above it, so that a disk at the brink does not flap. Returns whether low() changed.
  bool Update(std::uint64_t free_bytes) {
    const bool was = low_.load(std::memory_order_relaxed);
    const std::uint64_t enough = was ? reserve_bytes_ + reserve_bytes_ / 8 : reserve_bytes_;
    const bool is = free_bytes < enough;
    low_.store(is, std::memory_order_relaxed);
    scarce_.store(free_bytes < scarce_bytes_, std::memory_order_relaxed);
    return is != was;
  }

  bool low() const { return low_.load(std::memory_order_relaxed); }
  // Projects that have stored more than an equal share are refused.
  bool scarce() const { return scarce_.load(std::memory_order_relaxed); }
  std::uint64_t reserve_bytes() const { return reserve_bytes_; }

 private:
  const std::uint64_t reserve_bytes_;
  const std::uint64_t scarce_bytes_;
  std::atomic<bool> low_{false};
  std::atomic<bool> scarce_{false};
};

}  // namespace belfry::store
