// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/measures.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <utility>

#include "bench/smoke/bare_loop.h"
#include "bench/smoke/numbers.h"
#include "bench/smoke/proc_stats.h"

namespace belfry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kMissedEach = 5;
constexpr int kWarmUps = 2;

double PercentileMillis(const std::vector<std::int64_t>& sorted_ns, double share) {
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted_ns.size() - 1));
  return static_cast<double>(sorted_ns[at]) / 1e6;
}

bool Fail(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  return false;
}

// Means of the services' own histograms between its making and Report: which hop takes the time.
class Hops {
 public:
  explicit Hops(test::Cluster& cluster)
      : hops_{{"accept to commit", cluster.ingest(), "belfry_ingest_accept_to_commit_seconds"},
              {"append call", cluster.ingest(), "belfry_ingest_append_seconds"},
              {"commit", cluster.store(), "belfry_store_commit_seconds"},
              {"created to received", cluster.edge(), "belfry_edge_created_to_received_seconds"},
              {"received to written", cluster.edge(), "belfry_edge_received_to_written_seconds"}} {
    for (Hop& hop : hops_) {
      Read(hop, &hop.sum, &hop.count);
    }
  }
  std::string Report() const {
    std::string text;
    for (const Hop& hop : hops_) {
      double sum = 0, count = 0;
      Read(hop, &sum, &count);
      const double mean = 1000 * (sum - hop.sum) / std::max(1.0, count - hop.count);
      text += (text.empty() ? "" : ", ") + hop.name + " " + Rounded(mean) + " ms";
    }
    return text;
  }

 private:
  struct Hop {
    std::string name;
    test::Node& node;
    std::string metric;
    double sum = 0;
    double count = 0;
  };
  static void Read(const Hop& hop, double* sum, double* count) {
    *sum = hop.node.Metric(hop.metric + "_sum");
    *count = hop.node.Metric(hop.metric + "_count");
  }
  std::vector<Hop> hops_;
};

}  // namespace

Measures::Measures(Options options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < options_.streams; ++i) {
    users_.push_back("user-" + std::to_string(i));
  }
}

Measures::~Measures() = default;

bool Measures::Wanted(const std::string& name) const {
  return options_.only.empty() ||
         std::find(options_.only.begin(), options_.only.end(), name) != options_.only.end();
}

void Measures::Add(Row row) {
  std::fprintf(stderr, "  %-22s %10s %s (%s)\n", row.name.c_str(), Rounded(row.value).c_str(),
               row.unit.c_str(), row.detail.c_str());
  rows_.push_back(std::move(row));
}

bool Measures::Run() {
  test::ClusterOptions options;
  options.ingest_args = {"--ingest-rate-per-key=0", "--log-level=warn"};
  options.store_args = {"--log-level=warn"};
  options.edge_args = {"--log-level=warn", "--edge-cores=" + options_.edge_cores};
  options.store_args.insert(options.store_args.end(), options_.store_args.begin(),
                            options_.store_args.end());
  options.ingest_args.insert(options.ingest_args.end(), options_.ingest_args.begin(),
                             options_.ingest_args.end());
  options.edge_args.insert(options.edge_args.end(), options_.edge_args.begin(),
                           options_.edge_args.end());
  cluster_ = std::make_unique<test::Cluster>(options);
  if (!cluster_->Start()) {
    return Fail("the stack did not start");
  }
  publisher_ = std::make_unique<Publisher>(cluster_->ingest().serves(), cluster_->api_key());

  return (!Wanted("memory") || MeasureMemory()) && (!Wanted("broadcast") || MeasureBroadcast()) &&
         (!Wanted("latency") || MeasureLatency()) &&
         (!Wanted("reconnects") || MeasureReconnects()) &&
         (!Wanted("missed_broadcasts") || MeasureMissedBroadcasts()) &&
         (!Wanted("throughput") || MeasureThroughput());
}

std::vector<std::pair<std::string, pid_t>> Measures::Pids() {
  std::vector<std::pair<std::string, pid_t>> pids;
  for (test::Node* node : cluster_->All()) {
    pids.emplace_back(node->name(), node->pid());
  }
  pids.emplace_back("bench", getpid());
  return pids;
}

std::vector<std::string> Measures::Requests(const std::vector<std::string>& cursors) const {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < users_.size(); ++i) {
    requests.push_back(
        StreamRequest(cluster_->Token(users_[i]), cursors.empty() ? "" : cursors[i]));
  }
  return requests;
}

bool Measures::ConnectAll() {
  if (connected_) {
    return true;
  }
  edge_lane_.Do([&](Receiver& receiver) {
    receiver.Open(cluster_->edge().serves(), Requests({}));
    connected_ = receiver.Run([&] { return receiver.all_connected(); }, kPatience);
  });
  return connected_ || Fail("not all streams could be connected");
}

bool Measures::MeasureMemory() {
  const pid_t edge = cluster_->edge().pid();
  WaitUntilIdle(edge);
  const Memory before = MemoryOf(edge);
  if (!ConnectAll()) {
    return false;
  }
  WaitUntilIdle(edge);
  const Memory after = MemoryOf(edge);
  const auto streams = static_cast<double>(options_.streams);
  const double dirty =
      static_cast<double>(after.private_dirty_bytes - before.private_dirty_bytes) / streams;
  const double resident =
      static_cast<double>(after.resident_bytes - before.resident_bytes) / streams;
  Add({"memory", "user-space memory per idle stream", "bytes", 4096, true, dirty,
       "private dirty; resident " + Rounded(resident) + "; " + std::to_string(options_.streams) +
           " streams"});
  return true;
}

bool Measures::StartBareLoop() {
  bare_at_ = {"127.0.0.2", test::FreePort("127.0.0.2")};
  auto process = test::Process::Start({std::filesystem::read_symlink("/proc/self/exe").string(),
                                       "--bare-loop", bare_at_.host, std::to_string(bare_at_.port)},
                                      "/dev/stderr");
  if (!process.ok()) {
    return Fail("the bare loop did not start");
  }
  bare_loop_ = *std::move(process);
  const auto deadline = Clock::now() + kPatience;
  while (!test::Connect(bare_at_, std::chrono::seconds(1)).ok()) {
    if (Clock::now() > deadline) {
      return Fail("the bare loop does not answer");
    }
  }
  bool connected = false;
  bare_lane_.Do([&](Receiver& receiver) {
    receiver.Open(bare_at_, Requests({}));
    connected = receiver.Run([&] { return receiver.all_connected(); }, kPatience);
  });
  return connected || Fail("not all streams of the bare loop could be connected");
}

double Measures::BroadcastOnce() {
  edge_lane_.Do([&](Receiver& receiver) { receiver.ExpectEach(++broadcasts_); });
  double millis = -1;
  const auto began = Clock::now();
  edge_lane_.Begin([&](Receiver& receiver) {
    if (receiver.Run([&] { return receiver.all_have_enough(); }, kPatience)) {
      millis = MillisSince(began);
    }
  });
  const bool published = publisher_->Broadcast("Maintenance at noon");
  edge_lane_.Wait();
  return published ? millis : -1;
}

double Measures::FireOnce() {
  std::string frame;
  edge_lane_.Do([&](Receiver& receiver) { frame = receiver.last_frame(); });
  double millis = -1;
  bare_lane_.Do([&](Receiver& receiver) {
    receiver.ExpectEach(broadcasts_);
    auto control = test::Connect(bare_at_, kPatience);
    if (!control.ok()) {
      return;
    }
    const auto began = Clock::now();
    if (!test::SendAll(*control, FireCommand(frame), kPatience).ok()) {
      return;
    }
    if (receiver.Run([&] { return receiver.all_have_enough(); }, kPatience)) {
      millis = MillisSince(began);
    }
  });
  return millis;
}

bool Measures::MeasureBroadcast() {
  if (!ConnectAll() || !StartBareLoop()) {
    return false;
  }
  std::vector<double> edge, bare;
  for (int i = 0; i < options_.rounds + kWarmUps; ++i) {
    const double ours = BroadcastOnce();
    const double theirs = FireOnce();
    if (ours < 0 || theirs < 0) {
      return Fail("a broadcast did not reach every stream");
    }
    if (i < kWarmUps) {
      continue;
    }
    edge.push_back(ours);
    bare.push_back(theirs);
  }
  Add({"broadcast", "one broadcast to all streams, times a bare epoll loop", "x", 1.3, true,
       Median(edge) / Median(bare),
       "edge " + Rounded(Median(edge)) + " ms (" + Spread(edge) + "), bare loop " +
           Rounded(Median(bare)) + " ms (" + Spread(bare) + "), medians of " +
           std::to_string(edge.size())});
  bare_lane_.Do([](Receiver& receiver) { receiver.CloseAll(); });
  bare_loop_.reset();
  return true;
}

bool Measures::MeasureLatency() {
  if (!ConnectAll()) {
    return false;
  }
  std::vector<std::int64_t> latencies;
  std::atomic<std::size_t> expected = std::numeric_limits<std::size_t>::max();
  bool all = false;
  edge_lane_.Begin([&](Receiver& receiver) {
    receiver.RecordLatencies(&latencies);
    all =
        receiver.Run([&] { return latencies.size() >= expected; }, kPatience + options_.load_time);
    receiver.RecordLatencies(nullptr);
  });
  Hops hops(*cluster_);
  const CpuWatch cpu(Pids());
  const Published published = publisher_->AtRate(options_.rate, options_.load_time, users_);
  const std::string busy = cpu.Report();
  expected = published.acknowledged;
  edge_lane_.Wait();
  if (!all || latencies.empty()) {
    return Fail("not everything that was acknowledged arrived");
  }
  std::sort(latencies.begin(), latencies.end());
  const std::string detail = Rounded(published.per_second) + " acknowledged/s, " +
                             std::to_string(published.failed) + " failed; max " +
                             Rounded(PercentileMillis(latencies, 1)) + " ms; mean of " +
                             hops.Report() + "; " + busy;
  Add({"latency_p50", "producer to socket at " + Rounded(options_.rate) + "/s, median", "ms", 2,
       true, PercentileMillis(latencies, 0.5), detail});
  Add({"latency_p99", "the same, 99th percentile", "ms", 10, true,
       PercentileMillis(latencies, 0.99), detail});
  return true;
}

bool Measures::MeasureReconnects() {
  const std::string each = std::to_string(kMissedEach);
  return ComeBack("reconnects", "all streams come back, each to " + each + " missed of its own",
                  [&] {
                    return publisher_->TellEach(users_, kMissedEach).acknowledged ==
                           users_.size() * kMissedEach;
                  });
}

bool Measures::MeasureMissedBroadcasts() {
  const std::string each = std::to_string(kMissedEach);
  return ComeBack("missed_broadcasts", "all streams come back to the same " + each + " broadcasts",
                  [&] {
                    bool published = true;
                    for (std::size_t i = 0; i < kMissedEach; ++i) {
                      published = publisher_->Broadcast("Maintenance at noon") && published;
                    }
                    return published;
                  });
}

bool Measures::ComeBack(const std::string& name, const std::string& what,
                        const std::function<bool()>& publish) {
  if (!ConnectAll()) {
    return false;
  }
  std::vector<double> millis;
  std::string busy;
  for (int i = 0; i < std::max(3, options_.rounds / 2); ++i) {
    std::vector<std::string> cursors;
    edge_lane_.Do([&](Receiver& receiver) {
      for (std::size_t s = 0; s < users_.size(); ++s) {
        cursors.push_back(receiver.cursor(s));
      }
      receiver.CloseAll();
    });
    connected_ = false;
    if (!publish()) {
      return Fail("what was to be missed could not be published");
    }
    WaitUntilIdle(cluster_->edge().pid());
    auto requests = Requests(cursors);
    const CpuWatch cpu(Pids());
    std::size_t told = 0, lost = 0;
    edge_lane_.Do([&](Receiver& receiver) {
      receiver.Open(cluster_->edge().serves(), std::move(requests));
      receiver.ExpectEach(kMissedEach);
      const auto began = Clock::now();
      connected_ = receiver.Run([&] { return receiver.all_have_enough(); }, kPatience);
      millis.push_back(MillisSince(began));
      told = receiver.told();
      lost = receiver.lost();
    });
    busy = cpu.Report();
    if (!connected_) {
      return Fail("not every stream got what it had missed: " + std::to_string(told) +
                  " received, " + std::to_string(lost) + " connections lost");
    }
  }
  Add({name, what, "s", 2, true, Median(millis) / 1000,
       Spread(millis) + " ms over " + std::to_string(millis.size()) + " rounds; " + busy});
  return true;
}

bool Measures::MeasureThroughput() {
  constexpr std::size_t kCallers = 4, kWindow = 2000, kBatch = 500;
  edge_lane_.Do([](Receiver& receiver) { receiver.CloseAll(); });
  connected_ = false;
  WaitUntilIdle(cluster_->edge().pid());
  const CpuWatch stream_cpu(Pids());
  const Published streams = publisher_->SaturateStreams(kCallers, kWindow, options_.load_time / 2);
  const std::string stream_busy = stream_cpu.Report();
  WaitUntilIdle(cluster_->edge().pid());
  const CpuWatch batch_cpu(Pids());
  const Published batches = publisher_->SaturateBatches(kCallers, kBatch, options_.load_time / 2);
  const std::string batch_busy = batch_cpu.Report();
  if (streams.failed + batches.failed > 0) {
    std::fprintf(stderr, "bench: some were not acknowledged\n");
  }
  const bool stream_wins = streams.per_second > batches.per_second;
  Add({"throughput", "fsync-acknowledged notifications", "1/s", 20'000, false,
       std::max(streams.per_second, batches.per_second),
       "NotifyStream " + Rounded(streams.per_second) + "/s (" + std::to_string(streams.failed) +
           " failed), NotifyBatch " + Rounded(batches.per_second) + "/s (" +
           std::to_string(batches.failed) + " failed); " +
           (stream_wins ? stream_busy : batch_busy)});
  return true;
}

}  // namespace belfry::bench
