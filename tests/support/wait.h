// SPDX-License-Identifier: Apache-2.0
// Waiting for what other threads and processes do, with a deadline.
#pragma once

#include <chrono>
#include <thread>

namespace belfry::test {

inline constexpr std::chrono::seconds kWaitMax{30};

// True as soon as `condition()` is, false after `at_most`. Looks every 2 ms.
template <typename Condition>
[[nodiscard]] bool WaitUntil(Condition condition, std::chrono::milliseconds at_most = kWaitMax) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace belfry::test
