// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <iostream>
#include <system_error>
#include <variant>

#include "clients/cli/arguments.h"
#include "libs/common/standard_output.h"

int main(int argc, char** argv) {
  std::error_code ignored;
  const auto environment =
      belfry::cli::Environment::OfProcess(std::filesystem::current_path(ignored));
  const belfry::cli::Arguments arguments =
      belfry::cli::ParseArguments(argc, argv, environment, std::cout, std::cerr);
  if (!arguments.command) {
    return belfry::ExitCodeOnceWritten(arguments.exit_code, "belfry", std::cout, std::cerr);
  }
  const int code = std::visit(
      [](const auto& command) { return belfry::cli::Run(command, std::cout, std::cerr); },
      *arguments.command);
  // A key that could not be written is in no file: who asked for it must not go on.
  return belfry::ExitCodeOnceWritten(code, "belfry", std::cout, std::cerr);
}
