// SPDX-License-Identifier: Apache-2.0
// What a running store holds, read back over gRPC for the checker.
#pragma once

#include <chrono>
#include <vector>

#include "libs/common/result.h"
#include "tests/support/checker/history.h"
#include "tests/support/cluster/socket.h"

namespace belfry::test {

// Shows the internal key of tests (internal_keys.h).
// Every partition's log, as of the call or later. An interval counts as lost if the log has no link
// over it and the store refuses to continue from both of its ends.
// kUnavailable: the store did not answer all of it within `patience`. kDataLoss: what it answered
// does not fit together.
Result<std::vector<StoredLog>> ReadStoredLogs(const Endpoint& store,
                                              std::chrono::milliseconds patience);

}  // namespace belfry::test
