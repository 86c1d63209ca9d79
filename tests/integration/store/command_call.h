// SPDX-License-Identifier: Apache-2.0
// `belfry-store COMMAND` called in this process.
#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "services/store/commands/commands.h"

namespace belfry::store {

struct Called {
  std::optional<int> exit;
  std::string out;
  std::string err;
};

inline Called Call(std::vector<std::string> words) {
  words.insert(words.begin(), "belfry-store");
  std::vector<const char*> argv;
  for (const std::string& word : words) {
    argv.push_back(word.c_str());
  }
  std::ostringstream out;
  std::ostringstream err;
  const auto exit = RunCommand(static_cast<int>(argv.size()), argv.data(), out, err);
  return {exit, out.str(), err.str()};
}

}  // namespace belfry::store
