// SPDX-License-Identifier: Apache-2.0
// Whether one `reset` was true, needed, and covers no more than it may.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/checker/ledger.h"

namespace belfry::test {

// A reset and what is known where it came.
struct ResetCase {
  const StreamEvent& event;
  EntryId position;        // up to here the client had received everything
  std::int64_t opened_us;  // when its connection began
  Partition home;          // the client's partition
  const Ledger& ledger;
  const std::vector<Committed>& feed;  // the client's
};

struct ResetFault {
  std::string what;
  std::vector<EntryId> ids;
};

// What is wrong with it; nothing if it is as it should be.
std::optional<ResetFault> FaultOf(const ResetCase& reset);

}  // namespace belfry::test
