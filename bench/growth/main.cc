// SPDX-License-Identifier: Apache-2.0
// belfry-bench-growth: what belfry's users wait for, on stores of several sizes side by side. Every
// store is filled once; then each round measures all of them in turn, on a stack of real processes.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/growth/filler.h"
#include "bench/inbox/http_load.h"
#include "bench/smoke/lane.h"
#include "bench/smoke/numbers.h"
#include "bench/smoke/proc_stats.h"
#include "bench/smoke/publisher.h"
#include "libs/common/check.h"
#include "tests/support/cluster/cluster.h"

namespace belfry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{120};
constexpr std::size_t kMissedEach = 5;
constexpr std::size_t kListsAtOnce = 32;

// A store of one size, and what was measured on it, a value per round.
struct Size {
  Population population;
  std::string directory;
  std::vector<double> list_ms = {};
  std::vector<double> connect_ms = {};
  std::vector<double> reconnect_ms = {};
  std::vector<double> publish_ms = {};
};

void Fill(const Size& size) {
  const SystemClock clock;
  auto store = store::RocksStore::Open({.directory = size.directory}, clock, {});
  BELFRY_CHECK(store.ok());
  Filler(**store).Fill(size.population);
  BELFRY_CHECK((*store)->CloseCleanly().ok());
}

std::vector<std::string> Requests(const test::Cluster& cluster,
                                  const std::vector<std::string>& users,
                                  const std::vector<std::string>& cursors) {
  std::vector<std::string> requests;
  for (std::size_t i = 0; i < users.size(); ++i) {
    requests.push_back(
        StreamRequest(cluster.Token(users[i]), cursors.empty() ? std::string() : cursors[i]));
  }
  return requests;
}

// Connects all, and waits until each has `missed`; the milliseconds that takes.
std::optional<double> Connect(Lane& lane, const test::Endpoint& edge,
                              std::vector<std::string> requests, std::size_t missed) {
  std::optional<double> millis;
  lane.Do([&](Receiver& receiver) {
    receiver.Open(edge, std::move(requests));
    receiver.ExpectEach(missed);
    const auto began = Clock::now();
    const auto done = [&] { return receiver.all_connected() && receiver.all_have_enough(); };
    if (receiver.Run(done, kPatience)) {
      millis = MillisSince(began);
    }
  });
  return millis;
}

// Each user lists their newest five, so many at once; the milliseconds until all are answered.
std::optional<double> ListEach(test::Cluster& cluster, const std::vector<std::string>& users) {
  std::vector<std::string> requests;
  for (const std::string& user : users) {
    requests.push_back(ApiRequest("GET /v1/notifications?limit=5", cluster.Token(user)));
  }
  HttpLoad api(cluster.edge().serves(), kListsAtOnce);
  const auto began = Clock::now();
  const Answered answered = api.Run(
      0, requests.size(), [&](std::size_t n, HttpLoad::Clock::time_point) { return requests[n]; });
  if (answered.failed > 0) {
    std::fprintf(stderr, "bench: list: %s\n", answered.failure.c_str());
    return std::nullopt;
  }
  return MillisSince(began);
}

// One round on one store; false, with the reason on stderr, if something does not end.
bool MeasureOnce(Size& size, Lane& lane, const std::string& cache) {
  test::ClusterOptions options;
  options.data = size.directory;
  options.ingest_args = {"--ingest-rate-per-key=0", "--log-level=warn"};
  options.store_args = {"--log-level=warn", "--store-block-cache=" + cache};
  options.edge_args = {"--log-level=warn", "--edge-cores=1"};
  test::Cluster cluster(options);
  if (!cluster.Start()) {
    std::fputs("bench: the stack did not start\n", stderr);
    return false;
  }
  Publisher publisher(cluster.ingest().serves(), cluster.api_key());
  std::vector<std::string> users;
  for (std::uint64_t i = 0; i < size.population.measured; ++i) {
    users.push_back(size.population.MeasuredUser(i));
  }
  const auto settle = [&] {
    WaitUntilIdle(cluster.store().pid());
    WaitUntilIdle(cluster.edge().pid());
  };
  settle();
  const auto list = ListEach(cluster, users);  // of a store that has just started
  settle();
  const auto connect = Connect(lane, cluster.edge().serves(), Requests(cluster, users, {}), 0);
  std::vector<std::string> cursors;
  lane.Do([&](Receiver& receiver) {
    for (std::size_t i = 0; i < users.size(); ++i) {
      cursors.push_back(receiver.cursor(i));
    }
    receiver.CloseAll();
  });
  settle();
  const auto began = Clock::now();
  const bool published =
      publisher.TellEach(users, kMissedEach).acknowledged == users.size() * kMissedEach;
  const double publish = MillisSince(began);
  settle();
  const auto reconnect =
      Connect(lane, cluster.edge().serves(), Requests(cluster, users, cursors), kMissedEach);
  lane.Do([](Receiver& receiver) { receiver.CloseAll(); });
  if (!list || !connect || !published || !reconnect) {
    std::fputs("bench: a measure did not end\n", stderr);
    return false;
  }
  size.list_ms.push_back(*list);
  size.connect_ms.push_back(*connect);
  size.publish_ms.push_back(publish);
  size.reconnect_ms.push_back(*reconnect);
  std::fprintf(
      stderr,
      "  %10lu entries: list %.0f ms, connect %.0f ms, publish %.0f ms, reconnect %.0f ms\n",
      static_cast<unsigned long>(size.population.entries), *list, *connect, publish, *reconnect);
  return true;
}

void Print(const std::vector<Size>& sizes) {
  std::printf("%-12s", "entries");
  for (const Size& size : sizes) {
    std::printf(" %22lu", static_cast<unsigned long>(size.population.entries));
  }
  std::printf("\n");
  const auto row = [&](const char* name, std::vector<double> Size::*measured) {
    const double first = Median(sizes.front().*measured);
    std::printf("%-12s", name);
    for (const Size& size : sizes) {
      const double median = Median(size.*measured);
      std::printf(" %10.0f ms (x %5.2f)", median, median / first);
    }
    std::printf("\n");
  };
  row("list", &Size::list_ms);
  row("connect", &Size::connect_ms);
  row("reconnect", &Size::reconnect_ms);
  row("publish", &Size::publish_ms);
}

}  // namespace
}  // namespace belfry::bench

int main(int argc, char** argv) {
  using namespace belfry::bench;
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);

  std::vector<std::uint64_t> scales = {0, 1'000'000, 3'000'000, 10'000'000};
  std::uint64_t streams = 10'000;
  int rounds = 3;
  std::string cache = "64MiB";
  std::string directory = (std::filesystem::temp_directory_path() / "belfry-growth").string();
  bool keep = false;
  CLI::App app(
      "What it takes that each user lists their newest 5, connects, is notified 5 times and comes "
      "back to that, on stores of several sizes: medians, and their ratio to the first size");
  app.add_option("--entries", scales, "entries in each store")->delimiter(',');
  app.add_option("--streams", streams, "users that connect and come back");
  app.add_option("--rounds", rounds, "rounds over all stores; the medians count");
  app.add_option("--cache", cache, "the store's --store-block-cache");
  app.add_option("--directory", directory,
                 "where the stores lie; emptied before and afterwards, unless --keep is given");
  app.add_flag("--keep", keep,
               "go on with the stores that are there, fill those that are not, and leave all");
  CLI11_PARSE(app, argc, argv);

  Lane lane;  // before all that opens descriptors
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  setenv("BELFRY_BIN_DIR", self.parent_path().c_str(), 0);
  if (!keep) {
    std::filesystem::remove_all(directory);
  }
  std::vector<Size> sizes;
  for (const std::uint64_t entries : scales) {
    sizes.push_back({{entries, streams}, directory + "/" + std::to_string(entries)});
    if (keep && std::filesystem::exists(sizes.back().directory)) {
      continue;
    }
    std::fprintf(stderr, "filling a store with %lu entries\n", static_cast<unsigned long>(entries));
    Fill(sizes.back());
  }
  bool measured = true;
  for (int round = 0; measured && round < rounds; ++round) {
    for (Size& size : sizes) {
      measured = measured && MeasureOnce(size, lane, cache);
    }
  }
  if (measured && rounds > 0) {
    Print(sizes);
  }
  if (!keep) {
    std::filesystem::remove_all(directory);
  }
  return measured ? 0 : 1;
}
