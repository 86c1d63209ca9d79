// SPDX-License-Identifier: Apache-2.0
// Follows every partition's log. What it promises at every moment: all committed entries up to a
// partition's applied position have been delivered, in order, once; or a batch marked `gap` said
// that they will not come. Announcements may be lost, repeated, reordered, or not come at all: the
// store's log is the truth, and holes are filled from it.
//
// No I/O and no clock: events come in with the time, calls go out through the port.
// Not thread-safe: one thread (see ../nats/follower_thread.h), or a simulation's.
#pragma once

#include <array>
#include <chrono>
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
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/broadcast_bodies.h"
#include "services/edge/core/log_source.h"
#include "services/edge/core/partition_log.h"
#include "services/edge/core/sent_entries.h"

namespace belfry::edge {

// What the follower asks for. It may be called back only after a call has returned.
class FollowerPort {
 public:
  virtual ~FollowerPort() = default;
  // How many partitions there are. Once, before the first Deliver.
  virtual void Started(Partition partitions) = 0;
  virtual void Deliver(BatchPtr batch) = 0;
  // To be answered by OnFilled, once. At most one at a time per partition.
  virtual void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max) = 0;
  // To be answered by OnHeads, once. At most one at a time.
  virtual void ReadHeads() = 0;
};

// Why entries had to be read from the store.
enum class HoleCause : std::uint8_t {
  kGap,       // a later entry was announced
  kTail,      // a digest told of a later entry, and it did not come
  kSilence,   // nothing is announced; the store was asked
  kOverflow,  // our own queue was full
  kRestart,   // committed between our start and the first announcement that fits
};
inline constexpr std::size_t kHoleCauses = 5;

struct FollowerOptions {
  using Millis = std::chrono::milliseconds;
  Millis tail_grace{150};     // from a digest until its entries are asked for
  Millis silence{1'500};      // without a digest; then the store is asked
  Millis ask_every{1'000};    // how often, in silence
  Millis check_every{5'000};  // how often the store is asked even so
  Millis retry_min{50};       // between failed calls, jittered
  Millis retry_max{1'000};
  std::uint64_t fill_bytes_max = 1u << 20;  // per ReadLog
  std::size_t fills_max = 8;                // ReadLogs at once
  std::size_t held_bytes_max = 32u << 20;   // entries behind holes, all partitions together
  std::size_t bodies_bytes_max = 8u << 20;  // of broadcasts, for entries that refer to them
  std::size_t batch_entries_max = 1'024;
  std::uint64_t seed = 0;  // of the jitter
};

struct FollowerMetrics {
  static FollowerMetrics Make(Metrics& metrics);
  std::array<Counter, kHoleCauses> holes;
  Counter applied_announced, applied_filled;
  Counter repeats, held_dropped, bodies_missing, gaps;
  Counter fill_failures, heads_failures;
  Gauge held_bytes, lag_seconds, silent;
};

class Follower {
 public:
  // `port` must outlive it.
  Follower(const FollowerOptions& options, FollowerPort& port, FollowerMetrics metrics, Log log);

  // A broadcast's body, announced, for the entries that refer to it.
  void OnBody(EntryId broadcast_id, Payload body);
  // Consecutive entries, announced, broadcasts as references. Those of an unknown partition are
  // ignored; one whose body has not been announced leaves a hole.
  void OnAnnounced(Partition partition, SentEntries sent, SteadyTime now);
  // A digest: the partition's last id, as the store announced it.
  void OnDigest(Partition partition, EntryId last_id, SteadyTime now);
  // Announcements were dropped before they came here.
  void OnOverflow();
  void OnFilled(Partition partition, Result<SentEntries> sent, SteadyTime now);
  void OnHeads(Result<Heads> heads, SteadyTime now);
  // Every 50 ms or more often; the first one asks the store where to start.
  void OnTick(SteadyTime now);

  struct State {
    Partition partitions = 0;    // 0: the store has not answered yet
    bool following = false;      // every partition has a position
    bool store_failing = false;  // its last answer was a failure
    bool silent = false;         // no digests: the store is asked instead
    Duration lag{};              // for how long the furthest behind has been behind what is known
    std::size_t held_bytes = 0;
    // When the store last answered, or was heard of through a digest.
    std::optional<SteadyTime> store_seen;
    // The store has another number of partitions than at our start: nothing can be followed any
    // more, the process must start anew.
    bool repartitioned = false;
  };
  State state(SteadyTime now) const;
  // Nothing until the partition has one.
  std::optional<EntryId> position(Partition partition) const;

 private:
  struct Followed {
    Followed(const FollowerOptions& options, std::uint64_t seed)
        : backoff(options.retry_min, options.retry_max, seed) {}

    std::optional<PartitionLog> log;  // nothing until the store has told its head
    // The largest id heard of, by announcement or by the store's word; of the latter alone.
    EntryId known = 0;
    EntryId vouched = 0;
    // What is to be reached next, and since when it is known.
    EntryId target = 0;
    SteadyTime target_since{};
    SteadyTime last_digest{};
    SteadyTime retry_at{};
    Backoff backoff;
    bool filling = false;
    bool discard_fill = false;      // the log was moved since the read was asked for
    EntryId fill_after = 0;         // what was asked for
    EntryId fill_vouched = 0;       // `vouched` at that time
    bool chasing = false;           // a hole is being filled: go on without waiting
    bool fresh = true;              // nothing that was announced has fitted yet
    bool overflowed = false;        // announcements were dropped since it was last in step
    bool lost = false;              // what follows the position is gone: jump to the head
    bool asked_since_lost = false;  // the heads call under way was made after that
    EntryId position_at_ask = 0;    // when the heads call under way was made
  };

  Followed* Find(Partition partition);  // null: unknown, or without a position
  // Gives consecutive entries to the log and delivers what that makes applicable.
  void Take(Partition partition, const SentEntries& sent, bool announced, SteadyTime now);
  // Delivers `entries` as batches of what the store sent at one time.
  void DeliverEntries(Partition partition, std::vector<SentEntry> entries, SteadyTime now);
  // Delivers where the partition stands, with nothing to deliver before it.
  void DeliverPosition(Partition partition, EntryId position, bool gap, SteadyTime now);
  // `id` exists, as far as we heard.
  void Learn(Followed& followed, EntryId id, SteadyTime now);
  // Nothing more comes after the position than what the store vouched for when it was asked.
  void TakeEnd(Partition partition, SteadyTime now);
  void MarkLost(Partition partition, std::string_view why);
  // Starts anew at `to`, after telling that there is a gap.
  void Jump(Partition partition, EntryId to, std::string_view why, SteadyTime now);
  void TakeHead(const PartitionHead& head, bool other_history, SteadyTime now);
  void FillSome(SteadyTime now);
  void FillIfDue(Partition partition, SteadyTime now);
  void AskIfDue(SteadyTime now);
  bool AskDue(SteadyTime now) const;
  bool Silent(const Followed& followed, SteadyTime now) const;
  HoleCause CauseOf(const Followed& followed, SteadyTime now) const;
  void NoteStore(bool answered, const Error* error, SteadyTime now);

  const FollowerOptions options_;
  FollowerPort& port_;
  const FollowerMetrics metrics_;
  const Log log_;

  std::vector<Followed> partitions_;
  std::string history_id_;
  BroadcastBodies bodies_;
  std::size_t room_;  // for held entries
  std::size_t fills_ = 0;
  std::size_t next_fill_ = 0;  // whose turn it is when fills_max is reached

  bool asking_ = false;
  bool want_heads_ = false;  // something does not fit: ask as soon as allowed
  SteadyTime asked_at_{};
  SteadyTime ask_allowed_{};
  Backoff ask_backoff_;
  std::optional<SteadyTime> store_seen_;
  bool store_failing_ = false;  // and that has been logged
  bool repartitioned_ = false;
};

}  // namespace belfry::edge
