// SPDX-License-Identifier: Apache-2.0
// Each partition's log: one unbroken chain from its floor to its last id.
#include <algorithm>

#include "libs/common/revocation.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

// Follows one partition's links.
class Chain {
 public:
  Chain(CheckRun& run, Partition partition)
      : run_(run), head_(run.positions[partition]), at_(head_.floor) {}

  void Take(const Entry& entry) {
    if (!Reaches(entry.prev)) {
      run_.findings.Fault(CheckKind::kLog, KeyText({.partition = head_.partition, .id = entry.id}),
                          "its link says that " + std::to_string(entry.prev) +
                              " is before it, and " + std::to_string(at_) + " is");
    }
    at_ = entry.id;
  }
  // One that cannot be read: the chain goes on after it.
  void Step(EntryId id) { at_ = id; }

  void End() {
    if (!Reaches(head_.last_id)) {
      run_.findings.Fault(CheckKind::kLog, KeyText({.partition = head_.partition}),
                          "ends at " + std::to_string(at_) + ", and its position says " +
                              std::to_string(head_.last_id));
    }
  }

 private:
  // Whether `id` is where the chain is, or where accepted losses lead from there.
  bool Reaches(EntryId id) {
    for (const LostInterval& lost : run_.lost[head_.partition]) {
      if (at_ != id && lost.from == at_ && lost.to <= id) {
        at_ = lost.to;
      }
    }
    return at_ == id;
  }

  CheckRun& run_;
  const PartitionPosition head_;
  EntryId at_;
};

bool InLostInterval(const CheckRun& run, const KeyNames& names) {
  const auto& lost = run.lost[names.partition];
  return std::any_of(lost.begin(), lost.end(), [&](const LostInterval& interval) {
    return interval.from < names.id && names.id <= interval.to;
  });
}

void Sum(CheckRun& run, const Entry& entry, std::string_view value) {
  if (IsForEdges(entry.kind)) {
    return;
  }
  PartitionSums& sums = run.sums[entry.partition];
  if (!entry.user_id.empty()) {
    sums.log_own.Add(WithId(UserPrefix(entry.partition, entry.project, entry.user_id), entry.id),
                     value);
  } else if (entry.kind != EntryKind::kErased) {
    sums.log_broadcasts.Add(WithId(ProjectKey(entry.project), entry.id), ReferenceTo(entry));
  }
}

void TakeRow(CheckRun& run, const KeyNames& names, std::string_view value, Chain& chain) {
  const PartitionPosition& head = run.positions[names.partition];
  if (names.id <= head.floor) {
    return;  // retired; compaction frees it in its own time
  }
  if (names.id > head.last_id) {
    run.findings.Fault(CheckKind::kLog, KeyText(names),
                       "lies behind the partition's last id, " + std::to_string(head.last_id));
  }
  if (InLostInterval(run, names)) {
    run.findings.Fault(CheckKind::kLog, KeyText(names), "lies in an interval that was lost");
  }
  const auto entry = ReadEntry(run, CheckKind::kLog, names, value);
  if (!entry) {
    chain.Step(names.id);
    return;
  }
  if (entry->kind == EntryKind::kBroadcast && !entry->payload.empty()) {
    run.findings.Fault(CheckKind::kLog, KeyText(names), "holds a broadcast's body");
  }
  chain.Take(*entry);
  run.usages[entry->project] += UsageOf(*entry);
  Sum(run, *entry, value);
}

}  // namespace

void CheckLog(CheckRun& run) {
  std::vector<Chain> chains;
  for (Partition p = 0; p < run.partitions(); ++p) {
    chains.emplace_back(run, p);
  }
  for (CheckedRows rows(run, Column::kLog, CheckKind::kLog); rows.Next();) {
    const auto names = ParseLogKey(rows.key());
    if (!names || names->partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kLog, RawKeyText(rows.key()), "is not a key of the log");
      continue;
    }
    TakeRow(run, *names, rows.value(), chains[names->partition]);
  }
  if (run.readable(Column::kLog)) {
    for (Chain& chain : chains) {
      chain.End();
    }
  }
}

}  // namespace belfry::store
