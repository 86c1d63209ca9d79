// SPDX-License-Identifier: Apache-2.0
// Broadcasts' bodies, numbered without a gap in each project, and the projects' records, which
// count them.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "services/store/core/project_record.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

// The bodies of one project.
class ProjectBodies {
 public:
  explicit ProjectBodies(CheckRun& run) : run_(run) {}

  // The next body that a partition still refers to.
  void Take(const Entry& entry) {
    if (last_ && last_->project != entry.project) {
      End();
    }
    const bool first = !last_;
    const std::uint64_t expected = first ? 1 : last_->broadcast_ordinal + 1;
    // Earlier numbers went with what was retired.
    const bool may_begin_later = first && run_.lowest_floor() > 0;
    if (entry.broadcast_ordinal != expected &&
        !(may_begin_later && entry.broadcast_ordinal > expected)) {
      run_.findings.Fault(CheckKind::kBroadcasts, ProjectText(entry.project, entry.id),
                          "is number " + std::to_string(entry.broadcast_ordinal) +
                              " of its project, where " + std::to_string(expected) + " belongs");
    }
    last_ = entry;
  }

  // Compares the last body with the record that counts them.
  void End() {
    const std::optional<Entry> last = std::exchange(last_, std::nullopt);
    if (!last || !run_.readable(Column::kProjects)) {
      return;
    }
    const auto row =
        FindRow(run_, Column::kProjects, CheckKind::kProjects, ProjectKey(last->project));
    const auto record = row ? DecodeProjectRecord(*row) : std::nullopt;
    const auto fault = [&](std::string what) {
      run_.findings.Fault(CheckKind::kProjects, ProjectText(last->project), std::move(what));
    };
    if (!record) {
      fault("has broadcasts and no record");
    } else if (record->last_broadcast_id != last->id ||
               record->broadcasts != last->broadcast_ordinal) {
      fault("says that the last broadcast is number " + std::to_string(record->broadcasts) + ", " +
            std::to_string(record->last_broadcast_id) + ", and it is number " +
            std::to_string(last->broadcast_ordinal) + ", " + std::to_string(last->id));
    }
  }

 private:
  CheckRun& run_;
  std::optional<Entry> last_;
};

// What each partition's log should refer to.
void Sum(CheckRun& run, std::string_view key, const Entry& entry) {
  const std::string reference = ReferenceTo(entry);
  for (const PartitionHead& position : run.positions) {
    if (entry.id > position.floor) {
      run.sums[position.partition].broadcasts.Add(key, reference);
    }
  }
}

}  // namespace

void CheckBroadcasts(CheckRun& run) {
  const EntryId lowest_floor = run.lowest_floor();
  ProjectBodies project(run);
  for (RowWalk rows(run, Column::kBodies, CheckKind::kBroadcasts); rows.Next();) {
    const auto names = ParseBodyKey(rows.key());
    if (!names) {
      run.findings.Fault(CheckKind::kBroadcasts, RawKeyText(rows.key()), "is not a key of a body");
      continue;
    }
    if (names->id <= lowest_floor) {
      continue;
    }
    const auto entry = ReadEntry(run, CheckKind::kBroadcasts, *names, rows.value());
    if (!entry) {
      continue;
    }
    if (entry->prev != 0 || entry->payload.empty()) {
      run.findings.Fault(CheckKind::kBroadcasts, ProjectText(entry->project, entry->id),
                         entry->prev != 0 ? "is linked to another entry" : "has no body");
    }
    Sum(run, rows.key(), *entry);
    project.Take(*entry);
  }
  if (run.readable(Column::kBodies)) {
    project.End();
  }
}

// A record counts on after its project's broadcasts are retired.
void CheckProjects(CheckRun& run) {
  for (RowWalk rows(run, Column::kProjects, CheckKind::kProjects); rows.Next();) {
    const auto names = ParseProjectKey(rows.key());
    if (!names) {
      run.findings.Fault(CheckKind::kProjects, RawKeyText(rows.key()), "is not a key of a project");
      continue;
    }
    const auto record = DecodeProjectRecord(rows.value());
    if (!record || record->broadcasts == 0) {
      run.findings.Fault(CheckKind::kProjects, ProjectText(names->project), "is malformed");
      continue;
    }
    if (record->last_broadcast_id > run.lowest_floor() && run.readable(Column::kBodies) &&
        !FindRow(run, Column::kBodies, CheckKind::kBroadcasts,
                 WithId(ProjectKey(names->project), record->last_broadcast_id))) {
      run.findings.Fault(CheckKind::kProjects, ProjectText(names->project),
                         "says that the last broadcast is " +
                             std::to_string(record->last_broadcast_id) + ", which is not there");
    }
  }
}

}  // namespace belfry::store
