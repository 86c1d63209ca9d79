// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/operation_step.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/check.h"
#include "services/store/core/audience_rows.h"
#include "services/store/core/clearing.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_drop.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {
namespace {

constexpr std::size_t kErrorsMax = 10;
constexpr std::size_t kForgottenAtOnceMax = 100;

void End(OperationRecord& operation, OperationState state, std::int64_t now_us) {
  operation.told.state = state;
  operation.told.finished_us = now_us;
  operation.after.clear();
  operation.user_id.clear();
}

void NoteError(Operation& told, const std::string& error) {
  if (told.errors.size() < kErrorsMax &&
      std::find(told.errors.begin(), told.errors.end(), error) == told.errors.end()) {
    told.errors.push_back(error);
  }
}

// Where to go on: behind `key`, if `after` says that it had its turn, else at it.
std::string After(std::string key, std::string_view after) {
  return after.empty() ? key : std::move(key) + '\0';
}

class Walk {
 public:
  Walk(LogState& state, Tables& tables, const RoundRules& rules, const OperationStepLimits& limits,
       OperationRecord& operation)
      : state_(state), tables_(tables), rules_(rules), limits_(limits), operation_(operation) {}

  // Gives the next members their notification.
  Result<OperationStep> Step() {
    auto content = ReadOperationContent(tables_, operation_.told.id);
    if (!content.ok()) {
      return Fail(std::move(content.error()));
    }
    if (!*content) {
      return Fail(Code::kDataLoss, "operation: what it says is not there");
    }
    const std::int64_t expires_us = (*content)->expires_us;
    if (expires_us != 0 && expires_us <= rules_.times.passed_us) {
      NoteError(operation_.told, "the notification expired before everybody had it");
      return Finish({}, OperationState::kFailed);
    }
    if (Status read = ReadMembers(**content); !read.ok()) {
      return Fail(std::move(read.error()));
    }
    return Give(**content);
  }

 private:
  // Rows that follow the last member, until there are enough recipients.
  Status ReadMembers(const OperationContent& content) {
    const SegmentNumber first = operation_.segments.front();
    const std::string from = After(MemberKey(first, operation_.after), operation_.after);
    const auto rows = tables_.Scan(Table::kMembers, from, limits_.members_max);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    at_end_ = rows->size() < limits_.members_max;
    std::vector<std::string> candidates;
    for (const KeyedRow& row : *rows) {
      const auto names = ParseMemberKey(row.key);
      if (!names || names->segment != first) {
        at_end_ = true;
        break;
      }
      const auto member = DecodeMemberRecord(row.value);
      if (!member) {
        return Fail(Code::kDataLoss, "read rows: a member is malformed");
      }
      looked_at_.emplace_back(names->user_id);
      candidates_.push_back(
          WasMember(*member, operation_.told.id) &&
          !std::binary_search(content.excluded.begin(), content.excluded.end(), names->user_id));
    }
    return Intersect();
  }

  // Leaves those candidates that were in all other segments too.
  Status Intersect() {
    for (std::size_t i = 1; i < operation_.segments.size(); ++i) {
      std::vector<MemberRef> asked;
      for (std::size_t j = 0; j < looked_at_.size(); ++j) {
        if (candidates_[j]) {
          asked.push_back({operation_.segments[i], looked_at_[j]});
        }
      }
      const auto members = store::ReadMembers(tables_, asked);
      if (!members.ok()) {
        return Fail(members.error());
      }
      auto member = members->begin();
      for (std::size_t j = 0; j < looked_at_.size(); ++j) {
        if (candidates_[j]) {
          candidates_[j] = WasMember(*member++, operation_.told.id);
        }
      }
    }
    return {};
  }

  Result<OperationStep> Give(const OperationContent& content) {
    std::vector<AppendItem> items;
    std::size_t looked_at = 0;  // of looked_at_: those before it have their turn in this step
    for (; looked_at < looked_at_.size(); ++looked_at) {
      if (!candidates_[looked_at]) {
        continue;
      }
      if (items.size() == limits_.recipients_max) {
        break;
      }
      items.push_back({.kind = EntryKind::kNotification,
                       .project = operation_.project,
                       .user_id = looked_at_[looked_at],
                       .expires_us = content.expires_us,
                       .payload = content.payload,
                       .notification_kind = content.notification_kind,
                       .collapse_key = content.collapse_key});
    }
    if (items.empty()) {
      return Advance({}, looked_at);
    }
    std::vector<AppendItem*> pointers;
    pointers.reserve(items.size());
    for (AppendItem& item : items) {
      pointers.push_back(&item);
    }
    RoundPlan plan(state_, tables_, rules_);
    if (Status decided = plan.Decide(pointers); !decided.ok()) {
      return Fail(std::move(decided.error()));
    }
    Count(plan.results());
    if (plan.results().size() < items.size()) {
      // The next step begins with the one that could not be decided.
      const std::string& next = items[plan.results().size()].user_id;
      looked_at = static_cast<std::size_t>(std::find(looked_at_.begin(), looked_at_.end(), next) -
                                           looked_at_.begin());
    }
    return Advance(std::move(plan.batch()), looked_at);
  }

  void Count(const AppendResults& results) {
    Operation& told = operation_.told;
    for (const Result<Appended>& result : results) {
      ++told.done;
      if (!result.ok()) {
        ++told.failed;
        NoteError(told, result.error().message);
      } else if (result->suppressed) {
        ++told.suppressed;
      }
    }
  }

  Result<OperationStep> Advance(CommitBatch batch, std::size_t looked_at) {
    if (looked_at == looked_at_.size() && at_end_) {
      return Finish(std::move(batch), OperationState::kDone);
    }
    if (looked_at > 0) {
      operation_.after = looked_at_[looked_at - 1];
    }
    return OperationStep{std::move(batch), true};
  }

  Result<OperationStep> Finish(CommitBatch batch, OperationState state) {
    End(operation_, state, rules_.times.now_us);
    if (state == OperationState::kDone) {
      operation_.told.total = operation_.told.done;
    }
    RemoveOperationContent(batch, operation_.told.id);
    if (operation_.left_meanwhile) {
      BeginSweeps(batch);
    }
    return OperationStep{std::move(batch), true};
  }

  // Removes the stays that were kept for this operation.
  void BeginSweeps(CommitBatch& batch) {
    Operations& operations = state_.operations;
    for (const SegmentNumber segment : operation_.segments) {
      OperationRecord sweep{.project = operation_.project, .segments = {segment}};
      sweep.told.id = operations.TakeId();
      sweep.told.kind = OperationKind::kSweep;
      sweep.told.state = OperationState::kRunning;
      sweep.told.created_us = rules_.times.now_us;
      SetOperation(batch, sweep);
      operations.Put(std::move(sweep));
    }
    SetLastOperation(batch, operations.last_id());
  }

  LogState& state_;
  Tables& tables_;
  const RoundRules& rules_;
  const OperationStepLimits& limits_;
  OperationRecord& operation_;
  std::vector<std::string> looked_at_;
  std::vector<bool> candidates_;  // of looked_at_
  bool at_end_ = false;
};

// Removes rows of members that nobody asks for any more.
Result<OperationStep> Sweep(LogState& state, Tables& tables, const RoundRules& rules,
                            const OperationStepLimits& limits, OperationRecord& operation) {
  const SegmentNumber segment = operation.segments.front();
  const std::string from = After(MemberKey(segment, operation.after), operation.after);
  const auto rows = tables.Scan(Table::kMembers, from, limits.rows_max);
  if (!rows.ok()) {
    return Fail(rows.error());
  }
  OperationStep step;
  bool at_end = rows->size() < limits.rows_max;
  const std::set<OperationId>& walks = state.operations.WalksOver(segment);
  const OperationId oldest_walk = walks.empty() ? state.operations.last_id() + 1 : *walks.begin();
  for (const KeyedRow& row : *rows) {
    const auto names = ParseMemberKey(row.key);
    if (!names || names->segment != segment) {
      at_end = true;
      break;
    }
    const auto member = DecodeMemberRecord(row.value);
    if (!member) {
      return Fail(Code::kDataLoss, "read rows: a member is malformed");
    }
    const MemberRecord pruned = operation.drop ? MemberRecord{} : PruneStays(*member, oldest_walk);
    if (pruned != *member) {
      SetMember(step.batch, {segment, names->user_id}, pruned);
    }
    operation.after = names->user_id;
  }
  if (at_end) {
    End(operation, OperationState::kDone, rules.times.now_us);
  }
  return step;
}

// Clears what was erased off the disk.
class Erasure {
 public:
  Erasure(LogState& state, Tables& tables, const RoundRules& rules,
          const OperationStepLimits& limits, OperationRecord& operation)
      : usages_(state.usages),
        tables_(tables),
        rules_(rules),
        limits_(limits),
        operation_(operation),
        user_{PartitionOf(operation.project, operation.user_id,
                          static_cast<Partition>(state.positions.size())),
              operation.project, operation.user_id} {}

  Result<OperationStep> Step() {
    Result<bool> more = false;
    switch (operation_.clearing) {
      case OperationRecord::Clearing::kEntries:
        more = ClearEntries();
        break;
      case OperationRecord::Clearing::kCollapseKeys:
        more = ClearCollapseKeys();
        break;
      case OperationRecord::Clearing::kIdempotencyKeys:
        more = ClearIdempotencyKeys();
        break;
    }
    if (!more.ok()) {
      return Fail(std::move(more.error()));
    }
    if (!*more) {
      Proceed();
    }
    clearing_.Finish(step_.batch, operation_.project, usages_);
    return std::move(step_);
  }

 private:
  void Proceed() {
    operation_.after.clear();
    if (operation_.clearing == OperationRecord::Clearing::kIdempotencyKeys) {
      operation_.told.total = operation_.told.done;
      End(operation_, OperationState::kDone, rules_.times.now_us);
      return;
    }
    operation_.clearing = operation_.clearing == OperationRecord::Clearing::kEntries
                              ? OperationRecord::Clearing::kCollapseKeys
                              : OperationRecord::Clearing::kIdempotencyKeys;
  }

  // An entry keeps its place in the log, and nothing else. The one that says that the user was
  // erased stays, for edges that have yet to read it.
  Result<bool> ClearEntries() {
    const auto moment = tables_.rows().Look(user_);
    if (!moment.ok()) {
      return Fail(moment.error());
    }
    EntryCursor& own = *moment->user_entries;
    own.SeekAfter(0);
    for (std::size_t cleared = 0; own.id() && *own.id() <= operation_.up_to; own.Next()) {
      if (cleared == limits_.entries_max) {
        return true;
      }
      const auto entry = own.entry();
      if (!entry.ok()) {
        return Fail(entry.error());
      }
      if (entry->kind == EntryKind::kErased && entry->id == operation_.up_to) {
        continue;
      }
      clearing_.ClearOwn(step_.batch, user_, *entry, moment->position.floor);
      ++cleared;
      ++operation_.told.done;
    }
    if (Status status = own.status(); !status.ok()) {
      return Fail(std::move(status.error()));
    }
    return false;
  }

  Result<bool> ClearCollapseKeys() {
    const std::string prefix = CollapseKey(user_, {});
    const std::string from =
        After(operation_.after.empty() ? prefix : operation_.after, operation_.after);
    const auto rows = tables_.Scan(Table::kCollapse, from, limits_.rows_max);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    for (const KeyedRow& row : *rows) {
      if (!row.key.starts_with(prefix)) {
        return false;
      }
      if (DecodeNumber(row.value).value_or(0) <= operation_.up_to) {
        step_.batch.Remove(Table::kCollapse, row.key);
      }
      operation_.after = row.key;
    }
    return rows->size() == limits_.rows_max;
  }

  Result<bool> ClearIdempotencyKeys() {
    const std::string prefix = ProjectKey(operation_.project);
    const std::string from =
        After(operation_.after.empty() ? prefix : operation_.after, operation_.after);
    const auto rows = tables_.Scan(Table::kKeys, from, limits_.rows_max);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    const std::uint64_t user = HashOf(user_.project, user_.user_id);
    for (const KeyedRow& row : *rows) {
      if (!row.key.starts_with(prefix)) {
        return false;
      }
      const auto record = DecodeIdempotencyRecord(row.value);
      if (record && record->user == user && record->id <= operation_.up_to) {
        step_.batch.Remove(Table::kKeys, row.key);
      }
      operation_.after = row.key;
    }
    return rows->size() == limits_.rows_max;
  }

  Usages& usages_;
  Tables& tables_;
  const RoundRules& rules_;
  const OperationStepLimits& limits_;
  OperationRecord& operation_;
  const UserRef user_;
  Clearing clearing_;
  OperationStep step_;
};

Result<OperationStep> Step(LogState& state, Tables& tables, const RoundRules& rules,
                           const OperationStepLimits& limits, OperationRecord& operation) {
  switch (operation.told.kind) {
    case OperationKind::kNotifySegment:
      return Walk(state, tables, rules, limits, operation).Step();
    case OperationKind::kEraseUser:
      return Erasure(state, tables, rules, limits, operation).Step();
    case OperationKind::kSweep:
      return Sweep(state, tables, rules, limits, operation);
    case OperationKind::kDropProject:
      return StepDrop(state, tables, rules, limits, operation);
    case OperationKind::kUnspecified:
      break;
  }
  return Fail(Code::kDataLoss, "operation: it is of no kind");
}

}  // namespace

Result<OperationStep> StepOperation(LogState& state, Tables& tables, const RoundRules& rules,
                                    const OperationStepLimits& limits, OperationId id) {
  const OperationRecord* const kept = state.operations.Find(id);
  BELFRY_CHECK(kept != nullptr && IsRunning(*kept));
  OperationRecord operation = *kept;
  state.operations.NoteStep(id);
  auto step = Step(state, tables, rules, limits, operation);
  if (!step.ok()) {
    return step;
  }
  if (operation.told.kind == OperationKind::kSweep && !IsRunning(operation)) {
    RemoveOperation(step->batch, id);
    state.operations.Remove(id);
  } else {
    SetOperation(step->batch, operation);
    state.operations.Put(std::move(operation));
  }
  return step;
}

CommitBatch ForgetOperations(Operations& operations, std::int64_t ended_before_us) {
  CommitBatch batch;
  for (const OperationId id : operations.EndedBefore(ended_before_us, kForgottenAtOnceMax)) {
    RemoveOperation(batch, id);
    operations.Remove(id);
  }
  return batch;
}

}  // namespace belfry::store
