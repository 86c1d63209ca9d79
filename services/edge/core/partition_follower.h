// SPDX-License-Identifier: Apache-2.0
// Follows one partition's log: knows how far it is applied and how far the store's log is known to
// go, and reads from the store what announcements do not bring.
// Not thread-safe: the follower's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "libs/common/backoff.h"
#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/edge/core/follower_port.h"
#include "services/edge/core/partition_log.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

// What all partitions of a follower have in common.
struct FollowerShared {
  const FollowerOptions options;
  FollowerPort& port;
  const FollowerMetrics metrics;
  const Log log;
  std::size_t room;           // bytes that may still be held behind holes
  std::size_t log_reads = 0;  // under way
};

class PartitionFollower {
 public:
  // How its position relates to the store's log. All changes of it are in partition_follower.cc:
  //
  //   kUnplaced --first head--> kInStep <--applied all--- kBehind, kCatchingUp
  //   kInStep ----a later id is known--> kBehind ----entries did not come--> kCatchingUp
  //   kInStep, kBehind, kCatchingUp ----what follows the position is gone--> kLost
  //   kLost ----heads are asked for--> kLostAsked ----they come: jump--> kInStep
  //
  // The end of the log, as read, leads from kCatchingUp back to kBehind: what is still expected may
  // come by announcement. A jump leads from any state with a position to kInStep.
  enum class State : std::uint8_t {
    kUnplaced,    // without a position: the store has not said yet where the log ends
    kInStep,      // no entry is known to follow the position
    kBehind,      // something follows it, and may still be announced
    kCatchingUp,  // something follows it, and is read from the store, read after read
    kLost,        // what follows it is gone; the next answer to heads may be older than that
    kLostAsked,   // the same, and the next answer to heads gives the position to go on from
  };

  // `shared` must outlive it.
  PartitionFollower(Partition partition, FollowerShared& shared);

  // Entries up to `last_id` were announced, of which `sent` are here. Ignored without a position,
  // as is every announcement.
  void OnAnnouncedEntries(const SentEntries& sent, EntryId last_id, SteadyTime now);
  // A head was sent at `sent_us` by the store's clock. False: one that was sent then or later is
  // known already, so it is not the store that sends this one now.
  bool NoteHeadSent(std::int64_t sent_us);
  // What the store's clock is now; 0: not known. It may have been set back.
  void OnStoreTime(std::int64_t now_us);
  // The partition's last id was announced. True: it lies before our position. Either it is late, or
  // the store has lost what we have applied: the answer to heads decides. It moves no position:
  // that takes the entries, or the store's answer that there are none.
  bool OnAnnouncedHead(EntryId last_id, SteadyTime now);
  // Announcements were dropped before they came here.
  void OnOverflow();
  // The log read under way began at a position that is no longer ours: its answer is ignored.
  bool read_stale() const { return read_ && read_->stale; }
  // The answer to ReadLog.
  void OnLogRead(const Result<SentEntries>& sent, SteadyTime now);
  // Heads are asked for now.
  void OnHeadsAsked();
  // The store's answer; `other_history`: our position is of another history.
  void OnHeadRead(const PartitionPosition& head, bool other_history, SteadyTime now);

  // Reads the log if that is due and there is room for a call.
  void ReadIfDue(SteadyTime now);

  // std::nullopt without one.
  std::optional<EntryId> position() const;
  bool placed() const { return state_ != State::kUnplaced; }
  // It needs a head, to begin or to go on.
  bool needs_head() const { return !placed() || lost(); }
  // Something was announced that the store's log does not have: its answer to heads decides.
  bool doubts_head() const { return doubts_head_; }
  // No head was announced for long.
  bool silent(SteadyTime now) const;
  // For how long something has been known to follow the position.
  Duration lag(SteadyTime now) const;

 private:
  // What is to be reached next, and since when it has been known.
  struct Target {
    EntryId id;
    SteadyTime since;
  };
  // A ReadLog under way.
  struct Read {
    EntryId after;
    EntryId store_last_id;    // as known then
    EntryId announced_up_to;  // the same
    bool stale = false;       // the position was moved since by a jump
  };
  bool lost() const { return state_ == State::kLost || state_ == State::kLostAsked; }
  // `id` exists, as far as is known. Afterwards the state says whether something follows.
  void Learn(EntryId id, SteadyTime now);
  // Gives consecutive entries to the log and delivers what that makes applicable.
  void Take(const SentEntries& sent, bool announced, SteadyTime now);
  // The log ended at our position when it was read.
  void TakeEnd(const Read& read, SteadyTime now);
  void Lose(std::string_view why);
  // Goes on at `to`, after a batch that says that there is a gap.
  void Jump(EntryId to, std::string_view why, SteadyTime now);
  HoleCause CauseOf(SteadyTime now) const;
  // Delivers `entries` as batches of what the store sent at one time.
  void DeliverEntries(std::vector<SentEntry> entries, SteadyTime now);
  // Delivers the partition's position, without entries.
  void DeliverPosition(bool gap, SteadyTime now);

  const Partition partition_;
  FollowerShared& shared_;
  Backoff backoff_;
  State state_ = State::kUnplaced;
  PartitionLog log_{0};
  // The greatest id that was announced or that the store answered; and of the latter alone. Only
  // over the latter may the position move without entries.
  EntryId announced_up_to_ = 0;
  EntryId store_last_id_ = 0;
  std::optional<Target> target_;
  std::optional<Read> read_;
  SteadyTime read_allowed_{};
  SteadyTime head_announced_{};
  std::int64_t head_sent_us_ = 0;  // no head that was sent at this time or before is taken
  bool doubts_head_ = false;
  EntryId position_at_ask_ = 0;  // when heads were asked for
  // Both only say why there is a hole.
  bool announcement_fitted_ = false;    // since the start
  bool announcements_dropped_ = false;  // since it was last in step
};

}  // namespace belfry::edge
