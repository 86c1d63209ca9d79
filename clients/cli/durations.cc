// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/durations.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <map>

namespace belfry::cli {

using std::chrono::milliseconds;

namespace {

// "90s" to milliseconds.
CLI::Validator Duration() {
  static const std::map<std::string, std::int64_t> kUnits = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  return CLI::AsNumberWithUnit(
      kUnits,
      CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::UNIT_REQUIRED |
                                     CLI::AsNumberWithUnit::CASE_SENSITIVE),
      "");
}

}  // namespace

void AddDuration(CLI::App* app, const std::string& name, milliseconds* value,
                 const std::string& help) {
  app->add_option_function<std::int64_t>(
         name, [value](const std::int64_t& millis) { *value = milliseconds(millis); }, help)
      ->transform(Duration().description(""))
      ->type_name("90s|10m|1h");
}

}  // namespace belfry::cli
