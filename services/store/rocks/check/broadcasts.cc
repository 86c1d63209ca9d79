// SPDX-License-Identifier: Apache-2.0
// Projects' broadcasts: numbered without a gap in each partition.
#include <optional>
#include <string>

#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

// The rows of one project in one partition.
class ProjectRows {
 public:
  explicit ProjectRows(CheckRun& run) : run_(run) {}

  // The next row above the floor.
  void Take(const KeyNames& names, std::string_view prefix, const Entry& entry) {
    if (prefix != prefix_) {
      End();
      prefix_ = prefix;
    }
    const bool first = !last_;
    const std::uint64_t expected = first ? 1 : last_->broadcast_ordinal + 1;
    // Earlier numbers went with what was retired.
    const bool may_begin_later = first && run_.positions[names.partition].floor > 0;
    if (entry.broadcast_ordinal != expected &&
        !(may_begin_later && entry.broadcast_ordinal > expected)) {
      run_.findings.Fault(CheckKind::kBroadcasts, KeyText(names),
                          "is number " + std::to_string(entry.broadcast_ordinal) +
                              " of its project, where " + std::to_string(expected) + " belongs");
    }
    last_ = entry;
  }

  // Compares the last row with the head that counts them.
  void End() {
    if (!last_ || !run_.readable(Column::kHeads)) {
      last_.reset();
      return;
    }
    const KeyNames names{.partition = last_->partition, .project = last_->project};
    const auto row = FindRow(run_, Column::kHeads, CheckKind::kHeads,
                             UserPrefix(last_->partition, last_->project, {}));
    const auto head = row ? DecodeBroadcastHead(*row) : std::nullopt;
    if (!head) {
      run_.findings.Fault(CheckKind::kHeads, KeyText(names), "has broadcasts and no head");
    } else if (head->last_id != last_->id || head->ordinal != last_->broadcast_ordinal) {
      run_.findings.Fault(CheckKind::kHeads, KeyText(names),
                          "says that the last broadcast is number " +
                              std::to_string(head->ordinal) + ", " + std::to_string(head->last_id) +
                              ", and it is number " + std::to_string(last_->broadcast_ordinal) +
                              ", " + std::to_string(last_->id));
    }
    last_.reset();
  }

 private:
  CheckRun& run_;
  std::string prefix_;
  std::optional<Entry> last_;
};

}  // namespace

void CheckBroadcasts(CheckRun& run) {
  const EntryId shared_above = run.highest_floor();
  ProjectRows project(run);
  for (RowWalk rows(run, Column::kBroadcasts, CheckKind::kBroadcasts); rows.Next();) {
    const auto names = ParseBroadcastKey(rows.key());
    if (!names || names->partition >= run.partitions()) {
      run.findings.Fault(CheckKind::kBroadcasts, RawKeyText(rows.key()),
                         "is not a key of a broadcast");
      continue;
    }
    if (names->id <= run.positions[names->partition].floor) {
      continue;
    }
    PartitionSums& sums = run.sums[names->partition];
    sums.broadcasts.Add(rows.key(), rows.value());
    const auto entry = ReadEntry(run, CheckKind::kBroadcasts, *names, rows.value());
    if (!entry) {
      continue;
    }
    if (names->id > shared_above) {
      sums.shared_broadcasts.Add(entry->project, std::to_string(entry->broadcast_id));
    }
    project.Take(*names, rows.key().substr(0, rows.key().size() - 8), *entry);
  }
  if (run.readable(Column::kBroadcasts)) {
    project.End();
  }
}

}  // namespace belfry::store
