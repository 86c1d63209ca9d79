// SPDX-License-Identifier: Apache-2.0
// What the main() functions of all services have in common: settings, log, signals, exit codes.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/config.h"
#include "libs/common/log.h"
#include "libs/common/log_settings.h"
#include "libs/common/process_settings.h"
#include "libs/common/result.h"

namespace belfry {

// A service that has been started. Every function from one thread; destroying it ends it at once.
class Service {
 public:
  virtual ~Service() = default;
  // Called every ServiceMain::pulse. An error says why this process cannot go on: it then exits
  // without Stop, so that its supervisor starts a new one.
  virtual Status Pulse() = 0;
  // On SIGHUP: reads again what may change while it runs.
  virtual void Reload() {}
  // On SIGTERM and SIGINT: takes no more, and lets what runs end within the drain timeout.
  virtual void Stop() = 0;
};

struct ServiceMain {
  std::string name;  // in its log lines
  std::chrono::milliseconds pulse{500};
  // What `start` says when it is the configuration that names what cannot be used.
  std::vector<Code> mistakes{Code::kInvalidArgument};
  std::function<Result<std::unique_ptr<Service>>(const Log&)> start;
};

// Loads `settings`, applies `process`, raises the limit of descriptors to the hard one, starts the
// service and runs it until a signal ends it. A supervisor that wants to know hears when it is
// ready, alive, ending. Blocks signals first, so call it before there are threads. What main()
// returns: 0, kExitCodeMistakes, or 1 for all else.
int RunService(int argc, char** argv, Settings& settings, const LogSettings& log,
               const ProcessSettings& process, const ServiceMain& service);

}  // namespace belfry
