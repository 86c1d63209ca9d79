// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/project_quotas.h"

#include <algorithm>

#include "libs/common/config_value.h"

namespace belfry::store {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kBucketUs = 10 * kSecondUs;

using ByProject = std::map<std::string, std::uint64_t, std::less<>>;
using Parse = std::optional<std::uint64_t> (*)(std::string_view);

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  const auto number = config::ParseInteger(text);
  return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::optional<ByProject> Read(const std::vector<std::string>& texts, Parse parse) {
  ByProject of;
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    const bool all = slash == std::string::npos;
    const auto value = parse(all ? text : text.substr(slash + 1));
    if (!value || slash == 0) {
      return std::nullopt;
    }
    of[all ? std::string() : text.substr(0, slash)] = *value;
  }
  return of;
}

std::uint64_t Find(const ByProject& of, std::string_view project) {
  auto found = of.find(project);
  if (found == of.end()) {
    found = of.find(std::string_view());
  }
  return found == of.end() ? 0 : found->second;
}

// When a bucket would be full again once `tokens` are taken. 0: there is no limit.
std::int64_t FullAfter(std::int64_t full_at_us, std::uint64_t per_second, std::uint64_t tokens,
                       std::int64_t now_us) {
  if (per_second == 0) {
    return 0;
  }
  const double cost_us = static_cast<double>(tokens) * kSecondUs / static_cast<double>(per_second);
  // A time that lies further ahead than a bucket is from before the clock was set back.
  const std::int64_t from = std::clamp(full_at_us, now_us, now_us + kBucketUs);
  return from + static_cast<std::int64_t>(std::min<double>(cost_us, kBucketUs));
}

}  // namespace

ProjectQuota ProjectQuotas::Of(std::string_view project) const {
  return {.entries_max = Find(entries_max_, project),
          .bytes_max = Find(bytes_max_, project),
          .entries_per_second = Find(entries_per_second_, project),
          .bytes_per_second = Find(bytes_per_second_, project)};
}

std::optional<ProjectQuotas> ReadProjectQuotas(const ProjectQuotaTexts& texts) {
  auto entries_max = Read(texts.entries_max, ParseNumber);
  auto bytes_max = Read(texts.bytes_max, config::ParseBytes);
  auto entries_per_second = Read(texts.entries_per_second, ParseNumber);
  auto bytes_per_second = Read(texts.bytes_per_second, config::ParseBytes);
  if (!entries_max || !bytes_max || !entries_per_second || !bytes_per_second) {
    return std::nullopt;
  }
  ProjectQuotas quotas;
  quotas.entries_max_ = std::move(*entries_max);
  quotas.bytes_max_ = std::move(*bytes_max);
  quotas.entries_per_second_ = std::move(*entries_per_second);
  quotas.bytes_per_second_ = std::move(*bytes_per_second);
  return quotas;
}

bool AreProjectNumbers(const std::vector<std::string>& texts) {
  return Read(texts, ParseNumber).has_value();
}
bool AreProjectBytes(const std::vector<std::string>& texts) {
  return Read(texts, config::ParseBytes).has_value();
}

std::optional<std::chrono::milliseconds> ProjectRates::Take(std::string_view project,
                                                            const ProjectQuota& quota,
                                                            const Usage& used,
                                                            std::int64_t now_us) {
  if (quota.entries_per_second == 0 && quota.bytes_per_second == 0) {
    return std::nullopt;
  }
  auto found = full_at_.find(project);
  if (found == full_at_.end()) {
    found = full_at_.emplace(project, FullAt{}).first;
  }
  FullAt& kept = found->second;
  const std::int64_t entries_us =
      FullAfter(kept.entries_us, quota.entries_per_second, used.entries, now_us);
  const std::int64_t bytes_us =
      FullAfter(kept.bytes_us, quota.bytes_per_second, used.bytes, now_us);
  const std::int64_t wait_us = std::max(entries_us, bytes_us) - (now_us + kBucketUs);
  if (wait_us > 0) {
    return std::chrono::milliseconds(wait_us / 1'000 + 1);
  }
  kept = {entries_us, bytes_us};
  return std::nullopt;
}

}  // namespace belfry::store
