// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <system_error>

#include "clients/cli/commands.h"

namespace belfry::cli {

// The service's own binary prints how it reads its settings: a second parser could differ.
ExitCode Run(const CheckConfigCommand& command, std::ostream&, std::ostream& err) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::string binary = (self.parent_path() / ("belfry-" + command.service)).string();
  std::vector<std::string> arguments = {binary, "--print-config"};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  execv(binary.c_str(), argv.data());
  err << "belfry: run " << binary << ": " << std::strerror(errno) << "\n";
  return kFailed;
}

}  // namespace belfry::cli
