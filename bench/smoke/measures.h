// SPDX-License-Identifier: Apache-2.0
// The six numbers, each measured on a stack of real processes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/smoke/lane.h"
#include "bench/smoke/publisher.h"
#include "bench/smoke/report.h"
#include "tests/support/cluster/cluster.h"

namespace belfry::bench {

struct Options {
  std::size_t streams = 10'000;
  int rounds = 7;                      // of what is repeated; the median counts
  std::chrono::seconds load_time{10};  // of what goes on for a while
  double rate = 5'000;                 // notifications per second of the latency measure
  std::vector<std::string> only;       // names; empty: all
  std::string edge_cores = "1";        // as many as the bare loop has
  std::vector<std::string> edge_args;  // added to the command lines
  std::vector<std::string> store_args;
  std::vector<std::string> ingest_args;
};

// Measures in an order that lets one measure use what the last has built. Not thread-safe.
class Measures {
 public:
  // Takes descriptors for two fleets of streams at once: make it first.
  explicit Measures(Options options);
  ~Measures();

  // False, with the reason on stderr, if the stack does not start or a measure does not end.
  bool Run();
  const std::vector<Row>& rows() const { return rows_; }

 private:
  bool Wanted(const std::string& name) const;
  bool MeasureThroughput();
  bool MeasureMemory();
  bool MeasureBroadcast();
  bool MeasureLatency();
  bool MeasureReconnects();
  bool MeasureMissedBroadcasts();

  // Closes all streams, publishes what each is to miss, and lets all come back at once.
  bool ComeBack(const std::string& name, const std::string& what,
                const std::function<bool()>& publish);
  // One stream for each user, from the cursors of the fleet that is there, or from now.
  std::vector<std::string> Requests(const std::vector<std::string>& cursors) const;
  bool ConnectAll();
  bool StartBareLoop();
  // Milliseconds from the beginning of the call until the last stream has it; negative: never.
  double BroadcastOnce();
  double FireOnce();
  std::vector<std::pair<std::string, pid_t>> Pids();
  void Add(Row row);

  const Options options_;
  Lane edge_lane_;  // before all that opens descriptors
  Lane bare_lane_;
  std::unique_ptr<test::Cluster> cluster_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<test::Process> bare_loop_;
  test::Endpoint bare_at_;
  std::vector<std::string> users_;
  bool connected_ = false;
  std::size_t broadcasts_ = 0;  // to each of the streams that are connected
  std::vector<Row> rows_;
};

}  // namespace belfry::bench
