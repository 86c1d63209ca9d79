// SPDX-License-Identifier: Apache-2.0
// The variables that the command line uses: the process's own, and where one is not set, that of
// the stack started by ./dev up (.belfry/dev.env, here or in a folder above).
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace belfry::cli {

class Environment {
 public:
  // Reads the nearest .belfry/dev.env of `directory` and the folders above it.
  static Environment OfProcess(const std::filesystem::path& directory);

  // Exactly these (tests).
  explicit Environment(std::map<std::string, std::string> variables)
      : variables_(std::move(variables)) {}

  // The value of `name` ("BELFRY_API_KEY"), or `fallback` when it is not set or empty.
  std::string Get(const std::string& name, std::string_view fallback = "") const;

 private:
  std::map<std::string, std::string> variables_;
};

// KEY=value lines; those whose key does not begin with BELFRY_ are left out, as is what is no such
// line.
std::map<std::string, std::string> ParseDevEnv(std::string_view text);

}  // namespace belfry::cli
