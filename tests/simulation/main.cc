// SPDX-License-Identifier: Apache-2.0
// belfry-sim: runs the simulation by seeds, and shows one of them step by step.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/simulation/batch.h"

namespace {

constexpr int kKept = 0;
constexpr int kBroken = 1;
constexpr int kMistake = 2;

struct Flags {
  std::uint64_t seeds = 0;
  std::uint64_t from = 1;
  double seconds = 0;
  std::string profile;
  std::uint64_t seed = 0;
  bool trace = false;
  bool coverage = false;
};

void Declare(CLI::App& app, Flags& flags) {
  std::vector<std::string> profiles(belfry::sim::ProfileNames().begin(),
                                    belfry::sim::ProfileNames().end());
  app.add_option("--profile", flags.profile, "only this one; default: seeds take turns")
      ->check(CLI::IsMember(profiles));
  auto* one = app.add_option("--seed", flags.seed, "run this one");
  app.add_flag("--trace", flags.trace, "print every step of it, with the simulated time")
      ->needs(one);
  app.add_option("--seeds", flags.seeds, "run so many")->excludes(one);
  app.add_option("--from", flags.from, "the first of them")->excludes(one);
  app.add_option("--seconds", flags.seconds, "run no longer; without --seeds: that long")
      ->excludes(one);
  app.add_flag("--coverage", flags.coverage, "print how often everything happened")->excludes(one);
}

int RunOne(const Flags& flags) {
  const std::string_view profile =
      flags.profile.empty() ? belfry::sim::ProfileOf(flags.seed) : flags.profile;
  const belfry::sim::Instruments instruments;
  const belfry::sim::Outcome outcome =
      belfry::sim::RunSeed(profile, flags.seed, instruments, flags.trace ? stdout : nullptr);
  std::printf("seed %llu, profile %.*s: %llu steps, hash %016llx\n%s",
              static_cast<unsigned long long>(flags.seed), static_cast<int>(profile.size()),
              profile.data(), static_cast<unsigned long long>(outcome.steps),
              static_cast<unsigned long long>(outcome.trace_hash), outcome.ToString().c_str());
  return outcome.ok() ? kKept : kBroken;
}

int RunMany(const Flags& flags) {
  const auto begin = std::chrono::steady_clock::now();
  const auto passed = [begin] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  belfry::sim::Batch batch;
  bool kept = true;
  for (std::uint64_t seed = flags.from;
       kept && (flags.seeds == 0 || seed - flags.from < flags.seeds) &&
       (flags.seconds == 0 || passed() < flags.seconds);
       ++seed) {
    kept = batch.Run(seed, flags.profile);
  }
  const double seconds = passed();
  if (flags.coverage) {
    std::printf("%s", batch.CoverageTable().c_str());
  }
  std::printf("%s%llu seeds from %llu in %.1f s: %.0f seeds/s, %.0f events/s: %s\n",
              batch.failure().c_str(), static_cast<unsigned long long>(batch.runs()),
              static_cast<unsigned long long>(flags.from), seconds,
              static_cast<double>(batch.runs()) / seconds,
              static_cast<double>(batch.events()) / seconds,
              kept ? "every promise kept" : "BROKEN");
  return kept ? kKept : kBroken;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulates belfry by seeds and judges each run by docs/guarantees.md.");
  Flags flags;
  Declare(app, flags);
  try {
    app.parse(argc, argv);
    if (app.count("--seed") + app.count("--seeds") + app.count("--seconds") == 0) {
      throw CLI::RequiredError("--seed, --seeds or --seconds");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kKept : kMistake;
  }
  return app.count("--seed") > 0 ? RunOne(flags) : RunMany(flags);
}
