// SPDX-License-Identifier: Apache-2.0
// belfry-store: orders, commits, announces, answers reads.
#include <chrono>
#include <iostream>

#include "libs/common/service.h"
#include "libs/common/standard_output.h"
#include "libs/version/version.h"
#include "services/store/app.h"
#include "services/store/commands/commands.h"
#include "services/store/config.h"

namespace {

// How soon the process ends after a commit failed.
constexpr std::chrono::milliseconds kPulse{100};

}  // namespace

int main(int argc, char** argv) {
  if (const auto exit = belfry::store::RunCommand(argc, argv, std::cout, std::cerr)) {
    return belfry::ExitCodeOnceWritten(*exit, "belfry-store", std::cout, std::cerr);
  }
  belfry::store::Config config;
  belfry::Settings settings("belfry-store", belfry::store::kCommandsHelp,
                            belfry::VersionText("belfry-store", belfry::store::StorageFormat()));
  belfry::store::Declare(settings, config);
  belfry::store::RequireToServe(settings, config);
  return belfry::RunService(
      argc, argv, settings, config.log, config.process,
      {.name = "store", .pulse = kPulse, .start = [&](const belfry::Log& log) {
         return belfry::store::App::Start(config, log);
       }});
}
