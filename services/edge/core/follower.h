// SPDX-License-Identifier: Apache-2.0
// Follows every partition's log. What it promises at every moment: all committed entries up to a
// partition's applied position have been delivered, in order, once; or a batch marked `gap` said
// that they will not come. Announcements may be lost, repeated, reordered, or not come at all: the
// store's log is the truth, and holes are filled from it.
//
// partition_follower.h follows one partition; this class does what concerns all: where the store's
// logs end, which history they are of, and which partition reads next.
//
// No I/O and no clock: events come in with the time, calls go out through the port.
// Not thread-safe: one thread (see ../follow/follower_thread.h), or a simulation's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/backoff.h"
#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/edge/core/broadcast_bodies.h"
#include "services/edge/core/follower_port.h"
#include "services/edge/core/log_source.h"
#include "services/edge/core/partition_follower.h"
#include "services/edge/core/refusals.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

class Follower {
 public:
  // `port` must outlive it.
  Follower(const FollowerOptions& options, FollowerPort& port, FollowerMetrics metrics, Log log);
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // What was announced, as of the log `history_id`; that the store has signed it is its caller's to
  // check. Refused: what is of another history than ours, which the store is then asked about.
  //
  // A broadcast's body, for the entries that refer to it.
  void OnAnnouncedBody(std::string_view history_id, EntryId broadcast_id, Payload body,
                       SteadyTime now);
  // Consecutive entries, broadcasts as references. Those of an unknown partition are ignored; one
  // whose body has not been announced leaves a hole; with one whose user belongs to another
  // partition all are refused.
  void OnAnnouncedEntries(std::string_view history_id, Partition partition, SentEntries sent,
                          SteadyTime now);
  // A partition's last id, sent at `sent_us` by the store's clock. Refused: one that is not later
  // than the last, which somebody has sent again.
  void OnAnnouncedHead(std::string_view history_id, Partition partition, EntryId last_id,
                       std::int64_t sent_us, SteadyTime now);
  // Announcements were dropped before they came here.
  void OnOverflow();
  // The answers to FollowerPort's ReadLog and ReadHeads.
  void OnLogRead(Partition partition, Result<SentEntries> sent, SteadyTime now);
  void OnHeadsRead(const Result<Heads>& heads, SteadyTime now);
  // Every 50 ms or more often; the first one asks the store where to start.
  void OnTick(SteadyTime now);

  struct State {
    Partition partitions = 0;    // 0: the store has not answered yet
    bool following = false;      // every partition has a position
    bool store_failing = false;  // its last answer was a failure
    bool silent = false;         // no heads are announced: the store is asked instead
    Duration lag{};              // for how long the furthest behind has been behind what is known
    std::size_t held_bytes = 0;
    // When the store last answered or a head was announced.
    std::optional<SteadyTime> store_seen;
    // The store has another number of partitions than at our start: no log can be followed any
    // more, the process must start anew.
    bool repartitioned = false;
  };
  State state(SteadyTime now) const;
  // std::nullopt until the partition has one.
  std::optional<EntryId> position(Partition partition) const;

 private:
  void Begin(const Heads& heads);
  // Whether an announcement can be used: it is of the history that is followed.
  bool IsOurs(std::string_view history_id, SteadyTime now);
  bool FitsItsUsers(Partition partition, const std::vector<EntryPtr>& entries) const;
  // Lets partitions read their logs, in turn, as long as there is room for calls.
  void ReadLogs(SteadyTime now);
  void AskForHeadsIfDue(SteadyTime now);
  bool HeadsDue(SteadyTime now) const;
  void NoteStoreAnswered(SteadyTime now);
  void NoteStoreFailed(const Error& error);

  FollowerShared shared_;
  std::vector<PartitionFollower> partitions_;  // they refer to shared_
  BroadcastBodies bodies_;
  Refusals refusals_;
  std::string history_id_;
  std::size_t last_reader_ = 0;  // whose turn it was

  bool asking_ = false;        // for heads; a call is under way
  bool heads_wanted_ = false;  // something does not fit: ask as soon as allowed
  SteadyTime asked_at_{};
  SteadyTime ask_allowed_{};
  Backoff ask_backoff_;
  std::optional<SteadyTime> store_seen_;
  bool store_failing_ = false;  // and that has been logged
  bool repartitioned_ = false;
};

}  // namespace belfry::edge
