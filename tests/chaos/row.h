// SPDX-License-Identifier: Apache-2.0
// One attack on a running belfry, and what came of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace belfry::chaos {

class Scene;

// What a row needs of the machine beside belfry's own binaries; without it the row is skipped.
enum class Need {
  kMounts,   // root, and a mount namespace of its own
  kNetwork,  // root, network namespaces, ip and nft
  kLoop,     // loop devices with ext4
  kShim,     // the fault shim beside this program
};

struct Row {
  std::string name;
  std::string expected;  // one sentence
  // Sets up, breaks, lets recover; `scene` keeps the books and is judged afterwards.
  void (*run)(Scene& scene);
  std::vector<Need> needs = {};
  bool quick = false;  // in the subset that ./dev test runs
  int rounds = 1;
  int rounds_long = 1;
  std::chrono::seconds round_max{60};  // beyond it the row is broken
};

struct Outcome {
  enum class Verdict { kKept, kBroken, kSkipped };
  std::string row;
  std::string expected;
  Verdict verdict = Verdict::kBroken;
  std::string why;  // it is broken, or skipped
  // The longest of all rounds, from the fault's end, or from its beginning where it has none, until
  // publishes were acknowledged again and all that was acknowledged by then was delivered to every
  // stream.
  std::optional<double> recovery_s;
  int rounds = 0;
  std::size_t acknowledged = 0;
  std::size_t unknown = 0;
  std::size_t rejected = 0;
  std::size_t told = 0;
  std::size_t resets = 0;
  std::vector<std::string> notes;
  double seconds = 0;  // of the whole row
  std::string left;    // where a broken row's history and logs are
};

// The options of one run of a row.
struct RunOptions {
  int rounds = 1;
  std::uint64_t seed = 1;
  std::string directory;  // its own; history and logs go there
};

}  // namespace belfry::chaos
