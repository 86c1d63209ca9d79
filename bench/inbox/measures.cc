// SPDX-License-Identifier: Apache-2.0
#include "bench/inbox/measures.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <thread>
#include <utility>

#include "bench/inbox/stores.h"
#include "bench/smoke/numbers.h"
#include "bench/smoke/proc_stats.h"
#include "tests/support/temp_dir.h"

namespace belfry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kKinds = 20;
constexpr std::size_t kLeftUnread = 20;
constexpr std::size_t kConnections = 16;
constexpr int kWarmUps = 2;

bool Fail(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  return false;
}

std::vector<std::pair<std::string, pid_t>> Pids(test::Cluster& cluster) {
  std::vector<std::pair<std::string, pid_t>> pids;
  for (test::Node* node : cluster.All()) {
    pids.emplace_back(node->name(), node->pid());
  }
  pids.emplace_back("bench", getpid());
  return pids;
}

// The value of a field of a flat JSON object that has no quotes in its strings.
std::string StringField(const std::string& json, const std::string& name) {
  const std::string begin = "\"" + name + "\":\"";
  const std::size_t at = json.find(begin);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t value = at + begin.size();
  return json.substr(value, json.find('"', value) - value);
}

void WaitUntilIdle(test::Cluster& cluster) {
  bench::WaitUntilIdle(cluster.store().pid());
  bench::WaitUntilIdle(cluster.edge().pid());
}

}  // namespace

InboxMeasures::InboxMeasures(InboxOptions options) : options_(std::move(options)) {}

InboxMeasures::~InboxMeasures() = default;

bool InboxMeasures::Wanted(const std::string& name) const {
  return options_.only.empty() ||
         std::find(options_.only.begin(), options_.only.end(), name) != options_.only.end();
}

void InboxMeasures::Add(Row row) {
  std::fprintf(stderr, "  %-22s %10s %s (%s)\n", row.name.c_str(), Rounded(row.value).c_str(),
               row.unit.c_str(), row.detail.c_str());
  rows_.push_back(std::move(row));
}

bool InboxMeasures::Run() {
  return (!Wanted("disk") || MeasureDisk()) && (!Wanted("broadcast") || MeasureBroadcast()) &&
         Start() && (!Wanted("lists") || MeasureLists()) &&
         (!Wanted("counts") || MeasureCounts()) && (!Wanted("read_all") || MeasureReadAll()) &&
         (!Wanted("states") || MeasureStates()) && (!Wanted("marks") || MeasureMarks()) &&
         (!Wanted("segment") || MeasureSegment());
}

test::ClusterOptions InboxMeasures::StackOptions() const {
  test::ClusterOptions options;
  options.ingest_args = {"--ingest-rate-per-key=0", "--log-level=warn"};
  options.store_args = {"--log-level=warn"};
  // A few users send what many would.
  options.edge_args = {"--log-level=warn", "--edge-cores=1", "--edge-api-per-second=100000",
                       "--edge-api-burst=100000"};
  options.store_args.insert(options.store_args.end(), options_.store_args.begin(),
                            options_.store_args.end());
  options.edge_args.insert(options.edge_args.end(), options_.edge_args.begin(),
                           options_.edge_args.end());
  return options;
}

bool InboxMeasures::Start() {
  cluster_ = std::make_unique<test::Cluster>(StackOptions());
  if (!cluster_->Start()) {
    return Fail("the stack did not start");
  }
  publisher_ = std::make_unique<Publisher>(cluster_->ingest().serves(), cluster_->api_key());
  return true;
}

std::vector<std::string> InboxMeasures::Users(const std::string& name, std::size_t number) const {
  std::vector<std::string> users;
  for (std::size_t i = 0; i < number; ++i) {
    users.push_back(name + "-" + std::to_string(i));
  }
  return users;
}

std::vector<std::string> InboxMeasures::Tokens(const std::vector<std::string>& users) const {
  std::vector<std::string> tokens;
  for (const std::string& user : users) {
    tokens.push_back(cluster_->Token(user));
  }
  return tokens;
}

bool InboxMeasures::MeasureGet(const std::string& name, const std::string& what,
                               const std::string& target, const std::vector<std::string>& tokens,
                               double per_second, double p50_max, double p99_max) {
  HttpLoad api(cluster_->edge().serves(), kConnections);
  const auto request = [&](std::size_t n, Clock::time_point) {
    return ApiRequest("GET " + target, tokens[n % tokens.size()]);
  };
  const auto total =
      static_cast<std::size_t>(per_second * static_cast<double>(options_.load_time.count()));
  api.Run(per_second, total / 10 + 1, request);  // what lies on the disk is in memory then
  const CpuWatch cpu(Pids(*cluster_));
  const Answered answered = api.Run(per_second, total, request);
  if (answered.failed > 0) {
    return Fail(name + ": " + answered.failure);
  }
  const std::string detail = "p50 " + Rounded(answered.Millis(0.5)) + ", p99 " +
                             Rounded(answered.Millis(0.99)) + ", max " +
                             Rounded(answered.Millis(1)) + " ms at " + Rounded(per_second) +
                             "/s; " + cpu.Report();
  if (p50_max > 0) {
    Add({name + "_p50", what + ", median", "ms", p50_max, true, answered.Millis(0.5), detail});
  }
  if (p99_max > 0) {
    Add({name + "_p99", what + ", 99th percentile", "ms", p99_max, true, answered.Millis(0.99),
         detail});
  }
  return true;
}

bool InboxMeasures::ReadOneByOne(HttpLoad& api, const std::string& token,
                                 const std::vector<std::uint64_t>& ids, std::size_t left) {
  constexpr std::size_t kAtOnce = 100;
  for (std::size_t first = left; first < ids.size(); first += kAtOnce) {
    std::string body;
    for (std::size_t i = first; i < std::min(ids.size(), first + kAtOnce); ++i) {
      body += (body.empty() ? "\"" : ",\"") + std::to_string(ids[i]) + "\"";
    }
    if (api.One(ApiRequest("POST /v1/notifications/bulk", token,
                           "{\"op\":\"read\",\"ids\":[" + body + "]}"))
            .empty()) {
      return false;
    }
  }
  return true;
}

bool InboxMeasures::MeasureLists() {
  const auto users = Users("reader", options_.feeds);
  const auto tokens = Tokens(users);
  const Ids ids = publisher_->PublishEach(users, options_.feed, kKinds);
  if (ids.empty()) {
    return Fail("the feeds could not be filled");
  }
  WaitUntilIdle(*cluster_);
  const std::string of = "of a feed of " + std::to_string(options_.feed);
  if (!MeasureGet("list", "list of 20 " + of, "/v1/notifications?limit=20", tokens, options_.rate,
                  1, 5) ||
      !MeasureGet("kind", "the same, one kind of twenty",
                  "/v1/notifications?limit=20&kind=kind-107", tokens, options_.rate / 5, 0, 20)) {
    return false;
  }
  HttpLoad api(cluster_->edge().serves(), 1);
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (!ReadOneByOne(api, tokens[i], ids[i], kLeftUnread)) {
      return Fail("what has been published could not be read");
    }
  }
  WaitUntilIdle(*cluster_);
  return MeasureGet("list_read", "list of 20, all of them read one by one",
                    "/v1/notifications?limit=20", tokens, options_.rate, 1, 5) &&
         MeasureGet("unread", "the 20 unread " + of + ", which are the oldest",
                    "/v1/notifications?limit=20&unread=true", tokens, options_.rate / 20, 0, 20);
}

bool InboxMeasures::MeasureCounts() {
  const auto small = Users("few", options_.feeds);
  const auto large = Users("many", options_.feeds);
  if (publisher_->PublishEach(small, 10, kKinds).empty() ||
      publisher_->PublishEach(large, options_.feed, kKinds).empty()) {
    return Fail("the feeds could not be filled");
  }
  WaitUntilIdle(*cluster_);
  return MeasureGet("counts_10", "counts of a feed of 10", "/v1/counts", Tokens(small),
                    options_.rate, 0.5, 0) &&
         MeasureGet("counts", "counts of a feed of " + std::to_string(options_.feed), "/v1/counts",
                    Tokens(large), options_.rate, 0.5, 0);
}

bool InboxMeasures::MeasureReadAll() {
  const auto rounds = static_cast<std::size_t>(options_.rounds + kWarmUps);
  const auto small = Users("all-few", rounds);
  const auto large = Users("all-many", rounds);
  const Ids few = publisher_->PublishEach(small, 10, kKinds);
  const Ids many = publisher_->PublishEach(large, options_.feed, kKinds);
  if (few.empty() || many.empty()) {
    return Fail("the feeds could not be filled");
  }
  WaitUntilIdle(*cluster_);
  HttpLoad api(cluster_->edge().serves(), 1);
  const auto once = [&](const std::string& token, const std::vector<std::uint64_t>& ids) {
    const std::string answer =
        api.One(ApiRequest("POST /v1/notifications/read-all", token,
                           "{\"upTo\":\"" + std::to_string(ids.back()) + "\"}"));
    return answer.find("\"unreadCount\":0") == std::string::npos
               ? -1
               : static_cast<double>(api.last_ns()) / 1e6;
  };
  const auto small_tokens = Tokens(small), large_tokens = Tokens(large);
  std::vector<double> small_ms, large_ms;
  for (std::size_t i = 0; i < rounds; ++i) {
    const double of_few = once(small_tokens[i], few[i]);
    const double of_many = once(large_tokens[i], many[i]);
    if (of_few < 0 || of_many < 0) {
      return Fail("a read-all did not read all");
    }
    if (i >= kWarmUps) {
      small_ms.push_back(of_few);
      large_ms.push_back(of_many);
    }
  }
  Add({"read_all", "read-all of " + std::to_string(options_.feed) + " unread, times the same of 10",
       "x", 1.2, true, Median(large_ms) / Median(small_ms),
       Rounded(Median(large_ms)) + " ms (" + Spread(large_ms) + ") and " +
           Rounded(Median(small_ms)) + " ms (" + Spread(small_ms) + "), medians of " +
           std::to_string(small_ms.size()) + ", in turns"});
  return true;
}

bool InboxMeasures::MeasureStates() {
  constexpr std::size_t kUsers = 500;
  const auto users = Users("two-tabs", kUsers);
  const auto tokens = Tokens(users);
  const auto total =
      static_cast<std::size_t>(options_.rate * static_cast<double>(options_.load_time.count()));
  const Ids ids = publisher_->PublishEach(users, total / kUsers + 1, kKinds);
  if (ids.empty()) {
    return Fail("the feeds could not be filled");
  }
  std::vector<std::string> streams;
  for (const std::string& token : tokens) {
    streams.push_back(StreamRequest(token, ""));
  }
  std::vector<std::int64_t> latencies;
  bool all = false;
  small_lane_.Do([&](Receiver& receiver) {
    receiver.Open(cluster_->edge().serves(), std::move(streams));
    all = receiver.Run([&] { return receiver.all_connected(); }, kPatience);
  });
  if (!all) {
    return Fail("not all streams could be connected");
  }
  WaitUntilIdle(*cluster_);
  std::atomic<std::size_t> expected = std::numeric_limits<std::size_t>::max();
  small_lane_.Begin([&](Receiver& receiver) {
    receiver.RecordStateLatencies(&latencies);
    all =
        receiver.Run([&] { return latencies.size() >= expected; }, kPatience + options_.load_time);
    receiver.RecordStateLatencies(nullptr);
  });
  HttpLoad api(cluster_->edge().serves(), kConnections);
  const CpuWatch cpu(Pids(*cluster_));
  const Answered answered =
      api.Run(options_.rate, total, [&](std::size_t n, Clock::time_point meant) {
        const std::uint64_t id = ids[n % kUsers][n / kUsers];
        return ApiRequest(
            "POST /v1/notifications/" + std::to_string(id) + "/read", tokens[n % kUsers], {},
            std::to_string(std::chrono::nanoseconds(meant.time_since_epoch()).count()));
      });
  const std::string busy = cpu.Report();
  expected = answered.latencies_ns.size();
  small_lane_.Wait();
  small_lane_.Do([](Receiver& receiver) { receiver.CloseAll(); });
  if (!all || answered.failed > 0) {
    return Fail("not every change reached the other tab " + answered.failure);
  }
  std::sort(latencies.begin(), latencies.end());
  const Answered seen{.latencies_ns = std::move(latencies)};
  Add({"states", "click in one tab until state in the other, median", "ms", 5, true,
       seen.Millis(0.5),
       "p99 " + Rounded(seen.Millis(0.99)) + ", max " + Rounded(seen.Millis(1)) +
           " ms; the click's answer p50 " + Rounded(answered.Millis(0.5)) + ", p99 " +
           Rounded(answered.Millis(0.99)) + " ms; at " + Rounded(options_.rate) + "/s; " + busy});
  return true;
}

bool InboxMeasures::MeasureMarks() {
  constexpr std::size_t kUsers = 2'000;
  constexpr std::size_t kClicks = 256;  // at once
  constexpr std::size_t kEach = 60;
  constexpr std::size_t kBulk = 20;
  const auto users = Users("marker", kUsers);
  const auto tokens = Tokens(users);
  const Ids ids = publisher_->PublishEach(users, kEach, kKinds);
  if (ids.empty()) {
    return Fail("the feeds could not be filled");
  }
  WaitUntilIdle(*cluster_);
  HttpLoad api(cluster_->edge().serves(), kClicks);
  const auto commits = [&] { return cluster_->store().Metric("belfry_store_commits_total"); };
  const double before = commits();
  const CpuWatch cpu(Pids(*cluster_));
  constexpr std::size_t kSingles = kUsers * (kEach - kBulk);
  const Answered singles = api.Run(0, kSingles, [&](std::size_t n, Clock::time_point) {
    const std::uint64_t id = ids[n % kUsers][n / kUsers];
    return ApiRequest("POST /v1/notifications/" + std::to_string(id) + "/read", tokens[n % kUsers]);
  });
  const std::string busy = cpu.Report();
  const double rounds = commits() - before;
  const Answered bulks = api.Run(0, kUsers, [&](std::size_t n, Clock::time_point) {
    std::string list;
    for (std::size_t i = kEach - kBulk; i < kEach; ++i) {
      list += (list.empty() ? "\"" : ",\"") + std::to_string(ids[n][i]) + "\"";
    }
    return ApiRequest("POST /v1/notifications/bulk", tokens[n],
                      "{\"op\":\"read\",\"ids\":[" + list + "]}");
  });
  if (singles.failed + bulks.failed > 0) {
    return Fail("a mark was not acknowledged: " + singles.failure + bulks.failure);
  }
  Add({"marks", "marks read, fsync-acknowledged, one a request, many users at once", "1/s", 10'000,
       false, singles.per_second,
       std::to_string(kClicks) + " clicks at once: p50 " + Rounded(singles.Millis(0.5)) + ", p99 " +
           Rounded(singles.Millis(0.99)) + " ms, " +
           Rounded(static_cast<double>(kSingles) / std::max(1.0, rounds)) + " a commit; " +
           std::to_string(kBulk) + " a request: " +
           Rounded(bulks.per_second * static_cast<double>(kBulk)) + "/s; " + busy});
  return true;
}

bool InboxMeasures::MeasureBroadcast() {
  constexpr std::size_t kSmall = 1'000;
  struct Side {
    Side(const test::ClusterOptions& options, Lane& lane_of_it)
        : cluster(options), lane(lane_of_it) {}
    test::Cluster cluster;
    Lane& lane;
    std::unique_ptr<Publisher> publisher = {};
    std::vector<double> acknowledged_ms = {};
    std::vector<double> received_ms = {};
    std::vector<double> stored = {};     // bytes that the store wrote
    std::vector<double> announced = {};  // bytes that nats-server wrote, to the edge
  };
  const test::TempDir directory;
  std::vector<std::unique_ptr<Side>> sides;
  for (const std::size_t users : {kSmall, options_.known}) {
    auto options = StackOptions();
    options.data = (directory.path() / std::to_string(users)).string();
    MakeKnownUsers(options.data, users, options_.partitions);
    sides.push_back(std::make_unique<Side>(options, sides.empty() ? small_lane_ : large_lane_));
    Side& side = *sides.back();
    if (!side.cluster.Start()) {
      return Fail("the stack did not start");
    }
    side.publisher =
        std::make_unique<Publisher>(side.cluster.ingest().serves(), side.cluster.api_key());
    std::vector<std::string> requests;
    for (std::size_t user = 0; user < kSmall; ++user) {
      requests.push_back(StreamRequest(side.cluster.Token(KnownUser(user)), ""));
    }
    bool connected = false;
    side.lane.Do([&](Receiver& receiver) {
      receiver.Open(side.cluster.edge().serves(), std::move(requests));
      connected = receiver.Run([&] { return receiver.all_connected(); }, kPatience);
    });
    if (!connected) {
      return Fail("not all streams could be connected");
    }
  }
  for (const auto& side : sides) {
    WaitUntilIdle(side->cluster);
  }
  const int rounds = options_.rounds + kWarmUps;
  for (int i = 0; i < rounds; ++i) {
    for (const auto& side : sides) {
      side->lane.Do(
          [&](Receiver& receiver) { receiver.ExpectEach(static_cast<std::size_t>(i) + 1); });
      double received = -1;
      const std::int64_t stored = WrittenBytes(side->cluster.store().pid());
      const std::int64_t announced = WrittenBytes(side->cluster.nats().pid());
      const auto began = Clock::now();
      side->lane.Begin([&](Receiver& receiver) {
        if (receiver.Run([&] { return receiver.all_have_enough(); }, kPatience)) {
          received = MillisSince(began);
        }
      });
      const bool published = side->publisher->Broadcast("Maintenance at noon");
      const double acknowledged = MillisSince(began);
      side->lane.Wait();
      if (!published || received < 0) {
        return Fail("a broadcast did not reach every stream");
      }
      if (i < kWarmUps) {
        continue;
      }
      side->acknowledged_ms.push_back(acknowledged);
      side->received_ms.push_back(received);
      side->stored.push_back(
          static_cast<double>(WrittenBytes(side->cluster.store().pid()) - stored));
      side->announced.push_back(
          static_cast<double>(WrittenBytes(side->cluster.nats().pid()) - announced));
    }
  }
  const Side& small = *sides[0];
  const Side& large = *sides[1];
  const std::string of = "broadcast with " + std::to_string(options_.known) + " known users, ";
  Add({"broadcast", of + "until the last of 1000 streams has it, times 1000 known", "x", 1.2, true,
       Median(large.received_ms) / Median(small.received_ms),
       Rounded(Median(large.received_ms)) + " ms (" + Spread(large.received_ms) + ") and " +
           Rounded(Median(small.received_ms)) + " ms (" + Spread(small.received_ms) +
           "); acknowledged " + Rounded(Median(large.acknowledged_ms)) + " and " +
           Rounded(Median(small.acknowledged_ms)) + " ms; medians of " +
           std::to_string(options_.rounds) + ", in turns"});
  Add({"broadcast_bytes", of + "bytes that the store writes, times 1000 known", "x", 1.2, true,
       Median(large.stored) / Median(small.stored),
       Rounded(Median(large.stored)) + " and " + Rounded(Median(small.stored)) +
           " bytes; nats-server " + Rounded(Median(large.announced)) + " and " +
           Rounded(Median(small.announced)) + ", in " + std::to_string(options_.partitions) +
           " partitions"});
  for (const auto& side : sides) {
    side->lane.Do([](Receiver& receiver) { receiver.CloseAll(); });
  }
  return true;
}

bool InboxMeasures::MeasureSegment() {
  constexpr std::size_t kAtOnce = 1'000;
  const std::string& key = cluster_->api_key();
  HttpLoad backend(cluster_->ingest_http(), 1);
  if (backend.One(ApiRequest("PUT /v1/segments/large", key)).empty()) {
    return Fail("the segment could not be made");
  }
  for (std::size_t member = 0; member < options_.members;) {
    std::string ids;
    for (std::size_t i = 0; i < kAtOnce && member < options_.members; ++i, ++member) {
      ids += (ids.empty() ? "\"member-" : ",\"member-") + std::to_string(member) + "\"";
    }
    if (backend.One(ApiRequest("POST /v1/segments/large/add", key, "{\"userIds\":[" + ids + "]}"))
            .empty()) {
      return Fail("the segment could not be filled");
    }
  }
  WaitUntilIdle(*cluster_);
  HttpLoad others(cluster_->ingest_http(), kConnections);
  const auto publish = [&](std::size_t n, Clock::time_point) {
    return ApiRequest("POST /v1/notify", key,
                      "{\"userId\":\"other-" + std::to_string(n) +
                          "\",\"title\":\"Somebody answered you\",\"body\":\"Come and see\"}");
  };
  const auto second = static_cast<std::size_t>(options_.rate);
  others.Run(options_.rate, second, publish);
  const Answered before = others.Run(
      options_.rate, second * static_cast<std::size_t>(options_.load_time.count()), publish);
  std::atomic<bool> done = false;
  Answered during;
  std::thread load([&] {
    while (!done) {
      Answered some = others.Run(options_.rate, second / 4, publish);
      during.latencies_ns.insert(during.latencies_ns.end(), some.latencies_ns.begin(),
                                 some.latencies_ns.end());
      during.failed += some.failed;
    }
  });
  const CpuWatch cpu(Pids(*cluster_));
  const auto began = Clock::now();
  const std::string id =
      StringField(backend.One(ApiRequest(
                      "POST /v1/notify", key,
                      "{\"segment\":\"large\",\"title\":\"News\",\"body\":\"Come and see\"}")),
                  "operationId");
  std::string operation;
  while (!id.empty() && Clock::now() - began < kPatience * 2) {
    operation = backend.One(ApiRequest("GET /v1/operations/" + id, key));
    if (StringField(operation, "state") != "running") {
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const double millis = MillisSince(began);
  const std::string busy = cpu.Report();
  done = true;
  load.join();
  if (StringField(operation, "state") != "done" || before.failed + during.failed > 0) {
    return Fail("the segment was not notified: " + operation + before.failure);
  }
  std::sort(during.latencies_ns.begin(), during.latencies_ns.end());
  Add({"segment", "a segment of " + std::to_string(options_.members) + " is notified", "s", 15,
       true, millis / 1000,
       Rounded(static_cast<double>(options_.members) / millis * 1000) + " a second; " + busy});
  Add({"segment_others", "meanwhile p99 of other publishes, times that before", "x", 3, true,
       during.Millis(0.99) / before.Millis(0.99),
       Rounded(during.Millis(0.99)) + " ms and " + Rounded(before.Millis(0.99)) + " ms; p50 " +
           Rounded(during.Millis(0.5)) + " and " + Rounded(before.Millis(0.5)) + " ms, at " +
           Rounded(options_.rate) + "/s"});
  return true;
}

bool InboxMeasures::MeasureDisk() {
  constexpr std::size_t kBody = 300;
  const test::TempDir directory;
  const BytesOnDisk bytes =
      MeasureBytesOnDisk((directory.path() / "disk").string(), options_.disk, kBody);
  Add({"disk", "on disk per notification with 300 B of body, read, after compaction", "bytes",
       3 * kBody + 400, true, bytes.read,
       "before it was read " + Rounded(bytes.unread) + "; " + std::to_string(options_.disk) +
           " of 20 a user, each read by a change of its own"});
  return true;
}

}  // namespace belfry::bench
