// SPDX-License-Identifier: Apache-2.0
#include "libs/common/signals.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "libs/common/check.h"

namespace belfry {
namespace {

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void BlockSignals() {
  const sigset_t set = HandledSignals();
  BELFRY_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  BELFRY_CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

std::optional<Signal> WaitForSignal(std::chrono::milliseconds timeout) {
  using std::chrono::steady_clock;
  const sigset_t set = HandledSignals();
  const auto deadline = steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::max(deadline - steady_clock::now(), steady_clock::duration::zero()));
    timespec wait{};
    wait.tv_sec = static_cast<time_t>(left.count() / 1'000'000'000);
    wait.tv_nsec = static_cast<long>(left.count() % 1'000'000'000);
    const int number = sigtimedwait(&set, nullptr, &wait);
    if (number >= 0) {
      return number == SIGHUP ? Signal::kReload : Signal::kTerminate;
    }
    if (errno != EINTR) {  // EAGAIN: the timeout
      return std::nullopt;
    }
  }
}

}  // namespace belfry
