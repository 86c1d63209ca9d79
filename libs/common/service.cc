// SPDX-License-Identifier: Apache-2.0
#include "libs/common/service.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <iostream>

#include "libs/common/signals.h"
#include "libs/common/standard_output.h"
#include "libs/common/supervisor.h"

namespace belfry {
namespace {

// Every connection and every file is one. The soft limit is often far below the hard one.
void RaiseDescriptorLimit(const Log& log) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  log.Info("descriptors", {{"max", std::uint64_t{limit.rlim_cur}}});
}

// 0, or 1 if it cannot go on.
int Serve(Service& service, std::chrono::milliseconds pulse, Supervisor& supervisor,
          const Log& log) {
  supervisor.Ready();
  while (true) {
    const auto signal = WaitForSignal(pulse);
    if (signal == Signal::kTerminate) {
      supervisor.Stopping();
      service.Stop();
      return 0;
    }
    if (signal == Signal::kReload) {
      supervisor.Reloading();
      service.Reload();
      supervisor.Ready();
    }
    if (const Status status = service.Pulse(); !status.ok()) {
      log.Error("cannot go on", {{"error", status.error()}});
      return 1;
    }
    supervisor.Alive();
  }
}

}  // namespace

int RunService(int argc, char** argv, Settings& settings, const LogSettings& log_settings,
               const ProcessSettings& process, const ServiceMain& main) {
  BlockSignals();
  switch (settings.Load(argc, argv, std::cout, std::cerr)) {
    case Settings::Outcome::kExitOk:
      return ExitCodeOnceWritten(0, "belfry-" + main.name, std::cout, std::cerr);
    case Settings::Outcome::kExitMistakes:
      return Settings::kExitCodeMistakes;
    case Settings::Outcome::kRun:
      break;
  }
  Apply(process);
  const Log log = MakeLog(main.name, log_settings);
  RaiseDescriptorLimit(log);
  Supervisor supervisor = Supervisor::OfProcess();
  auto service = main.start(log);
  int exit_code = 1;
  if (service.ok()) {
    exit_code = Serve(**service, main.pulse, supervisor, log);
    service->reset();
  } else {
    log.Error("cannot start", {{"error", service.error()}});
    const Code code = service.error().code;
    if (std::find(main.mistakes.begin(), main.mistakes.end(), code) != main.mistakes.end()) {
      exit_code = Settings::kExitCodeMistakes;
    }
  }
  log.Flush();
  return exit_code;
}

}  // namespace belfry
