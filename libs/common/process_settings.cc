// SPDX-License-Identifier: Apache-2.0
#include "libs/common/process_settings.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "libs/common/check.h"

namespace belfry {

void DeclareProcess(Settings& settings, ProcessSettings& process) {
  settings.AddBool({.name = "core_dumps",
                    .help = "allow core dumps and debuggers; both can read this process's keys"},
                   &process.core_dumps);
}

void Apply(const ProcessSettings& process) {
  if (process.core_dumps) {
    return;
  }
  rlimit limit{};
  BELFRY_CHECK(getrlimit(RLIMIT_CORE, &limit) == 0);
  limit.rlim_cur = 0;
  BELFRY_CHECK(setrlimit(RLIMIT_CORE, &limit) == 0);
  // A handler that the kernel pipes dumps to is not bound by the limit.
  BELFRY_CHECK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0);
}

}  // namespace belfry
