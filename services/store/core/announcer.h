// SPDX-License-Identifier: Apache-2.0
// Announces to the edges what was committed. No publish waits for it or fails with it: edges read
// from the log what the bus does not bring.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "services/store/core/bus.h"
#include "services/store/core/feed_store.h"
#include "services/store/core/sequencer.h"

namespace belfry::store {

struct AnnouncerOptions {
  // What is held in memory between the sequencer and the bus; beyond it, the log is read.
  std::size_t tail_entries_max = 65'536;
  std::size_t tail_bytes_max = 32u << 20;
  std::size_t message_bytes_max = 256u << 10;  // one entry may exceed it
  std::chrono::milliseconds heads_every{500};
  // Entries older than this are not announced late: edges have read them from the log by then.
  std::chrono::milliseconds resume_window{60'000};
  std::size_t resume_pages_max = 8;  // of a partition's log, per Step
};

struct AnnouncerMetrics {
  static AnnouncerMetrics Make(Metrics& metrics);
  Counter announced;
  Counter failures;
  Counter resumes_overflow, resumes_disconnected, resumes_failed, skipped;
  Gauge lag_entries;
  Histogram committed_to_announced_seconds;
};

// OnCommitted: the sequencer's thread. Step: one thread (see announcer_thread.h), or a
// simulation's.
class Announcer final : public CommitListener {
 public:
  // The ports must outlive it. Entries committed before are left to the edges: the first thing
  // announced is each partition's head, as of this construction.
  Announcer(const AnnouncerOptions& options, Bus& bus, FeedStore& store, const Clock& clock,
            AnnouncerMetrics metrics, Log log);

  void OnCommitted(std::span<const EntryPtr> entries) override;

  // Announces what waits, and heads when they are due. True: there is more to do at once.
  bool Step();

  // Blocks until entries wait, heads are due, Wake, or `timeout`.
  void Wait(Duration timeout);
  void Wake();

  // Everything committed has been handed to the bus. Any thread.
  bool caught_up() const;

 private:
  struct Waiting {
    EntryPtr entry;
    SteadyTime committed;
  };
  // How far one partition is announced. Step's thread only.
  struct Progress {
    EntryId announced = 0;
    EntryId committed = 0;
    bool resume = false;  // the log holds entries after `announced` that are not in the tail
  };

  // Moves the tail to Step's thread, and notes how far each partition has committed.
  std::deque<Waiting> TakeTail();
  // From now on `progress` announces from the log.
  static void StartResume(Progress& progress, const Counter& cause);
  // Announces from the log, up to resume_pages_max pages; false: the bus or the log failed.
  bool Resume(Partition partition, Progress& progress);
  bool AnnounceTail(const std::deque<Waiting>& tail);
  // Joins `entries` (consecutive, one partition) to messages, and sends the bodies of their
  // broadcasts first; false: the bus failed.
  bool Send(std::span<const EntryPtr> entries, Progress& progress);
  // Each body once per Step, whatever the number of partitions that refer to it.
  bool SendBodies(std::span<const EntryPtr> entries);
  void AnnounceHeads();
  bool Resuming() const;

  // Constant after construction.
  const AnnouncerOptions options_;
  Bus& bus_;
  FeedStore& store_;
  const Clock& clock_;
  const AnnouncerMetrics metrics_;
  const Log log_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Waiting> tail_ BELFRY_GUARDED_BY(mutex_);
  std::size_t tail_bytes_ BELFRY_GUARDED_BY(mutex_) = 0;
  bool overflowed_ BELFRY_GUARDED_BY(mutex_) = false;
  bool woken_ BELFRY_GUARDED_BY(mutex_) = false;
  bool caught_up_ BELFRY_GUARDED_BY(mutex_) = true;
  std::vector<EntryId> committed_ BELFRY_GUARDED_BY(mutex_);  // by partition

  // Step's thread only.
  std::vector<Progress> progress_;
  std::set<EntryId> bodies_sent_;  // in this Step
  std::uint64_t connects_ = 0;
  bool introduced_ = false;  // heads have been announced once
  SteadyTime heads_due_{};
  std::int64_t heads_sent_us_ = 0;
};

}  // namespace belfry::store
