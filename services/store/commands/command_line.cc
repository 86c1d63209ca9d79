// SPDX-License-Identifier: Apache-2.0
#include "services/store/commands/command_line.h"

#include <ostream>
#include <utility>
#include <vector>

#include "libs/common/config.h"
#include "libs/version/version.h"
#include "services/store/commands/commands.h"

namespace belfry::store {

CommandLine::CommandLine(std::string name, const std::string& description)
    : name_(std::move(name)), flags_(description, name_) {
  flags_.allow_extras();
  flags_.footer(
      "The service's settings are read as it reads them (--store-data, --config, BELFRY_ "
      "variables;\n"
      "belfry-store --help lists them), so that the same environment leads to the same store.");
}

std::optional<int> CommandLine::Parse(int argc, const char* const* argv, std::ostream& out,
                                      std::ostream& err) {
  const std::vector<std::string> words(argv, argv + argc);
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    flags_.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return flags_.exit(error, out, err) == 0 ? kDone : kUsage;
  }
  const std::vector<std::string> rest = flags_.remaining();
  std::vector<const char*> settings_argv = {name_.c_str()};
  for (const std::string& word : rest) {
    settings_argv.push_back(word.c_str());
  }
  Settings settings(name_, flags_.get_description(), VersionText("belfry-store", StorageFormat()));
  Declare(settings, config_);
  switch (settings.Load(static_cast<int>(settings_argv.size()), settings_argv.data(), out, err)) {
    case Settings::Outcome::kExitOk:
      return kDone;
    case Settings::Outcome::kExitMistakes:
      return kUsage;
    case Settings::Outcome::kRun:
      break;
  }
  return std::nullopt;
}

}  // namespace belfry::store
