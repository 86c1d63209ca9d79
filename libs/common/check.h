// SPDX-License-Identifier: Apache-2.0
// CHECK: a condition whose failure is a bug. Aborts in every build, after one line on stderr.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace belfry::internal {
[[noreturn]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}
}  // namespace belfry::internal

#define BELFRY_CHECK(condition)           \
  (static_cast<bool>(condition) ? void(0) \
                                : ::belfry::internal::CheckFailed(#condition, __FILE__, __LINE__))
