// SPDX-License-Identifier: Apache-2.0
// What every part of a simulation has at hand.
#pragma once

#include <cstdio>
#include <vector>

#include "services/edge/core/follower.h"
#include "services/edge/core/stream_metrics.h"
#include "services/store/core/announcer.h"
#include "services/store/core/sequencer.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/random.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/trace.h"
#include "tests/support/checker/history.h"

namespace belfry::sim {

// The product's own counters, shared by many runs: they say what it went through inside.
struct Instruments {
  Metrics metrics;
  store::SequencerMetrics sequencer = store::SequencerMetrics::Make(metrics);
  store::AnnouncerMetrics announcer = store::AnnouncerMetrics::Make(metrics);
  edge::FollowerMetrics follower = edge::FollowerMetrics::Make(metrics);
  edge::StreamMetrics streams = edge::MakeStreamMetrics(metrics);
};

struct Context {
  Context(const Plan& with, const Instruments& shared, std::FILE* out)
      : instruments(shared), plan(with), random(with.seed), trace(scheduler, out) {}

  const Instruments& instruments;
  Plan plan;
  Scheduler scheduler;
  Random random;
  Trace trace;
  Coverage coverage;
  std::vector<test::Trouble> troubles;  // what the promise excuses
  // Log reads of edges that were lost without a word, which alone takes as long as the promise.
  // They excuse an edge that is late with what it follows; no delivery needs that.
  std::vector<test::Trouble> silences;
};

}  // namespace belfry::sim
