// SPDX-License-Identifier: Apache-2.0
// Judges what revocations and kicks did to streams. Pure: the same evidence gives the same verdict.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/sim_backend.h"
#include "tests/simulation/sim_log.h"
#include "tests/simulation/stream_record.h"
#include "tests/support/checker/deadlines.h"

namespace belfry::sim {

// A token is *void* by a revocation that was acknowledged if it was issued before it, by its "iat".
enum class AccessRule : std::size_t {
  // What was acknowledged was in the log by then.
  kDurable,
  // A stream of a void token that was let in has ended by the deadline.
  kVoidEnds,
  // No stream of a void token is let in after the deadline; at an edge that started after the
  // acknowledgement there is none at all.
  kVoidRefused,
  // A bye `revoked` has a revocation in the log for which the token is too old.
  kGoodStays,
  // A stream that was there when a kick was asked for has ended by the deadline. Not judged in a
  // run in which edges may have passed over a part of the log: a kick is an entry and no more.
  kKickEnds,
  // A bye `draining` has a cause: the edge drains, or it has just applied a kick.
  kKickOnce,
};
inline constexpr std::size_t kAccessRules = 6;
std::string_view NameOf(AccessRule rule);

struct AccessFault {
  AccessRule rule;
  std::string what;
};

struct AccessVerdict {
  std::vector<AccessFault> faults;
  std::array<std::size_t, kAccessRules> judged = {};  // how much there was of each

  bool ok() const { return faults.empty(); }
  bool Has(AccessRule rule) const;
  // A line for each fault; empty if there is none.
  std::string ToString() const;
};

struct AccessEvidence {
  std::vector<AccessOrder> orders = {};
  std::vector<StreamRecord> streams = {};
  std::vector<EdgeOnlyEntry> logged = {};  // see Past
  test::Deadlines deadlines;               // of what was acknowledged
  bool tables_small = false;  // an edge may take a user's revocation for the whole project's
  bool log_gone = false;      // a part of the log was retired or lost
  std::int64_t end_us = 0;    // of the run: what is due later is not judged
};

AccessVerdict JudgeAccess(const AccessEvidence& evidence);

}  // namespace belfry::sim
