// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/sequencer.h"

namespace belfry::store {

SequencerMetrics SequencerMetrics::Make(Metrics& metrics) {
  const auto result = [&metrics](const char* value) {
    return metrics.AddCounter("belfry_store_append_items_total", "Items appended, by result",
                              {{"result", value}});
  };
  return {
      .stored = result("stored"),
      .duplicate = result("duplicate"),
      .suppressed = result("suppressed"),
      .state_changed = result("state_changed"),
      .state_unchanged = result("state_unchanged"),
      .audience_changed = result("audience_changed"),
      .audience_unchanged = result("audience_unchanged"),
      .key_reused = result("key_reused"),
      .queue_full = result("queue_full"),
      .disk_reserve = result("disk_reserve"),
      .quota = result("quota_exceeded"),
      .dropped = result("dropped"),
      .unknown = result("unknown"),
      .other = result("other"),
      .commits = metrics.AddCounter("belfry_store_commits_total", "Commits, one fsync each"),
      .operation_steps = metrics.AddCounter("belfry_store_operation_steps_total",
                                            "Commits that were steps of operations"),
      .operations_ended = metrics.AddCounter("belfry_store_operations_ended_total",
                                             "Operations that have come to their end"),
      .operations_running =
          metrics.AddGauge("belfry_store_operations_running", "Operations that are under way"),
      .projects = std::make_shared<ProjectGauges>(metrics),
      .queue_items =
          metrics.AddGauge("belfry_store_append_queue_items", "Items that wait for a round"),
      .queue_bytes =
          metrics.AddGauge("belfry_store_append_queue_bytes", "Bytes that wait for a round"),
      .ids_ahead_seconds = metrics.AddGauge("belfry_store_ids_ahead_seconds",
                                            "How far the newest id is ahead of the wall clock"),
      .entries_per_commit = metrics.AddSizeHistogram("belfry_store_commit_entries",
                                                     "Entries made durable by one fsync"),
      .commit_seconds =
          metrics.AddLatencyHistogram("belfry_store_commit_seconds", "One commit, fsync included"),
      .queue_wait_seconds = metrics.AddLatencyHistogram("belfry_store_queue_wait_seconds",
                                                        "From accepted to taken into a round"),
      .accepted_to_committed_seconds = metrics.AddLatencyHistogram(
          "belfry_store_accepted_to_committed_seconds", "From accepted to durable, per call"),
  };
}

}  // namespace belfry::store
