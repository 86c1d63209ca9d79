// SPDX-License-Identifier: Apache-2.0
// belfry-edge: holds browsers' streams and tells them what the store has committed.
#include <chrono>
#include <iostream>

#include "libs/common/config.h"
#include "libs/common/log.h"
#include "libs/common/log_settings.h"
#include "libs/common/signals.h"
#include "services/edge/app.h"
#include "services/edge/config.h"

namespace {

constexpr std::chrono::milliseconds kPulse{500};

bool IsConfigMistake(belfry::Code code) {
  return code == belfry::Code::kInvalidArgument || code == belfry::Code::kNotFound ||
         code == belfry::Code::kPermissionDenied || code == belfry::Code::kFailedPrecondition;
}

// Until SIGTERM: 0. 1 if the process cannot go on.
int Serve(belfry::edge::App& app, const belfry::Log& log) {
  while (true) {
    const auto signal = belfry::WaitForSignal(kPulse);
    if (signal == belfry::Signal::kTerminate) {
      app.Stop();
      return 0;
    }
    if (signal == belfry::Signal::kReload) app.Reload();
    if (const belfry::Status status = app.Pulse(); !status.ok()) {
      log.Error("cannot go on", {{"error", status.error()}});
      return 1;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  belfry::BlockSignals();
  belfry::edge::Config config;
  belfry::Settings settings("belfry-edge", "Holds browsers' streams.");
  belfry::edge::Declare(settings, config);
  switch (settings.Load(argc, argv, std::cout, std::cerr)) {
    case belfry::Settings::Outcome::kExitOk:
      return 0;
    case belfry::Settings::Outcome::kExitMistakes:
      return belfry::Settings::kExitCodeMistakes;
    case belfry::Settings::Outcome::kRun:
      break;
  }

  const auto log = belfry::MakeLog("edge", config.log);
  auto app = belfry::edge::App::Start(config, log);
  if (!app.ok()) {
    log.Error("cannot start", {{"error", app.error()}});
    log.Flush();
    return IsConfigMistake(app.error().code) ? belfry::Settings::kExitCodeMistakes : 1;
  }
  const int exit_code = Serve(**app, log);
  app->reset();
  log.Flush();
  return exit_code;
}
