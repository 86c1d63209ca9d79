// SPDX-License-Identifier: Apache-2.0
// belfry-ingest: takes notifications from producers and hands them to the store.
#include <google/protobuf/stubs/logging.h>

#include <chrono>
#include <iostream>

#include "libs/common/config.h"
#include "libs/common/log.h"
#include "libs/common/log_settings.h"
#include "libs/common/signals.h"
#include "services/ingest/app.h"
#include "services/ingest/config.h"

namespace {

constexpr std::chrono::milliseconds kPulse{500};

bool IsConfigMistake(belfry::Code code) {
  return code == belfry::Code::kInvalidArgument || code == belfry::Code::kNotFound ||
         code == belfry::Code::kPermissionDenied;
}

}  // namespace

int main(int argc, char** argv) {
  belfry::BlockSignals();
  // Protobuf writes a line of its own for every bad byte a producer sends; we name the field to
  // him.
  google::protobuf::SetLogHandler(nullptr);

  belfry::ingest::Config config;
  belfry::Settings settings("belfry-ingest", "Takes notifications from producers.");
  belfry::ingest::Declare(settings, config);
  switch (settings.Load(argc, argv, std::cout, std::cerr)) {
    case belfry::Settings::Outcome::kExitOk:
      return 0;
    case belfry::Settings::Outcome::kExitMistakes:
      return belfry::Settings::kExitCodeMistakes;
    case belfry::Settings::Outcome::kRun:
      break;
  }

  const auto log = belfry::MakeLog("ingest", config.log);
  auto app = belfry::ingest::App::Start(config, log);
  if (!app.ok()) {
    log.Error("cannot start", {{"error", app.error()}});
    log.Flush();
    return IsConfigMistake(app.error().code) ? belfry::Settings::kExitCodeMistakes : 1;
  }
  while (true) {
    const auto signal = belfry::WaitForSignal(kPulse);
    if (signal == belfry::Signal::kTerminate) break;
    if (signal == belfry::Signal::kReload) (*app)->Reload();
    (*app)->Pulse();
  }
  (*app)->Stop();
  app->reset();
  log.Flush();
  return 0;
}
