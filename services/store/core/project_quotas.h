// SPDX-License-Identifier: Apache-2.0
// What a project may store, and how fast. Plain values, and the rates that one process counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/keyed_hash.h"
#include "services/store/core/project_usage.h"

namespace belfry::store {

// 0: no limit.
struct ProjectQuota {
  std::uint64_t entries_max = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t entries_per_second = 0;
  std::uint64_t bytes_per_second = 0;
};

// The settings' texts: each is a value for all projects, or PROJECT/VALUE.
struct ProjectQuotaTexts {
  std::vector<std::string> entries_max = {};
  std::vector<std::string> bytes_max = {};
  std::vector<std::string> entries_per_second = {};
  std::vector<std::string> bytes_per_second = {};
};

class ProjectQuotas {
 public:
  ProjectQuotas() = default;

  ProjectQuota Of(std::string_view project) const;

 private:
  friend std::optional<ProjectQuotas> ReadProjectQuotas(const ProjectQuotaTexts& texts);
  using ByProject = std::map<std::string, std::uint64_t, std::less<>>;  // "": of all others
  ByProject entries_max_, bytes_max_, entries_per_second_, bytes_per_second_;
};

// std::nullopt: a text is no such value.
std::optional<ProjectQuotas> ReadProjectQuotas(const ProjectQuotaTexts& texts);
// Whether all of `texts` are numbers, or sizes, as above.
bool AreProjectNumbers(const std::vector<std::string>& texts);
bool AreProjectBytes(const std::vector<std::string>& texts);

// How fast projects publish: two buckets each, kept as one time each (GCRA). A bucket holds ten
// seconds' worth. The sequencer's thread only; what is counted is forgotten with the process.
class ProjectRates {
 public:
  // Takes what `used` costs, all or none; more than a bucketful counts as one. Otherwise how long
  // to wait, at least 1 ms. `now_us` is the believed time.
  std::optional<std::chrono::milliseconds> Take(std::string_view project, const ProjectQuota& quota,
                                                const Usage& used, std::int64_t now_us);

 private:
  struct FullAt {
    std::int64_t entries_us = 0;
    std::int64_t bytes_us = 0;
  };
  TextMap<FullAt> full_at_;  // of projects with a rate
};

}  // namespace belfry::store
