// SPDX-License-Identifier: Apache-2.0
// Opening, committing, ending. See sim_log_reads.cc for reading.
#include "tests/simulation/sim_log.h"

#include <algorithm>

#include "libs/common/check.h"

namespace belfry::sim {

SimLog::SimLog(Context& context, Rows& rows, Past& past, const std::vector<EntryId>& high_water,
               const Clock& clock)
    : context_(context), rows_(rows), past_(past), reads_(rows), now_(rows), clock_(clock) {
  past_.retired.resize(rows_.positions.size());
  past_.lost.resize(rows_.positions.size());
  past_.floors.resize(rows_.positions.size());
  for (const PartitionPosition& position : rows_.positions) {
    past_.floors[position.partition].emplace_back(context_.scheduler.micros(), position.floor);
  }
  RecordLosses(high_water, clock.UnixMicros());
}

// As rocks/opening.cc does when it is told to accept a loss.
void SimLog::RecordLosses(const std::vector<EntryId>& high_water, std::int64_t now_us) {
  for (std::size_t p = 0; p < high_water.size(); ++p) {
    PartitionPosition& position = rows_.positions[p];
    if (position.last_id >= high_water[p]) {
      continue;
    }
    const EntryId now = now_us > 0 ? static_cast<EntryId>(now_us) : 0;
    const EntryId to = std::min(std::max(high_water[p], now) + 1, kEntryIdMax);
    rows_.lost[p].push_back({position.last_id, to});
    position.last_id = to;
    context_.coverage.Add(Seen::kLossRecorded);
    context_.trace.Step("log", "records a loss",
                        {{"partition", p}, {"from", rows_.lost[p].back().from}, {"to", to}});
  }
}

void SimLog::Apply(const store::CommitBatch& batch) {
  reads_.BeforeCommit(batch);
  rows_.Apply(batch);
  for (const EntryPtr& entry : batch.entries()) {
    if (IsForEdges(entry->kind)) {
      past_.for_edges.push_back({context_.scheduler.micros(), entry});
    }
  }
  for (const PartitionPosition& position : batch.positions()) {
    // What compaction would drop sooner or later.
    auto& log = rows_.logs[position.partition];
    const auto kept = log.upper_bound(position.floor);
    past_.retired[position.partition].insert(log.begin(), kept);
    log.erase(log.begin(), kept);
    past_.floors[position.partition].emplace_back(context_.scheduler.micros(), position.floor);
  }
}

Status SimLog::Commit(const store::CommitBatch& batch) {
  BELFRY_CHECK(!pending_);
  const Plan& plan = context_.plan;
  const bool slow = context_.random.Chance(plan.slow_commits);
  if (slow) {
    context_.coverage.Add(Seen::kCommitSlow);
  }
  const Duration takes = context_.random.UpTo(slow ? plan.slow_commit_max : plan.commit_max);
  const SteadyTime now = context_.scheduler.now();
  // What a log carries is what is applied.
  auto carried = store::CommitBatch::Decode(batch.Encode());
  BELFRY_CHECK(carried.ok());
  pending_ = Pending{std::move(*carried), now + context_.random.UpTo(takes), now + takes};
  context_.trace.Step("log", "commits",
                      {{"entries", batch.entries().size()},
                       {"takes_us", static_cast<std::uint64_t>(takes.count() / 1000)},
                       {"last", batch.entries().empty() ? 0 : batch.entries().back()->id}});
  if (fail_next_sync_) {
    pending_->failed = true;
    return Fail(Code::kUnavailable, "fsync: Input/output error");
  }
  return {};
}

std::optional<SteadyTime> SimLog::commit_ends() const {
  return pending_ && !pending_->finished ? std::optional(pending_->ends) : std::nullopt;
}

void SimLog::Finish() {
  BELFRY_CHECK(pending_ && !pending_->finished);
  if (pending_->failed) {
    pending_->finished = true;
    return;
  }
  Apply(pending_->batch);
  pending_.reset();
}

void SimLog::End(Ending ending) {
  if (!pending_) {
    return;
  }
  const bool durable = !pending_->failed && context_.scheduler.now() >= pending_->durable;
  const bool lucky = ending != Ending::kPowerCut && context_.random.Chance(50);
  const bool kept = durable || lucky;
  if (!pending_->batch.entries().empty()) {
    if (pending_->failed) {
      context_.coverage.Add(kept ? Seen::kFsyncFailedKept : Seen::kFsyncFailedGone);
    } else {
      context_.coverage.Add(kept ? Seen::kCommitUnanswered : Seen::kCommitDropped);
    }
  }
  context_.trace.Step("log", kept ? "keeps what was being committed" : "drops what was not synced",
                      {{"entries", pending_->batch.entries().size()}});
  if (kept) {
    Apply(pending_->batch);
  }
  pending_.reset();
}

bool SimLog::FailsToRead() {
  if (!context_.random.Chance(context_.plan.reads_failed)) {
    return false;
  }
  context_.coverage.Add(Seen::kLogReadFailed);
  return true;
}

}  // namespace belfry::sim
