// SPDX-License-Identifier: Apache-2.0
// What a service's process leaves of its memory for others to read, the same in every service.
#pragma once

#include "libs/common/config.h"

namespace belfry {

struct ProcessSettings {
  bool core_dumps = false;
};

// Declares core_dumps; `process` must outlive settings.Load.
void DeclareProcess(Settings& settings, ProcessSettings& process);

// Unless they are allowed: no core dump of this process, and no reading of its memory by other
// processes of its user. Keys are in it.
void Apply(const ProcessSettings& process);

}  // namespace belfry
