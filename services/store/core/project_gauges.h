// SPDX-License-Identifier: Apache-2.0
// What projects have stored and may store, as metrics: so many projects have labels of their own,
// and the others are one.
#pragma once

#include <cstddef>
#include <string>

#include "libs/common/keyed_hash.h"
#include "libs/common/metrics.h"
#include "services/store/core/project_quotas.h"
#include "services/store/core/project_usage.h"

namespace belfry::store {

// The sequencer's thread only.
class ProjectGauges {
 public:
  static constexpr std::size_t kProjectsMax = 100;

  explicit ProjectGauges(Metrics& metrics) : metrics_(metrics), others_(Make({})) {}

  void Show(const Usages& usages, const ProjectQuotas& quotas);

 private:
  struct Gauges {
    Gauge entries, bytes, entries_max, bytes_max;
  };
  Gauges Make(const std::string& project);
  static void Set(const Gauges& gauges, const Usage& usage, const ProjectQuota& quota);

  Metrics& metrics_;
  TextMap<Gauges> shown_;
  const Gauges others_;
};

}  // namespace belfry::store
