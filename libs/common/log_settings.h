// SPDX-License-Identifier: Apache-2.0
// The two settings of a process's log, the same in every service.
#pragma once

#include <string>

#include "libs/common/config.h"
#include "libs/common/log.h"

namespace belfry {

// log_level and log_format as they were given.
struct LogSettings {
  std::string level = "info";
  std::string format = "auto";
};

// Declares both; `log` must outlive settings.Load.
void DeclareLog(Settings& settings, LogSettings& log);

// The log that loaded settings ask for. Aborts on a name that Load would have refused.
Log MakeLog(std::string service, const LogSettings& log);

}  // namespace belfry
