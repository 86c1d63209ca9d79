// SPDX-License-Identifier: Apache-2.0
// A command's own flags, and the service's settings, which every command reads as the service does.
#pragma once

#include <CLI/CLI.hpp>
#include <iosfwd>
#include <optional>
#include <string>

#include "services/store/config.h"

namespace belfry::store {

class CommandLine {
 public:
  // `name` as in "belfry-store check".
  CommandLine(std::string name, const std::string& description);

  // To declare flags with.
  CLI::App& flags() { return flags_; }
  // Reads the words after the command's name: its own flags, then what is left as settings, with
  // variables and --config as always. Help and mistakes are printed; then, the exit code.
  std::optional<int> Parse(int argc, const char* const* argv, std::ostream& out, std::ostream& err);

  const std::string& name() const { return name_; }
  // As loaded; `data` may be overridden by a flag.
  Config& config() { return config_; }

 private:
  const std::string name_;
  CLI::App flags_;
  Config config_;
};

}  // namespace belfry::store
