// SPDX-License-Identifier: Apache-2.0
// Signals as values: blocked in all threads, taken one by one by the main thread.
#pragma once

#include <chrono>
#include <optional>

namespace belfry {

enum class Signal { kTerminate, kReload };  // SIGTERM or SIGINT; SIGHUP

// Blocks SIGTERM, SIGINT, SIGHUP and ignores SIGPIPE. Call first in main, before any thread
// starts: threads inherit the mask.
void BlockSignals();

// Waits for the next signal; std::nullopt after `timeout`. Main thread only.
std::optional<Signal> WaitForSignal(std::chrono::milliseconds timeout);

}  // namespace belfry
