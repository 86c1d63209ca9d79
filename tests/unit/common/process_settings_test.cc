// SPDX-License-Identifier: Apache-2.0
#include "libs/common/process_settings.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

namespace belfry {
namespace {

// In a process of its own: what is given up cannot be had back.
[[noreturn]] void ApplyAndExit(const ProcessSettings& process) {
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // another test may have changed its user, which ends it
  Apply(process);
  getrlimit(RLIMIT_CORE, &limit);
  const bool dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1;
  const bool limited = limit.rlim_cur == 0 && limit.rlim_max != 0;
  std::_Exit((dumpable ? 1 : 0) + (limited ? 2 : 0));
}

TEST(ProcessSettings, ByDefaultNobodyReadsTheProcess) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &limit), 0);
  EXPECT_EXIT(ApplyAndExit({}), testing::ExitedWithCode(limit.rlim_max == 0 ? 0 : 2), "");
}

TEST(ProcessSettings, CoreDumpsMayBeAllowed) {
  EXPECT_EXIT(ApplyAndExit({.core_dumps = true}), testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace belfry
