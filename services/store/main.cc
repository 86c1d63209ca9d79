// SPDX-License-Identifier: Apache-2.0
// belfry-store: orders, commits, announces, answers reads.
#include <chrono>
#include <iostream>
#include <string>

#include "libs/common/config.h"
#include "libs/common/log.h"
#include "libs/common/log_settings.h"
#include "libs/common/signals.h"
#include "services/store/app.h"
#include "services/store/commands/commands.h"
#include "services/store/config.h"

namespace {

constexpr std::chrono::milliseconds kPulse{100};

}  // namespace

int main(int argc, char** argv) {
  if (const auto exit = belfry::store::RunCommand(argc, argv, std::cout, std::cerr)) {
    return *exit;
  }
  belfry::BlockSignals();
  belfry::store::Config config;
  belfry::Settings settings("belfry-store", belfry::store::kCommandsHelp);
  belfry::store::Declare(settings, config);
  switch (settings.Load(argc, argv, std::cout, std::cerr)) {
    case belfry::Settings::Outcome::kExitOk:
      return 0;
    case belfry::Settings::Outcome::kExitMistakes:
      return belfry::Settings::kExitCodeMistakes;
    case belfry::Settings::Outcome::kRun:
      break;
  }

  const auto log = belfry::MakeLog("store", config.log);
  auto app = belfry::store::App::Start(config, log);
  if (!app.ok()) {
    log.Error("cannot start", {{"error", app.error()}});
    log.Flush();
    return app.error().code == belfry::Code::kInvalidArgument ? belfry::Settings::kExitCodeMistakes
                                                              : 1;
  }
  while (!(*app)->failed() && belfry::WaitForSignal(kPulse) != belfry::Signal::kTerminate) {
  }
  const bool failed = (*app)->failed();
  if (failed) {
    log.Error("stopping: only recovery can tell what was committed");
  } else {
    (*app)->Stop();
  }
  app->reset();
  log.Flush();
  return failed ? 1 : 0;
}
