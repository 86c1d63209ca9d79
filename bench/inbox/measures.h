// SPDX-License-Identifier: Apache-2.0
// What lists, counts, changes of state and broadcasts cost, each measured on a stack of real
// processes and set beside its bar.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/inbox/http_load.h"
#include "bench/smoke/lane.h"
#include "bench/smoke/publisher.h"
#include "bench/smoke/report.h"
#include "tests/support/cluster/cluster.h"

namespace belfry::bench {

struct InboxOptions {
  std::size_t feed = 10'000;            // notifications of a large feed
  std::size_t feeds = 10;               // users with one
  std::size_t known = 1'000'000;        // users of the large project
  std::uint32_t partitions = 16;        // of the stores that a broadcast goes to
  int rounds = 9;                       // of what is repeated; the median counts
  std::chrono::seconds load_time{10};   // of what goes on for a while
  double rate = 500;                    // requests per second
  std::size_t disk = 200'000;           // notifications whose bytes are counted
  std::size_t members = 100'000;        // of a segment
  std::vector<std::string> only;        // names; empty: all
  std::vector<std::string> store_args;  // added to the command lines
  std::vector<std::string> edge_args;
};

// Not thread-safe.
class InboxMeasures {
 public:
  explicit InboxMeasures(InboxOptions options);
  ~InboxMeasures();

  // False, with the reason on stderr, if the stack does not start or a measure does not end.
  bool Run();
  const std::vector<Row>& rows() const { return rows_; }

 private:
  using Ids = std::vector<std::vector<std::uint64_t>>;

  bool Wanted(const std::string& name) const;
  bool MeasureLists();
  bool MeasureCounts();
  bool MeasureMarks();
  bool MeasureReadAll();
  bool MeasureStates();
  bool MeasureBroadcast();
  bool MeasureSegment();
  bool MeasureDisk();

  test::ClusterOptions StackOptions() const;
  bool Start();
  void Add(Row row);
  // `name`-0 and so on.
  std::vector<std::string> Users(const std::string& name, std::size_t number) const;
  std::vector<std::string> Tokens(const std::vector<std::string>& users) const;
  // All but the `left` oldest of `ids`, a hundred at a time.
  bool ReadOneByOne(HttpLoad& api, const std::string& token, const std::vector<std::uint64_t>& ids,
                    std::size_t left);
  // GETs `target` of all `tokens` in turns at the rate; adds <name>_p50 and <name>_p99, where a bar
  // that is 0 makes no row.
  bool MeasureGet(const std::string& name, const std::string& what, const std::string& target,
                  const std::vector<std::string>& tokens, double per_second, double p50_max,
                  double p99_max);

  const InboxOptions options_;
  Lane small_lane_;  // before all that opens descriptors
  Lane large_lane_;
  std::unique_ptr<test::Cluster> cluster_;
  std::unique_ptr<Publisher> publisher_;
  std::vector<Row> rows_;
};

}  // namespace belfry::bench
