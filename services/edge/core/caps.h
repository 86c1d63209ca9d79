// SPDX-License-Identifier: Apache-2.0
// How many streams a project, an address and the whole process have, over all cores.
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "libs/common/keyed_hash.h"
#include "libs/common/mutex.h"
#include "libs/common/permit.h"
#include "services/edge/core/options.h"

namespace belfry::edge {

class Caps {
 public:
  // Which cap is reached.
  enum class Refusal : std::uint8_t { kProcess, kProject, kAddress };

  explicit Caps(const StreamOptions& options) : options_(options) {}
  Caps(const Caps&) = delete;
  Caps& operator=(const Caps&) = delete;

 private:
  using Counts = TextMap<std::int64_t>;
  using Count = Counts::value_type;
  // Where a stream is counted.
  struct Place {
    Count* project = nullptr;
    Count* address = nullptr;
  };

 public:
  // Of one stream.
  using Permit = belfry::Permit<Caps, Place>;

  std::variant<Permit, Refusal> Take(const std::string& project, const std::string& address);
  std::int64_t streams() const;

 private:
  friend Permit;
  void GiveBack(const Place& place);
  static void Decrease(Counts& counts, Count& count);

  const StreamOptions options_;
  mutable Mutex mutex_;
  std::int64_t streams_ BELFRY_GUARDED_BY(mutex_) = 0;
  Counts projects_ BELFRY_GUARDED_BY(mutex_);
  Counts addresses_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::edge
