// SPDX-License-Identifier: Apache-2.0
// How much has been accepted and not yet answered, process-wide: bounded in items and bytes.
// Thread-safe.
#pragma once

#include <cstdint>

#include "libs/common/mutex.h"
#include "libs/common/permit.h"
#include "libs/common/result.h"

namespace belfry::ingest {

struct InFlightLimits {
  std::int64_t items_max = 50'000;
  std::int64_t bytes_max = 64 * 1024 * 1024;
};

// Must outlive its permits.
class InFlight {
 public:
  // Of one item; the room is its bytes.
  using Permit = belfry::Permit<InFlight, std::int64_t>;

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
  friend Permit;
  void GiveBack(std::int64_t bytes);

  const InFlightLimits limits_;
  mutable Mutex mutex_;
  Usage usage_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::ingest
