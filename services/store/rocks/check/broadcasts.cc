// SPDX-License-Identifier: Apache-2.0
// Broadcasts' bodies, what became of them, and the projects' records, which say which are live.
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "services/store/core/project_record.h"
#include "services/store/rocks/check/run.h"

namespace belfry::store {
namespace {

// The entries of one project: its broadcasts, and that some were retracted or have expired.
class ProjectEntries {
 public:
  explicit ProjectEntries(CheckRun& run) : run_(run) {}

  // The next one that a partition still has.
  void Take(const Entry& entry) {
    if (entry.project != project_) {
      End();
      project_ = entry.project;
    }
    last_id_ = entry.id;
    if (entry.kind == EntryKind::kBroadcast) {
      live_.insert(entry.id);
    } else {
      live_.erase(entry.broadcast_id);
    }
  }

  // Compares what was taken with the record that says which broadcasts are live.
  void End() {
    const std::string project = std::exchange(project_, {});
    const std::set<EntryId> live = std::exchange(live_, {});
    if (project.empty() || !run_.readable(Column::kProjects)) {
      return;
    }
    const auto row = FindRow(run_, Column::kProjects, CheckKind::kProjects, ProjectKey(project));
    const auto record = row ? DecodeProjectRecord(*row) : std::nullopt;
    const auto fault = [&](std::string what) {
      run_.findings.Fault(CheckKind::kProjects, ProjectText(project), std::move(what));
    };
    if (!record) {
      fault("has broadcasts and no record");
      return;
    }
    if (record->last_id != last_id_) {
      fault("says that its last entry is " + std::to_string(record->last_id) + ", and it is " +
            std::to_string(last_id_));
    }
    const EntryId lowest_floor = run_.lowest_floor();
    std::set<EntryId> said;
    for (const LiveBroadcast& one : record->live) {
      if (one.id > lowest_floor) {
        said.insert(one.id);
      }
    }
    for (const EntryId id : live) {
      if (!said.contains(id)) {
        fault("does not say that broadcast " + std::to_string(id) + " is live");
      }
    }
    for (const EntryId id : said) {
      if (!live.contains(id)) {
        fault("says that broadcast " + std::to_string(id) + " is live, and it is not");
      }
    }
  }

 private:
  CheckRun& run_;
  std::string project_;
  EntryId last_id_ = 0;
  std::set<EntryId> live_;
};

// What each partition's log should refer to.
void Sum(CheckRun& run, std::string_view key, const Entry& entry) {
  const std::string reference = ReferenceTo(entry);
  for (const PartitionPosition& position : run.positions) {
    if (entry.id > position.floor) {
      run.sums[position.partition].broadcasts.Add(key, reference);
    }
  }
}

}  // namespace

void CheckBroadcasts(CheckRun& run) {
  const EntryId lowest_floor = run.lowest_floor();
  ProjectEntries project(run);
  for (CheckedRows rows(run, Column::kBodies, CheckKind::kBroadcasts); rows.Next();) {
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
    if (entry->id > run.positions.front().floor) {
      run.usages[entry->project] += {0, BodyBytes(*entry)};
    }
    Sum(run, rows.key(), *entry);
    project.Take(*entry);
  }
  if (run.readable(Column::kBodies)) {
    project.End();
  }
}

// What is kept of each project's usage against what was added up.
void CheckUsages(CheckRun& run) {
  if (!run.readable(Column::kLog) || !run.readable(Column::kBodies)) {
    run.findings.Skip(CheckKind::kUsages, "the log or the bodies cannot be read");
    return;
  }
  const auto text = [](const Usage& usage) {
    return std::to_string(usage.entries) + " entries and " + std::to_string(usage.bytes) + " bytes";
  };
  for (CheckedRows rows(run, Column::kMeta, CheckKind::kUsages, kStoredPrefix);
       rows.Next() && rows.key().starts_with(kStoredPrefix);) {
    const auto row = DecodeUsage(rows.key(), rows.value());
    if (!row) {
      run.findings.Fault(CheckKind::kUsages, RawKeyText(rows.key()), "is malformed");
      continue;
    }
    const auto found = run.usages.find(row->project);
    const Usage added_up = found == run.usages.end() ? Usage{} : found->second;
    if (found != run.usages.end()) {
      run.usages.erase(found);
    }
    if (row->usage != added_up) {
      run.findings.Fault(CheckKind::kUsages, ProjectText(row->project),
                         "is said to have " + text(row->usage) + ", and has " + text(added_up));
    }
  }
  for (const auto& [project, usage] : run.usages) {
    run.findings.Fault(CheckKind::kUsages, ProjectText(project),
                       "has " + text(usage) + ", and no row says so");
  }
}

// A record outlives its project's broadcasts.
void CheckProjects(CheckRun& run) {
  for (CheckedRows rows(run, Column::kProjects, CheckKind::kProjects); rows.Next();) {
    const auto names = ParseProjectKey(rows.key());
    if (!names) {
      run.findings.Fault(CheckKind::kProjects, RawKeyText(rows.key()), "is not a key of a project");
      continue;
    }
    const auto record = DecodeProjectRecord(rows.value());
    if (!record || record->last_id == 0) {
      run.findings.Fault(CheckKind::kProjects, ProjectText(names->project), "is malformed");
      continue;
    }
    if (record->last_id > run.lowest_floor() && run.readable(Column::kBodies) &&
        !FindRow(run, Column::kBodies, CheckKind::kBroadcasts,
                 WithId(ProjectKey(names->project), record->last_id))) {
      run.findings.Fault(CheckKind::kProjects, ProjectText(names->project),
                         "says that its last entry is " + std::to_string(record->last_id) +
                             ", which is not there");
    }
  }
}

}  // namespace belfry::store
