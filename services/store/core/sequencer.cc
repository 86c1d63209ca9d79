// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/sequencer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/expire_plan.h"
#include "services/store/core/retire_plan.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Error UnknownOutcome(const Error& cause) {
  return {Code::kUnavailable,
          "append: outcome unknown, a retry with the same key is safe: " + cause.message,
          "OUTCOME_UNKNOWN"};
}

}  // namespace

Sequencer::Sequencer(const SequencerOptions& options, Partition partitions, EventLog& log,
                     CommitListener& listener, const DiskGuard& disk, const Clock& clock,
                     std::function<void(const Error&)> on_failure, SequencerMetrics metrics,
                     Log logger)
    : options_(options),
      log_(log),
      listener_(listener),
      disk_(disk),
      clock_(clock),
      on_failure_(std::move(on_failure)),
      metrics_(metrics),
      logger_(std::move(logger)),
      queue_(options.queue, partitions, metrics.queue_items, metrics.queue_bytes),
      state_(options.users_cached_max) {}

Result<std::unique_ptr<Sequencer>> Sequencer::Make(const SequencerOptions& options, EventLog& log,
                                                   CommitListener& listener, const DiskGuard& disk,
                                                   const Clock& clock,
                                                   std::function<void(const Error&)> on_failure,
                                                   SequencerMetrics metrics, Log logger) {
  auto positions = log.LoadPositions();
  if (!positions.ok()) {
    return Fail(Wrap("load positions", std::move(positions.error())));
  }
  BELFRY_CHECK(!positions->empty());
  const auto upgraded_at = ReadUpgraded(log);
  if (!upgraded_at.ok()) {
    return Fail(Wrap("load positions", upgraded_at.error()));
  }
  auto operations = LoadOperations(log);
  if (!operations.ok()) {
    return Fail(Wrap("load operations", std::move(operations.error())));
  }
  auto usages = LoadUsages(log);
  if (!usages.ok()) {
    return Fail(Wrap("load what projects have stored", std::move(usages.error())));
  }
  std::unique_ptr<Sequencer> sequencer(
      new Sequencer(options, static_cast<Partition>(positions->size()), log, listener, disk, clock,
                    std::move(on_failure), metrics, std::move(logger)));
  EntryId& last_id = sequencer->state_.last_id;
  for (const PartitionPosition& position : *positions) {
    last_id = std::max(last_id, position.last_id);
  }
  if (Planted(PlantedFault::kIdReusedAfterRestart) && last_id > 0) {
    // A partition that has it would CHECK its next id otherwise; the others' links stay whole.
    for (PartitionPosition& position : *positions) {
      position.last_id -= position.last_id == last_id ? 1 : 0;
    }
    --last_id;
  }
  sequencer->state_.positions = std::move(*positions);
  sequencer->state_.upgraded_at = *upgraded_at;
  sequencer->state_.operations = std::move(*operations);
  sequencer->state_.usages = std::move(*usages);
  sequencer->state_.lookback = options.broadcast_lookback;
  sequencer->last_commit_ = clock.Now();
  return sequencer;
}

void Sequencer::Append(PendingAppend call) {
  if (failed()) {
    metrics_.unknown.Add(static_cast<double>(call.items.size()));
    call.done(Fail(Code::kUnavailable, "append: the store is stopping after a failed commit"));
    return;
  }
  switch (queue_.Push(call)) {
    case AppendQueue::Pushed::kYes:
      return;
    case AppendQueue::Pushed::kClosed:
      metrics_.unknown.Add(static_cast<double>(call.items.size()));
      call.done(Fail(Code::kUnavailable, "append: the store is stopping"));
      return;
    case AppendQueue::Pushed::kFull:
      break;
  }
  Error full{Code::kResourceExhausted, "append: the store's queue is full", "QUEUE_FULL"};
  full.retry_after = options_.retry_after;
  AppendResults results(call.items.size(), Fail(full));
  Count(results);
  call.done(std::move(results));
}

bool Sequencer::TakeRound() {
  calls_ = queue_.Take(options_.round_items_max, options_.round_bytes_max);
  answered_ = 0;
  if (calls_.empty()) {
    return false;
  }
  if (!failed()) {
    DropUnwanted(calls_, clock_.Now());
  }
  return true;
}

std::vector<AppendItem*> Sequencer::NextItems() {
  std::vector<AppendItem*> items;
  std::size_t bytes = 0;
  std::size_t first = results_.size();  // of the call's items, that is not decided
  for (std::size_t i = answered_; i < calls_.size(); ++i, first = 0) {
    for (std::size_t j = first; j < calls_[i].items.size(); ++j) {
      AppendItem& item = calls_[i].items[j];
      bytes += CommitBytesMax(item, state_.positions.size());
      if (!items.empty() && bytes > options_.commit_bytes_max) {
        return items;
      }
      items.push_back(&item);
    }
  }
  return items;
}

bool Sequencer::Round() {
  if (calls_.empty() && !TakeRound()) {
    return false;
  }
  if (failed()) {
    AnswerAll({Code::kUnavailable, "append: the store is stopping after a failed commit"});
    return true;
  }
  if (calls_.empty()) {
    return true;
  }
  if (state_.projects.size() > options_.projects_cached_max) {
    state_.projects.clear();
  }
  const std::vector<AppendItem*> items = NextItems();
  RoundPlan plan(state_, log_, Rules());
  if (const Status decided = plan.Decide(items); !decided.ok()) {
    logger_.Error("cannot decide a round", {{"error", decided.error()}});
    AnswerAll({Code::kUnavailable, decided.error().message});
    return true;
  }
  if (!plan.empty()) {
    const bool early = Planted(PlantedFault::kAnnouncedBeforeDurable);
    if (early) {
      listener_.OnCommitted(plan.batch().entries());
    }
    if (const Status committed = Commit(plan.batch()); !committed.ok()) {
      AnswerAll(UnknownOutcome(committed.error()));
      return true;
    }
    if (!early) {
      listener_.OnCommitted(plan.batch().entries());
    }
  }
  Answer(std::move(plan.results()));
  state_.users.Trim();
  return true;
}

void Sequencer::DropUnwanted(std::vector<PendingAppend>& calls, SteadyTime now) {
  const auto unwanted = [&](PendingAppend& call) {
    metrics_.queue_wait_seconds.Observe(Seconds(now - call.accepted));
    const bool late = now >= call.deadline;
    if (!late && !(call.cancelled && call.cancelled())) {
      return false;
    }
    metrics_.dropped.Add(static_cast<double>(call.items.size()));
    call.done(AppendResults(
        call.items.size(),
        late ? Fail(Code::kDeadlineExceeded, "append: too late, not stored", "NOT_STORED")
             : Fail(Code::kCancelled, "append: cancelled, not stored", "NOT_STORED")));
    return true;
  };
  std::erase_if(calls, unwanted);
}

Status Sequencer::Commit(CommitBatch& batch) {
  const SteadyTime started = clock_.Now();
  const bool time_due = !time_noted_ || started - *time_noted_ >= options_.note_time_every;
  // A probe must write something.
  if (time_due || batch.empty()) {
    SetBelievedTime(batch, clock_.ExpiryMicros());
    time_noted_ = started;
    if (metrics_.projects) {
      metrics_.projects->Show(state_.usages, options_.quotas);
    }
  }
  commit_started_ns_.store(std::max<std::int64_t>(1, started.time_since_epoch().count()),
                           std::memory_order_release);
  Status committed = log_.Commit(batch);
  commit_started_ns_.store(0, std::memory_order_release);
  if (!committed.ok()) {
    // It may be on disk all the same, and what was decided upon it would build on sand.
    failed_.store(true, std::memory_order_release);
    queue_.Close();
    logger_.Error("commit failed, its outcome is unknown: stopping",
                  {{"entries", batch.entries().size()}, {"error", committed.error()}});
    on_failure_(committed.error());
    return committed;
  }
  last_commit_ = clock_.Now();
  metrics_.commits.Add();
  metrics_.commit_seconds.Observe(Seconds(last_commit_ - started));
  if (!batch.positions().empty() && !batch.entries().empty()) {
    metrics_.entries_per_commit.Observe(static_cast<double>(batch.entries().size()));
    const auto newest = static_cast<std::int64_t>(batch.entries().back()->id);
    metrics_.ids_ahead_seconds.Set(
        std::max(0.0, static_cast<double>(newest - clock_.UnixMicros()) / 1e6));
  }
  return {};
}

void Sequencer::Answer(AppendResults results) {
  const SteadyTime now = clock_.Now();
  auto result = results.begin();
  for (; answered_ < calls_.size(); ++answered_) {
    PendingAppend& call = calls_[answered_];
    while (results_.size() < call.items.size() && result != results.end()) {
      results_.push_back(std::move(*result++));
    }
    if (results_.size() < call.items.size()) {
      return;
    }
    Count(results_);
    metrics_.accepted_to_committed_seconds.Observe(Seconds(now - call.accepted));
    call.done(std::exchange(results_, {}));
  }
  calls_.clear();
}

void Sequencer::AnswerAll(const Error& error) {
  results_.clear();
  for (std::vector<PendingAppend> calls = std::exchange(calls_, {}); answered_ < calls.size();
       ++answered_) {
    PendingAppend& call = calls[answered_];
    metrics_.unknown.Add(static_cast<double>(call.items.size()));
    call.done(Fail(error));
  }
}

void Sequencer::Count(const AppendResults& results) {
  double stored = 0;
  for (const Result<Appended>& result : results) {
    if (result.ok()) {
      if (result->audience) {
        result->audience->changed ? metrics_.audience_changed.Add()
                                  : metrics_.audience_unchanged.Add();
      } else if (result->updated) {
        result->updated->changed ? metrics_.state_changed.Add() : metrics_.state_unchanged.Add();
      } else if (result->suppressed) {
        metrics_.suppressed.Add();
      } else {
        result->duplicate ? metrics_.duplicate.Add() : void(++stored);
      }
    } else if (result.error().reason == "IDEMPOTENCY_KEY_REUSED") {
      metrics_.key_reused.Add();
    } else if (result.error().reason == "DISK_RESERVE") {
      metrics_.disk_reserve.Add();
    } else if (result.error().reason == "QUOTA_EXCEEDED") {
      metrics_.quota.Add();
    } else if (result.error().reason == "QUEUE_FULL") {
      metrics_.queue_full.Add();
    } else {
      metrics_.other.Add();
    }
  }
  if (stored > 0) {
    metrics_.stored.Add(stored);
  }
}

Status Sequencer::Retire(Partition partition, std::span<const EntryPtr> entries) {
  if (failed()) {
    return Fail(Code::kUnavailable, "retire: the store is stopping after a failed commit");
  }
  RetirePlan plan(state_, log_, Times(), partition, entries);
  if (Status decided = plan.Decide(); !decided.ok()) {
    return Fail(Wrap("retire", std::move(decided.error())));
  }
  if (Status committed = Commit(plan.batch()); !committed.ok()) {
    return committed;
  }
  plan.Settle();
  state_.users.Trim();
  return {};
}

Result<bool> Sequencer::Expire(std::size_t rows_max) {
  if (failed()) {
    return Fail(Code::kUnavailable, "expire: the store is stopping after a failed commit");
  }
  ExpirePlan plan(state_, log_, Times());
  auto more = plan.Decide(rows_max);
  if (!more.ok()) {
    return Fail(Wrap("expire", std::move(more.error())));
  }
  if (!plan.batch().empty()) {
    if (Status committed = Commit(plan.batch()); !committed.ok()) {
      return Fail(std::move(committed.error()));
    }
    listener_.OnCommitted(plan.batch().entries());
  }
  state_.users.Trim();
  return more;
}

Result<bool> Sequencer::StepOperation() {
  if (failed()) {
    return Fail(Code::kUnavailable, "operations: the store is stopping after a failed commit");
  }
  Operations& operations = state_.operations;
  if (operations.empty()) {
    return false;  // asked between any two rounds
  }
  const OperationId next = disk_.low() ? 0 : operations.NextToStep();
  OperationStep step;
  if (next != 0) {
    RoundRules rules = Rules();
    rules.rated = false;  // an operation gives its members a few at a time anyway
    auto made = store::StepOperation(state_, log_, rules, options_.operation_step, next);
    if (!made.ok()) {
      return Fail(Wrap("operation " + std::to_string(next), std::move(made.error())));
    }
    step = std::move(*made);
    metrics_.operation_steps.Add();
    const OperationRecord* const after = operations.Find(next);
    if (after == nullptr || !IsRunning(*after)) {
      metrics_.operations_ended.Add();
    }
  } else {
    const std::int64_t ttl_us =
        std::chrono::duration_cast<std::chrono::microseconds>(options_.key_ttl).count();
    step.batch = ForgetOperations(operations, clock_.ExpiryMicros() - ttl_us);
  }
  metrics_.operations_running.Set(static_cast<double>(operations.running().size()));
  if (step.batch.empty()) {
    return false;
  }
  if (Status committed = Commit(step.batch); !committed.ok()) {
    return Fail(std::move(committed.error()));
  }
  if (step.announce) {
    listener_.OnCommitted(step.batch.entries());
  }
  state_.users.Trim();
  return true;
}

RoundRules Sequencer::Rules() const {
  return {
      .times = Times(),
      .key_ttl_us = std::chrono::duration_cast<std::chrono::microseconds>(options_.key_ttl).count(),
      .disk_low = disk_.low(),
      .disk_scarce = disk_.scarce(),
      .broadcasts_live_max = options_.broadcasts_live_max,
      .audience_bytes_max = options_.commit_bytes_max / 4,
      .critical = options_.critical_kinds,
      .quotas = options_.quotas};
}

CommitTimes Sequencer::Times() const {
  return {.now_us = clock_.UnixMicros(), .passed_us = clock_.ExpiryMicros()};
}

Status Sequencer::Probe() {
  if (failed()) {
    return Fail(Code::kUnavailable, "probe: the store is stopping after a failed commit");
  }
  CommitBatch nothing;
  return Commit(nothing);
}

Duration Sequencer::commit_running_for() const {
  const std::int64_t started = commit_started_ns_.load(std::memory_order_acquire);
  return started == 0 ? Duration{0} : clock_.Now().time_since_epoch() - Duration(started);
}

}  // namespace belfry::store
