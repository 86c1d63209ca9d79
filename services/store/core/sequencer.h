// SPDX-License-Identifier: Apache-2.0
// The one writer: takes what callers append, gives ids, makes it durable in commits of a bounded
// size, then answers and announces.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "services/store/core/append.h"
#include "services/store/core/append_queue.h"
#include "services/store/core/disk_guard.h"
#include "services/store/core/event_log.h"
#include "services/store/core/operation_step.h"
#include "services/store/core/project_gauges.h"
#include "services/store/core/round_plan.h"

namespace belfry::store {

// Hears of entries once they are durable, before their callers do. On the sequencer's thread: must
// not block.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void OnCommitted(std::span<const EntryPtr> entries) = 0;
};

struct SequencerOptions {
  AppendQueueLimits queue = {};
  std::size_t round_items_max = 4'096;  // at least one call is taken
  std::size_t round_bytes_max = 8u << 20;
  // A round is cut into commits of at most so many encoded bytes; an item larger than that is a
  // commit of its own.
  std::size_t commit_bytes_max = 1u << 20;
  // How often the believed time is part of a commit.
  std::chrono::milliseconds note_time_every{5'000};
  std::size_t users_cached_max = 65'536;
  std::size_t projects_cached_max = 1'024;
  std::chrono::milliseconds key_ttl = std::chrono::hours(24);
  std::chrono::milliseconds retry_after{100};  // told with RESOURCE_EXHAUSTED
  std::size_t broadcasts_live_max = 1'000;     // of a project: each count walks over them
  OperationStepLimits operation_step = {};
  CriticalKinds critical_kinds = {};
  BroadcastLookback broadcast_lookback = {};
  ProjectQuotas quotas = {};
};

struct SequencerMetrics {
  static SequencerMetrics Make(Metrics& metrics);
  // Append results by outcome.
  Counter stored, duplicate, suppressed, state_changed, state_unchanged, audience_changed,
      audience_unchanged, key_reused, queue_full, disk_reserve, quota, dropped, unknown, other;
  Counter commits, operation_steps, operations_ended;
  Gauge operations_running;
  std::shared_ptr<ProjectGauges> projects;  // null: nobody looks
  Gauge queue_items, queue_bytes;
  Gauge ids_ahead_seconds;
  Histogram entries_per_commit;
  Histogram commit_seconds, queue_wait_seconds, accepted_to_committed_seconds;
};

// Append, failed and commit_stuck_for: any thread. All else: one thread, the sequencer's (see
// sequencer_thread.h), or the single one of a simulation.
class Sequencer {
 public:
  // The ports must outlive it. Reads positions from `log`; any of its errors. `on_failure` is
  // called once, on the sequencer's thread, when a commit's outcome is unknown: from then on
  // nothing is written, and the process has to end and recover from the log.
  static Result<std::unique_ptr<Sequencer>> Make(const SequencerOptions& options, EventLog& log,
                                                 CommitListener& listener, const DiskGuard& disk,
                                                 const Clock& clock,
                                                 std::function<void(const Error&)> on_failure,
                                                 SequencerMetrics metrics, Log logger);

  // Queues `call`; its `done` is called exactly once. Never blocks. A full queue answers every
  // item at once with kResourceExhausted (QUEUE_FULL); after a failure or Close the call's own
  // error is kUnavailable.
  void Append(PendingAppend call);

  // Makes one commit of what waits, announces it, and answers the calls that are complete with it.
  // False: nothing waited, or no more may be written.
  bool Round();

  // Moves the floor of `partition` up to the last of `entries`, which are the oldest of its log
  // above the floor, and takes them off their users' heads, in one commit.
  Status Retire(Partition partition, std::span<const EntryPtr> entries);

  // Takes up to `rows_max` of what has expired off the counts, in one commit, and announces it.
  // True: there may be more.
  Result<bool> Expire(std::size_t rows_max);

  // The next step of an operation, in one commit, announced if there is something to announce.
  // True: one was made, and there may be more to do.
  Result<bool> StepOperation();

  // Writes and syncs something, to learn whether it still can. Fails as a commit does.
  Status Probe();

  // Refuses new calls; Round goes on with those that wait.
  void Close() { queue_.Close(); }

  AppendQueue& queue() { return queue_; }
  std::span<const PartitionPosition> positions() const { return state_.positions; }
  SteadyTime last_commit() const { return last_commit_; }

  // A commit's outcome was unknown.
  bool failed() const { return failed_.load(std::memory_order_acquire); }
  // How long the commit that is under way has been so; zero when none is.
  Duration commit_running_for() const;

 private:
  Sequencer(const SequencerOptions& options, Partition partitions, EventLog& log,
            CommitListener& listener, const DiskGuard& disk, const Clock& clock,
            std::function<void(const Error&)> on_failure, SequencerMetrics metrics, Log logger);

  // Takes the next round's calls from the queue; false: there are none.
  bool TakeRound();
  // The items of the round that the next commit takes: at least one, or the round has no more.
  std::vector<AppendItem*> NextItems();
  // Hands `results`, those of NextItems, to their calls, and answers the calls that are complete.
  void Answer(AppendResults results);
  // Answers calls whose caller has gone and takes them out.
  void DropUnwanted(std::vector<PendingAppend>& calls, SteadyTime now);
  CommitTimes Times() const;
  RoundRules Rules() const;
  // Adds the believed time to `batch` if that is due.
  Status Commit(CommitBatch& batch);
  void AnswerAll(const Error& error);
  void Count(const AppendResults& results);

  // Constant after construction.
  const SequencerOptions options_;
  EventLog& log_;
  CommitListener& listener_;
  const DiskGuard& disk_;
  const Clock& clock_;
  const std::function<void(const Error&)> on_failure_;
  const SequencerMetrics metrics_;
  const Log logger_;

  // Own synchronisation.
  AppendQueue queue_;
  std::atomic<bool> failed_{false};
  std::atomic<std::int64_t> commit_started_ns_{0};  // steady; 0: none is under way

  // The sequencer's thread only.
  LogState state_;
  SteadyTime last_commit_{};
  std::optional<SteadyTime> time_noted_;
  // The round under way: its calls from answered_ on wait for their answers; what is decided and
  // durable of call answered_ is in results_.
  std::vector<PendingAppend> calls_;
  std::size_t answered_ = 0;
  AppendResults results_;
};

}  // namespace belfry::store
