// SPDX-License-Identifier: Apache-2.0
// What a run did and went through, counted: a simulation in which nothing happens proves nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace belfry::sim {

// What is done to the system on purpose.
enum class Fault : std::size_t {
  kStoreKill,      // the process dies; what it wrote without syncing may have reached the disk
  kStorePowerCut,  // the machine dies: only what was synced is left
  kStoreRestart,   // stopped in order, started again
  kStoreFreeze,    // SIGSTOP and back
  kFsyncFails,     // of the next commit: unknown, and on disk afterwards or not
  kDiskLow,        // the reserve is reached, then there is room again
  kRestore,        // an older snapshot of the log is put back, the loss accepted
  kEdgeKill,
  kEdgeDrain,  // stopped in order, started again
  kEdgeFreeze,
  kIngestKill,
  kBusOutage,       // the store is told that it is not connected
  kBusSilence,      // the store believes that it announces
  kEdgeOffBus,      // one edge hears nothing
  kBusHostile,      // somebody forges, changes, moves and replays announcements
  kAnnouncerStall,  // publishing hangs
  kEdgeStoreCut,    // no call gets through
  kIngestStoreCut,
  kClientCut,       // both ends learn of it
  kHalfOpenEdge,    // the client is gone, the edge does not know
  kHalfOpenClient,  // the edge has closed, the client does not know
  kSlowReader,      // a client takes nothing, or a few bytes at a time
  kClockAhead,      // the store's wall clock
  kClockBack,
  kEdgeClock,  // an edge's wall clock, either way
};
inline constexpr std::size_t kFaults = 25;

// What came of it.
enum class Seen : std::size_t {
  kBusLost,
  kBusRepeated,
  kBusUnheard,  // announced during an outage that the store did not see
  kBusForged,
  kBusReplayed,
  kCommitSlow,
  kCommitDropped,      // the process died before it was durable
  kCommitUnanswered,   // the process died when it was durable and nobody had been told
  kCommitUnannounced,  // the process died when callers had been told and edges had not
  kFsyncFailedKept,
  kFsyncFailedGone,
  kLogReadFailed,
  kCallLost,
  kAnswerLost,
  kCallTimedOut,
  kRetired,
  kExpired,        // left out of a feed that was read
  kReadOvertaken,  // a feed was read while the floor moved
  kLossRecorded,
  kResumed,  // a connection with a cursor
  kFromTheBeginning,
  kStrangeCursor,  // a cursor that this store never gave
  kNotificationTold,
  kGroupTold,
  kStateTold,
  kBookmarkTold,
  kResetWindowPassed,
  kResetCursorAhead,
  kResetHistoryLost,
  kByeDraining,
  kByeOverloaded,
  kByeEvicted,
  kByeTokenExpired,
  kByeRevoked,
  kConnectRefused,
  kFrameCut,  // a connection ended in the middle of a frame
  kLeft,      // a client went for good
  kAcknowledged,
  kRejected,
  kUnknown,
  kRetried,    // a producer, with the same key
  kDuplicate,  // answered with the id of before
  kKeyReused,  // another content under the same key
  kChanged,    // a client was told that its change is on disk
  kUnchanged,  // a client was told that it was so already
  kChangeUnknown,
  kSuppressed,  // its user had muted it
  kUserRevoked,
  kProjectRevoked,
  kUserKicked,
  kOrderRepeated,        // a revocation or a kick, since its outcome was unknown
  kTokenRenewed,         // by a client whose token was refused
  kVoidTokenKept,        // by a client whose token was refused, and which comes back with it
  kRevocationsLoaded,    // by an edge that has started
  kRevocationsReloaded,  // by one that has passed over a part of the log
  kRevocationsPaged,     // they were more than one page
  kRevocationsUnread,    // the call failed
  kRevocationsFull,      // an edge has those of as many users as it may
};
inline constexpr std::size_t kSeen = 58;

std::string_view NameOf(Fault fault);
std::string_view NameOf(Seen seen);

// Of one run or, added up, of many.
class Coverage {
 public:
  void Add(Fault fault) { ++faults_[static_cast<std::size_t>(fault)]; }
  void Add(Seen seen) { ++seen_[static_cast<std::size_t>(seen)]; }
  std::uint64_t Count(Fault fault) const { return faults_[static_cast<std::size_t>(fault)]; }
  std::uint64_t Count(Seen seen) const { return seen_[static_cast<std::size_t>(seen)]; }

  void Merge(const Coverage& other) {
    for (std::size_t i = 0; i < kFaults; ++i) {
      faults_[i] += other.faults_[i];
    }
    for (std::size_t i = 0; i < kSeen; ++i) {
      seen_[i] += other.seen_[i];
    }
  }

 private:
  std::array<std::uint64_t, kFaults> faults_{};
  std::array<std::uint64_t, kSeen> seen_{};
};

}  // namespace belfry::sim
