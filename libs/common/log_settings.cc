// SPDX-License-Identifier: Apache-2.0
#include "libs/common/log_settings.h"

#include <array>
#include <utility>
#include <vector>

#include "libs/common/check.h"

namespace belfry {
namespace {

constexpr std::array kLevels = {
    std::pair{"debug", LogLevel::kDebug}, std::pair{"info", LogLevel::kInfo},
    std::pair{"warn", LogLevel::kWarn}, std::pair{"error", LogLevel::kError},
    std::pair{"off", LogLevel::kOff}};
constexpr std::array kFormats = {std::pair{"auto", LogFormat::kAuto},
                                 std::pair{"json", LogFormat::kJson},
                                 std::pair{"console", LogFormat::kConsole}};

std::vector<std::string> Names(const auto& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& [name, value] : table) {
    names.emplace_back(name);
  }
  return names;
}

auto Find(const auto& table, const std::string& wanted) {
  for (const auto& [name, value] : table) {
    if (wanted == name) {
      return value;
    }
  }
  BELFRY_CHECK(!"a name that Settings::Load does not let through");
  return table.front().second;
}

}  // namespace

void DeclareLog(Settings& settings, LogSettings& log) {
  settings.AddChoice({.name = "log_level", .help = "the lowest level that is written"}, &log.level,
                     Names(kLevels));
  settings.AddChoice({.name = "log_format", .help = "auto: console on a terminal, else json"},
                     &log.format, Names(kFormats));
}

Log MakeLog(std::string service, const LogSettings& log) {
  return Log::Make(std::move(service), Find(kLevels, log.level), Find(kFormats, log.format));
}

}  // namespace belfry
