// SPDX-License-Identifier: Apache-2.0
// Which tickets have opened a stream at this edge: each may once. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "libs/common/keyed_hash.h"
#include "libs/common/mutex.h"

namespace belfry::edge {

class UsedTickets {
 public:
  // Whether `ticket`, a JWT that was verified at `now_s`, is used for the first time. Times are
  // unix seconds. It is remembered until it would be refused as expired.
  bool Use(std::string_view ticket, std::int64_t expires_s, std::int64_t now_s);
  // How many are remembered.
  std::size_t size() const;

 private:
  mutable Mutex mutex_;
  // What was signed, and when it may be forgotten.
  TextMap<std::int64_t> forget_at_s_ BELFRY_GUARDED_BY(mutex_);
  std::size_t drop_at_size_ BELFRY_GUARDED_BY(mutex_) = 1024;
};

}  // namespace belfry::edge
