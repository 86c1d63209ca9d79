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
#include <variant>

#include "libs/common/mutex.h"
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
  using Counts = std::unordered_map<std::string, std::int64_t>;
  using Count = Counts::value_type;

 public:
  // Room for one stream, given back when it is destroyed. One made by default holds none. The Caps
  // must outlive it.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept
        : caps_(std::exchange(other.caps_, nullptr)),
          project_(other.project_),
          address_(other.address_) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(caps_, other.caps_);
      std::swap(project_, other.project_);
      std::swap(address_, other.address_);
      return *this;
    }
    ~Permit() { Release(); }
    void Release();
    explicit operator bool() const { return caps_ != nullptr; }

   private:
    friend class Caps;
    Caps* caps_ = nullptr;
    Count* project_ = nullptr;
    Count* address_ = nullptr;
  };

  std::variant<Permit, Refusal> Take(const std::string& project, const std::string& address);
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
