// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/project_drop.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/audience_rows.h"
#include "services/store/core/clearing.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/revocation_rows.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {
namespace {

// What is cleared, in this order; OperationRecord::stage is one of them.
enum Stage : std::uint64_t {
  kUsers = 0,  // with their entries
  kCollapseKeys,
  kBroadcasts,
  kIdempotencyKeys,
  kAudience,  // with memberships
  kSegments,
  kRevocations,
  kStages,
};

constexpr std::size_t kBroadcastsAtOnce = 16;  // each has an entry in every partition
constexpr std::size_t kSegmentsAtOnce = 64;
constexpr std::size_t kUsersAtOnce = 64;

// Where to go on: behind `after`, or at the first row of `prefix`.
std::string From(const std::string& prefix, const std::string& after) {
  return after.empty() ? prefix : after + '\0';
}

class Drop {
 public:
  Drop(LogState& state, Tables& tables, const RoundRules& rules, const OperationStepLimits& limits,
       const OperationRecord& operation)
      : state_(state), tables_(tables), rules_(rules), limits_(limits), operation_(operation) {}

  Result<OperationStep> Step(OperationRecord& changed) {
    const auto more = ClearSome();
    if (!more.ok()) {
      return Fail(more.error());
    }
    clearing_.Finish(step_.batch, operation_.project, state_.usages);
    if (!*more) {
      operation_.after.clear();
      NextStage();
    }
    for (const std::string& user : changed_users_) {
      state_.users.Erase(operation_.project, user);
    }
    if (operation_.stage == kStages) {
      operation_.told.total = operation_.told.done;
      operation_.told.state = OperationState::kDone;
      operation_.told.finished_us = rules_.times.now_us;
    }
    changed = std::move(operation_);
    return std::move(step_);
  }

 private:
  CommitBatch& batch() { return step_.batch; }
  Partition partitions() const { return static_cast<Partition>(state_.positions.size()); }
  // Users and collapse keys are by partition: operation_.up_to is the one under way.
  Partition partition() const { return static_cast<Partition>(operation_.up_to); }

  void NextStage() {
    const bool by_partition = operation_.stage == kUsers || operation_.stage == kCollapseKeys;
    if (by_partition && operation_.up_to + 1 < partitions()) {
      ++operation_.up_to;
      return;
    }
    operation_.up_to = 0;
    ++operation_.stage;
  }

  // True: the stage has more, after operation_.after.
  Result<bool> ClearSome() {
    switch (operation_.stage) {
      case kUsers:
        return ClearUsers();
      case kCollapseKeys:
        return RemoveRows(Table::kCollapse, InPartition());
      case kBroadcasts:
        return ClearBroadcasts();
      case kIdempotencyKeys:
        return RemoveRows(Table::kKeys, ProjectKey(operation_.project));
      case kAudience:
        return ClearAudience();
      case kSegments:
        return ClearSegments();
      case kRevocations:
        return ClearRevocations();
      default:
        return false;
    }
  }

  // What keys that begin with partition and project begin with.
  std::string InPartition() const {
    std::string prefix = UserPrefix(partition(), operation_.project, {});
    prefix.pop_back();  // the length of no user
    return prefix;
  }

  // Up to `rows_max` rows of `prefix`; the last one is remembered. `at_end`: there are no more.
  Result<std::vector<KeyedRow>> Next(Table table, const std::string& prefix, std::size_t rows_max,
                                     bool* at_end) {
    auto rows = tables_.Scan(table, From(prefix, operation_.after), rows_max);
    if (!rows.ok()) {
      return rows;
    }
    *at_end = rows->size() < rows_max;
    const auto end = std::find_if(rows->begin(), rows->end(), [&](const KeyedRow& row) {
      return !row.key.starts_with(prefix);
    });
    *at_end = *at_end || end != rows->end();
    rows->erase(end, rows->end());
    return rows;
  }

  Result<bool> RemoveRows(Table table, const std::string& prefix) {
    bool at_end = false;
    const auto rows = Next(table, prefix, limits_.rows_max, &at_end);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    for (const KeyedRow& row : *rows) {
      batch().Remove(table, row.key);
      operation_.after = row.key;
    }
    return !at_end;
  }

  Result<bool> ClearUsers() {
    bool at_end = false;
    const auto rows = Next(Table::kUsers, InPartition(), kUsersAtOnce, &at_end);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    std::size_t room = limits_.entries_max;
    for (const KeyedRow& row : *rows) {
      const auto names = ParseUsersKey(row.key);
      const auto record = DecodeUserRecord(row.value);
      if (!names || !record) {
        return Fail(Code::kDataLoss, "drop a project: a user's row is malformed");
      }
      const UserRef user{names->partition, names->project, names->user_id};
      const auto cleared = ClearEntries(user, room);
      if (!cleared.ok()) {
        return Fail(cleared.error());
      }
      changed_users_.emplace_back(names->user_id);
      if (!*cleared) {
        // The newest entry is still there, and all of them count for nothing.
        SetUser(batch(), user, ErasedUser(record->last_id));
        return true;
      }
      batch().Remove(Table::kUsers, row.key);
      operation_.after = row.key;
    }
    return !at_end;
  }

  // The user's oldest entries, while there is room in the step. False: there are more.
  Result<bool> ClearEntries(const UserRef& user, std::size_t& room) {
    const auto moment = tables_.rows().Look(user);
    if (!moment.ok()) {
      return Fail(moment.error());
    }
    EntryCursor& own = *moment->user_entries;
    for (own.SeekAfter(0); own.id(); own.Next()) {
      if (room == 0) {
        return false;
      }
      const auto entry = own.entry();
      if (!entry.ok()) {
        return Fail(entry.error());
      }
      clearing_.ClearOwn(batch(), user, *entry, moment->position.floor);
      --room;
      ++operation_.told.done;
    }
    if (Status status = own.status(); !status.ok()) {
      return Fail(std::move(status.error()));
    }
    return true;
  }

  // The oldest broadcasts, and what says what became of them, each in all partitions at once.
  Result<bool> ClearBroadcasts() {
    const std::string& project = operation_.project;
    const auto moment = tables_.rows().Look({0, project, "-"});
    if (!moment.ok()) {
      return Fail(moment.error());
    }
    ProjectRecord record = moment->project;
    EntryCursor& shared = *moment->project_entries;
    std::size_t cleared = 0;
    for (shared.SeekAfter(0); shared.id() && cleared < kBroadcastsAtOnce; shared.Next()) {
      const auto entry = shared.entry();
      if (!entry.ok()) {
        return Fail(entry.error());
      }
      if (Status gone = ClearBroadcast(*entry); !gone.ok()) {
        return Fail(std::move(gone.error()));
      }
      std::erase_if(record.live, [&](const LiveBroadcast& live) { return live.id == entry->id; });
      ++cleared;
      ++operation_.told.done;
    }
    if (Status status = shared.status(); !status.ok()) {
      return Fail(std::move(status.error()));
    }
    const bool more = shared.id().has_value();
    if (more) {
      SetProject(batch(), project, record);
    } else {
      batch().Remove(Table::kProjects, ProjectKey(project));
    }
    if (const auto known = state_.projects.find(project); known != state_.projects.end()) {
      state_.projects.erase(known);
    }
    return more;
  }

  Status ClearBroadcast(const Entry& broadcast) {
    const std::string& project = operation_.project;
    for (Partition p = 0; p < partitions(); ++p) {
      const auto log = tables_.rows().Log(p);
      if (!log.ok()) {
        return Fail(log.error());
      }
      (*log)->SeekAfter(broadcast.id - 1);
      if ((*log)->id() != broadcast.id) {
        if (Status status = (*log)->status(); !status.ok()) {
          return status;
        }
        continue;
      }
      const auto entry = (*log)->entry();
      if (!entry.ok()) {
        return Fail(entry.error());
      }
      clearing_.ClearShared(*entry, state_.positions[p].floor);
    }
    batch().Remove(Table::kBodies, WithId(ProjectKey(project), broadcast.id));
    if (broadcast.expires_us != 0) {
      RemoveExpiry(batch(), {{0, project, {}}, broadcast.id}, broadcast.expires_us);
    }
    return {};
  }

  // What was said of users, with their memberships and the segments' counts.
  Result<bool> ClearAudience() {
    bool at_end = false;
    const std::string prefix = ProjectKey(operation_.project);
    const auto rows = Next(Table::kAudience, prefix, kUsersAtOnce, &at_end);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    // By segment: who leaves, and the number by which their record knows it; 0: any.
    std::map<std::string, std::vector<std::pair<std::string, SegmentNumber>>> leaving;
    for (const KeyedRow& row : *rows) {
      const auto names = ParseNameInProject(row.key);
      const auto record = DecodeAudienceRecord(row.value);
      if (!names || !record) {
        return Fail(Code::kDataLoss, "drop a project: what was said of a user is malformed");
      }
      for (const Attribute& attribute : record->attributes) {
        leaving[SegmentOf(attribute)].emplace_back(names->name, 0);
      }
      for (const SegmentOfUser& segment : record->segments) {
        leaving[segment.name].emplace_back(names->name, segment.number);
      }
      batch().Remove(Table::kAudience, row.key);
      operation_.after = row.key;
    }
    if (Status left = Leave(leaving); !left.ok()) {
      return Fail(std::move(left.error()));
    }
    return !at_end;
  }

  Status Leave(
      const std::map<std::string, std::vector<std::pair<std::string, SegmentNumber>>>& leaving) {
    std::vector<std::string> names;
    names.reserve(leaving.size());
    for (const auto& [segment, users] : leaving) {
      names.push_back(segment);
    }
    auto segments = ReadSegments(tables_, operation_.project, names);
    if (!segments.ok()) {
      return Fail(std::move(segments.error()));
    }
    auto found = segments->begin();
    for (const auto& [segment, users] : leaving) {
      std::optional<SegmentRecord>& record = *found++;
      if (!record) {
        continue;
      }
      for (const auto& [user, number] : users) {
        if (number == 0 || number == record->number) {  // else that one was deleted
          SetMember(batch(), {record->number, user}, {});
          record->members -= std::min<std::uint64_t>(record->members, 1);
        }
      }
      SetSegment(batch(), operation_.project, segment, *record);
    }
    return {};
  }

  // Their members have left. Those who had left before may have rows, which are swept.
  Result<bool> ClearSegments() {
    bool at_end = false;
    const auto rows =
        Next(Table::kSegments, ProjectKey(operation_.project), kSegmentsAtOnce, &at_end);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    Operations& operations = state_.operations;
    for (const KeyedRow& row : *rows) {
      const auto record = DecodeSegmentRecord(row.value);
      if (!record) {
        return Fail(Code::kDataLoss, "drop a project: a segment is malformed");
      }
      batch().Remove(Table::kSegments, row.key);
      operation_.after = row.key;
      const auto left = tables_.Scan(Table::kMembers, MemberKey(record->number, {}), 1);
      if (!left.ok()) {
        return Fail(left.error());
      }
      const auto names = left->empty() ? std::nullopt : ParseMemberKey(left->front().key);
      if (!names || names->segment != record->number) {
        continue;
      }
      OperationRecord sweep{
          .project = operation_.project, .segments = {record->number}, .drop = true};
      sweep.told.id = operations.TakeId();
      sweep.told.kind = OperationKind::kSweep;
      sweep.told.state = OperationState::kRunning;
      sweep.told.created_us = rules_.times.now_us;
      SetOperation(batch(), sweep);
      operations.Put(std::move(sweep));
    }
    if (!rows->empty()) {
      SetLastOperation(batch(), operations.last_id());
    }
    return !at_end;
  }

  // Those of single users; the project's own stays, or old tokens were good again.
  Result<bool> ClearRevocations() {
    bool at_end = false;
    const std::string prefix = RevokedKey(operation_.project, {});
    const auto rows = Next(Table::kMeta, prefix, limits_.rows_max, &at_end);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    for (const KeyedRow& row : *rows) {
      if (row.key != prefix) {
        batch().Remove(Table::kMeta, row.key);
      }
      operation_.after = row.key;
    }
    return !at_end;
  }

  LogState& state_;
  Tables& tables_;
  const RoundRules& rules_;
  const OperationStepLimits& limits_;
  OperationRecord operation_;
  Clearing clearing_;
  std::vector<std::string> changed_users_;
  OperationStep step_;
};

}  // namespace

AppendItem DropItem(const std::string& project) {
  AudienceUpdate update;
  update.op = AudienceOp::kDropProject;
  update.project = project;
  return AudienceItem(std::move(update), {});
}

Result<DropRead> ReadDrop(Tables& tables, OperationId operation, std::string_view project) {
  const std::string key = OperationKey(operation);
  const auto rows = tables.Read(Table::kOperations, {&key, 1});
  if (!rows.ok()) {
    return Fail(rows.error());
  }
  const auto record = rows->front() ? DecodeOperationRecord(*rows->front()) : std::nullopt;
  if (!record || record->told.kind != OperationKind::kDropProject || record->project != project) {
    return Fail(Code::kNotFound, "there is no such operation, or it ended more than a day ago",
                "OPERATION_UNKNOWN");
  }
  return DropRead{operation, !IsRunning(*record), record->told.done};
}

Result<OperationStep> StepDrop(LogState& state, Tables& tables, const RoundRules& rules,
                               const OperationStepLimits& limits, OperationRecord& operation) {
  return Drop(state, tables, rules, limits, operation).Step(operation);
}

}  // namespace belfry::store
