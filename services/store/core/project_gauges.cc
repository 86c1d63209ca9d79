// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/project_gauges.h"

namespace belfry::store {

ProjectGauges::Gauges ProjectGauges::Make(const std::string& project) {
  const auto gauge = [&](const char* name, const char* help) {
    return metrics_.AddGauge(name, help, {{"project", project}});
  };
  return {
      .entries = gauge("belfry_store_project_entries", "Entries that a project has stored"),
      .bytes = gauge("belfry_store_project_bytes", "What these take, before compression"),
      .entries_max =
          gauge("belfry_store_project_entries_max", "Entries that it may store; 0: no limit"),
      .bytes_max = gauge("belfry_store_project_bytes_max", "What these may take; 0: no limit"),
  };
}

void ProjectGauges::Set(const Gauges& gauges, const Usage& usage, const ProjectQuota& quota) {
  gauges.entries.Set(static_cast<double>(usage.entries));
  gauges.bytes.Set(static_cast<double>(usage.bytes));
  gauges.entries_max.Set(static_cast<double>(quota.entries_max));
  gauges.bytes_max.Set(static_cast<double>(quota.bytes_max));
}

void ProjectGauges::Show(const Usages& usages, const ProjectQuotas& quotas) {
  Usage others = usages.all;
  for (const auto& [project, usage] : usages.of) {
    if (shown_.size() < kProjectsMax && !shown_.contains(project)) {
      shown_.emplace(project, Make(project));
    }
  }
  for (const auto& [project, gauges] : shown_) {
    const Usage usage = usages.Of(project);
    Set(gauges, usage, quotas.Of(project));
    others -= usage;
  }
  Set(others_, others, {});
}

}  // namespace belfry::store
