// SPDX-License-Identifier: Apache-2.0
// How much has been accepted and not yet answered, process-wide: bounded in items and bytes.
// Thread-safe.
#pragma once

#include <cstdint>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/result.h"

namespace belfry::ingest {

struct InFlightLimits {
  std::int64_t items_max = 50'000;
  std::int64_t bytes_max = 64 * 1024 * 1024;
};

// Must outlive its permits.
class InFlight {
 public:
  // Room for one item, given back when it dies. One made by default holds no room.
  class Permit {
   public:
    Permit() = default;
    Permit(InFlight* owner, std::int64_t bytes) : owner_(owner), bytes_(bytes) {}
    Permit(Permit&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)), bytes_(other.bytes_) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(owner_, other.owner_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Permit() {
      if (owner_ != nullptr) {
        owner_->Release(bytes_);
      }
    }

   private:
    InFlight* owner_ = nullptr;
    std::int64_t bytes_ = 0;
  };

  struct Usage {
    std::int64_t items = 0;
    std::int64_t bytes = 0;
  };

  explicit InFlight(InFlightLimits limits) : limits_(limits) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

  // kResourceExhausted with a retry_after: full.
  Result<Permit> Acquire(std::int64_t bytes);
  Usage usage() const;

 private:
  void Release(std::int64_t bytes);

  const InFlightLimits limits_;
  mutable Mutex mutex_;
  Usage usage_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::ingest
