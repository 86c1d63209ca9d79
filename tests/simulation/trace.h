// SPDX-License-Identifier: Apache-2.0
// What happened in a simulation, step by step: printed when asked for, and always hashed, so that
// two runs of one seed can be compared.
#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string_view>

#include "tests/simulation/scheduler.h"

namespace belfry::sim {

class Trace {
 public:
  struct Field {
    std::string_view name;
    std::uint64_t number = 0;
    std::string_view text = {};  // instead of the number, unless empty
  };
  static Field Text(std::string_view name, std::string_view text) { return {name, 0, text}; }

  // `out`: where steps are printed; null: nowhere.
  Trace(const Scheduler& scheduler, std::FILE* out) : scheduler_(scheduler), out_(out) {}

  // "   1.234567 edge-1 fills a hole  partition=2 after=1700000000123456"
  void Step(std::string_view who, std::string_view what, std::initializer_list<Field> fields = {});

  std::uint64_t hash() const { return hash_; }
  std::uint64_t steps() const { return steps_; }

 private:
  void Mix(std::uint64_t number);
  void Mix(std::string_view text);

  const Scheduler& scheduler_;
  std::FILE* const out_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t steps_ = 0;
};

}  // namespace belfry::sim
