// SPDX-License-Identifier: Apache-2.0
// belfry-bench-smoke: starts belfry as it is, measures six numbers, prints them beside the
// targets.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "bench/smoke/bare_loop.h"
#include "bench/smoke/measures.h"
#include "bench/smoke/report.h"

namespace {

constexpr char kUsage[] =
    "belfry-bench-smoke [--json] [--streams N] [--rounds N] [--seconds N] [--rate N]\n"
    "                   [--only "
    "memory|broadcast|latency|reconnects|missed_broadcasts|throughput]...\n"
    "                   [--edge-cores N] [--edge-arg=--FLAG]... [--store-arg=--FLAG]...\n"
    "                   [--ingest-arg=--FLAG]...\n"
    "Starts nats-server and the binaries beside itself (or in $BELFRY_BIN_DIR) on loopback, with\n"
    "data in a temporary directory ($TMPDIR), and measures what belfry promises to be fast at.\n";

}  // namespace

int main(int argc, char** argv) {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  if (argc == 4 && std::strcmp(argv[1], "--bare-loop") == 0) {
    belfry::bench::ServeBareLoop({argv[2], static_cast<std::uint16_t>(std::atoi(argv[3]))});
  }

  belfry::bench::Options options;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--json") {
      json = true;
    } else if (argument == "--streams") {
      options.streams = std::strtoull(value, nullptr, 10);
      ++i;
    } else if (argument == "--rounds") {
      options.rounds = std::atoi(value);
      ++i;
    } else if (argument == "--seconds") {
      options.load_time = std::chrono::seconds(std::atoi(value));
      ++i;
    } else if (argument == "--rate") {
      options.rate = std::atof(value);
      ++i;
    } else if (argument == "--only") {
      options.only.emplace_back(value);
      ++i;
    } else if (argument == "--edge-cores") {
      options.edge_cores = value;
      ++i;
    } else if (argument.starts_with("--edge-arg=")) {
      options.edge_args.emplace_back(argument.substr(11));
    } else if (argument.starts_with("--ingest-arg=")) {
      options.ingest_args.emplace_back(argument.substr(13));
    } else if (argument.starts_with("--store-arg=")) {
      options.store_args.emplace_back(argument.substr(12));
    } else {
      std::fputs(kUsage, argument == "--help" ? stdout : stderr);
      return argument == "--help" ? 0 : 2;
    }
  }
  if (options.streams == 0 || options.rounds < 1 || options.load_time.count() < 2) {
    std::fputs(kUsage, stderr);
    return 2;
  }

  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  setenv("BELFRY_BIN_DIR", self.parent_path().c_str(), 0);
  belfry::bench::Measures measures(std::move(options));
  const bool measured = measures.Run();
  json ? belfry::bench::PrintJson(measures.rows()) : belfry::bench::PrintTable(measures.rows());
  return measured ? 0 : 1;
}
