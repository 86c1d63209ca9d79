// SPDX-License-Identifier: Apache-2.0
// Many runs one after the other: until one breaks the promise, and with proof that the rest went
// through something.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/world.h"

namespace belfry::sim {

// The profile that a seed runs by itself: seeds in a row take turns.
std::string_view ProfileOf(std::uint64_t seed);

// How to see one run step by step: "./dev chaos sim --profile bus --seed 17 --trace".
std::string ReplayCommand(std::string_view profile, std::uint64_t seed);

class Batch {
 public:
  // Runs one seed; an empty profile means its own. False: it broke the promise, see failure().
  // Should the product's own checks abort, how to replay the seed is said on stderr first.
  bool Run(std::uint64_t seed, std::string_view profile = {});

  std::uint64_t runs() const { return runs_; }
  std::uint64_t events() const { return events_; }
  // The last failed run: its seed, the verdict, how to replay it.
  const std::string& failure() const { return failure_; }
  const Coverage& coverage() const { return coverage_; }

  // Everything that can happen in a simulation, with how often it did, a line each.
  std::string CoverageTable() const;
  // What of that has never happened: a batch over all profiles that is large enough has met all.
  std::vector<std::string> Missing() const;

 private:
  struct Row {
    std::string name;
    double count;
  };
  std::vector<Row> Rows() const;

  const Instruments instruments_{};
  Coverage coverage_;
  std::array<std::size_t, test::kClauses.size()> judged_{};  // by clause
  std::array<std::size_t, kAccessRules> access_judged_{};    // by rule
  std::uint64_t runs_ = 0;
  std::uint64_t events_ = 0;
  std::string failure_;
};

}  // namespace belfry::sim
