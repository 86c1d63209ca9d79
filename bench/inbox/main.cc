// SPDX-License-Identifier: Apache-2.0
// belfry-bench-inbox: starts belfry as it is and measures what an inbox's users wait for, beside
// the bars.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "bench/inbox/measures.h"

int main(int argc, char** argv) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);

  belfry::bench::InboxOptions options;
  std::int64_t seconds = options.load_time.count();
  bool json = false;
  CLI::App app(
      "Starts nats-server and the binaries beside itself (or in $BELFRY_BIN_DIR) on loopback, with "
      "data in a temporary directory ($TMPDIR), and measures lists, counts, changes and "
      "broadcasts");
  app.add_flag("--json", json, "print JSON");
  app.add_option(
      "--only", options.only,
      "lists, counts, read_all, states, marks, segment, broadcast, disk; may be repeated");
  app.add_option("--feed", options.feed, "notifications of a large feed")
      ->check(CLI::Range(100, 1'000'000));
  app.add_option("--known", options.known, "users whom the large project knows");
  app.add_option("--partitions", options.partitions, "of the stores that a broadcast goes to");
  app.add_option("--members", options.members, "of the segment");
  app.add_option("--disk", options.disk, "notifications whose bytes are counted");
  app.add_option("--rounds", options.rounds, "of what is repeated; the median counts")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", seconds, "of what goes on for a while")->check(CLI::Range(1, 3'600));
  app.add_option("--rate", options.rate, "requests per second")->check(CLI::Range(20.0, 100'000.0));
  app.add_option("--store-arg", options.store_args, "added to the store's command line");
  app.add_option("--edge-arg", options.edge_args, "added to the edge's");
  CLI11_PARSE(app, argc, argv);
  options.load_time = std::chrono::seconds(seconds);

  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  setenv("BELFRY_BIN_DIR", self.parent_path().c_str(), 0);
  options.store_args.push_back("--store-partitions=" + std::to_string(options.partitions));
  belfry::bench::InboxMeasures measures(std::move(options));
  const bool measured = measures.Run();
  json ? belfry::bench::PrintJson(measures.rows()) : belfry::bench::PrintTable(measures.rows());
  return measured ? 0 : 1;
}
