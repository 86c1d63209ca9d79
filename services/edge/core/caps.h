// SPDX-License-Identifier: Apache-2.0
// How many streams a project, an address and the whole process have, over all cores.
// Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "libs/common/mutex.h"
#include "services/edge/core/options.h"

namespace belfry::edge {

class Caps {
 public:
  enum class Refusal : std::uint8_t { kNone, kProcess, kProject, kAddress };

  explicit Caps(const StreamOptions& options) : options_(options) {}
  Caps(const Caps&) = delete;
  Caps& operator=(const Caps&) = delete;

 private:
  using Counts = std::unordered_map<std::string, std::int64_t>;
  using Count = Counts::value_type;

 public:
  // One stream's place, given back when it ends. The Caps must outlive it.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : caps_(std::exchange(other.caps_, nullptr)),
          project_(other.project_),
          address_(other.address_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(caps_, other.caps_);
      std::swap(project_, other.project_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Place() { Release(); }
    void Release();
    explicit operator bool() const { return caps_ != nullptr; }

   private:
    friend class Caps;
    Caps* caps_ = nullptr;
    Count* project_ = nullptr;
    Count* address_ = nullptr;
  };

  // An empty place if one of the caps is reached; `refusal` says which.
  Place Take(const std::string& project, const std::string& address, Refusal& refusal);
  std::int64_t streams() const;

 private:
  static void Decrease(Counts& counts, Count& count);

  const StreamOptions options_;
  mutable Mutex mutex_;
  std::int64_t streams_ BELFRY_GUARDED_BY(mutex_) = 0;
  Counts projects_ BELFRY_GUARDED_BY(mutex_);
  Counts addresses_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::edge
