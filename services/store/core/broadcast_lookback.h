// SPDX-License-Identifier: Apache-2.0
// How far back a new user's list reaches into the project's broadcasts. Plain values.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/config_value.h"

namespace belfry::store {

class BroadcastLookback {
 public:
  BroadcastLookback() = default;
  explicit BroadcastLookback(std::map<std::string, std::chrono::milliseconds, std::less<>> of)
      : of_(std::move(of)) {}

  // Zero: nothing from before the join is listed.
  std::chrono::milliseconds Of(std::string_view project) const {
    auto found = of_.find(project);
    if (found == of_.end()) {
      found = of_.find(std::string_view());
    }
    return found == of_.end() ? std::chrono::milliseconds(0) : found->second;
  }

 private:
  std::map<std::string, std::chrono::milliseconds, std::less<>> of_;  // "": of all other projects
};

// Each text is a duration, or PROJECT/DURATION. std::nullopt: one is not.
inline std::optional<BroadcastLookback> ReadBroadcastLookback(
    const std::vector<std::string>& texts) {
  std::map<std::string, std::chrono::milliseconds, std::less<>> of;
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    const bool all = slash == std::string::npos;
    const auto duration = config::ParseDuration(all ? text : text.substr(slash + 1));
    if (!duration || duration->count() < 0) {
      return std::nullopt;
    }
    of[all ? std::string() : text.substr(0, slash)] = *duration;
  }
  return BroadcastLookback(std::move(of));
}

}  // namespace belfry::store
