// SPDX-License-Identifier: Apache-2.0
// The implementation of Settings: the declared settings and the mistakes found so far. Internal to
// this room. Not thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/config.h"

namespace belfry {
namespace config {

// "--store-grpc"
std::string FlagOf(std::string_view name);

// One setting. `parse` writes the value if it is allowed, and returns whether it is.
struct Setting {
  SettingInfo info;
  std::string type;     // in --help: "HOST:PORT"
  std::string allowed;  // in mistakes: "1 to 1024"
  bool is_flag = false;
  std::function<bool(std::string_view)> parse;
  std::function<std::string()> print;  // as TOML
  std::function<bool()> empty = [] { return false; };
  std::string source = "default";  // where the value comes from
};

}  // namespace config

struct Settings::Impl {
  using Setting = config::Setting;

  std::string program;
  std::string description;
  std::string version;
  std::vector<Setting> settings;
  std::vector<std::function<std::optional<ConfigMistake>()>> rules;
  std::vector<std::string> mistakes;  // lines

  // Null if there is none of that name.
  Setting* Find(std::string_view name);
  void Add(Setting setting);

  // Notes that `value` from `source` is not allowed.
  void Mistake(std::string_view name, std::string_view value, std::string_view source,
               std::string_view allowed, bool secret);
  // Notes a name that is no setting: what may have been meant, and a mask if that is a secret.
  void Unknown(std::string_view shown_name, std::string_view name, std::string_view value,
               std::string_view source, std::string_view what, bool as_flag);
  void Apply(Setting& setting, std::string_view value, std::string source);

  // The sources, in the order of their weight.
  void ReadFrom(const std::string& path, const std::string& source);
  void ReadVariables();
  // Variables with our prefix that can only be a mistake: they are named like this service's
  // settings, or almost like one of them. Others are another process's, or an orchestrator's.
  void ReadUnknownVariables();
  // `words` are what the command line has beyond known flags, in order.
  void ReadUnknownFlags(const std::vector<std::string>& words);

  void CheckRequired();
  void CheckRules();
};

}  // namespace belfry
