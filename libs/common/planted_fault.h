// SPDX-License-Identifier: Apache-2.0
// Faults that tests plant to see that the checker finds them. The product is built without them:
// there Planted() is a constant false that the compiler removes. Only tests/simulation/planted/
// builds the rooms a second time with BELFRY_PLANTED_FAULTS.
#pragma once

#include <cstdint>

namespace belfry {

// One broken promise each, as a plausible mistake would break it.
enum class PlantedFault : std::uint8_t {
  kNone,
  kHoleIgnored,              // the follower applies an entry though one before it is missing
  kPrevNotChecked,           // what was held behind a hole is applied without looking at its `prev`
  kAnnouncedBeforeDurable,   // the announcer gets a round's entries before its commit
  kIdReusedAfterRestart,     // the sequencer starts from one id too low
  kIdempotencyForgotten,     // keys of earlier rounds are not looked up
  kSeamOffByOne,             // of what was held during a read, the first one is taken for read
  kResetNotSent,             // a stream goes on behind a loss without saying so
  kFloorNotLookedAtAgain,    // a page is kept though the floor has passed what it was read from
  kRetirementNotCounted,     // an unread entry that is retired stays in the count
  kExpiryNotCounted,         // an unread entry that expires stays in the count
  kReadAllTooMuch,           // a read-all takes what came after it too
  kCollapsedCountedTwice,    // a notification that was replaced still counts
  kLateJoinerCountsThePast,  // broadcasts from before a user's join count
  kMuteRetroactive,          // a muted kind hides what came before too
  kMacNotChecked,            // an announcement is believed whoever signed it
  kRevocationsInGapMissed,   // what was revoked in a part of the log that an edge passed over
  kRevocationsFirstPageOnly,      // an edge reads no more than one page of them
  kRevocationsDroppedByOneClock,  // a revocation counts as old once a newer one says so
  kRevocationEndsAllStreams,      // the streams of newer tokens end too
  kRevokedByTheWallClock,         // a revocation is of an earlier moment after a step back
  kProjectRevokedInOnePartition,  // a project's revocation ends the streams of one partition
  kDefaultWalRecovery,  // RocksDB's default recovery mode, which stops at damage without an error
};

#if defined(BELFRY_PLANTED_FAULTS)
// The one in force. Set between runs, on the thread that runs.
inline PlantedFault planted_fault = PlantedFault::kNone;
inline bool Planted(PlantedFault fault) { return planted_fault == fault; }
#else
constexpr bool Planted(PlantedFault) { return false; }
#endif

}  // namespace belfry
