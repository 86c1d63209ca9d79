// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/operations.h"

#include <algorithm>
#include <string>
#include <utility>

#include "libs/common/check.h"
#include "services/store/core/audience_rows.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

constexpr std::size_t kRowsAtOnce = 1'000;

bool IsWalk(const OperationRecord& operation) {
  return operation.told.kind == OperationKind::kNotifySegment && IsRunning(operation);
}

bool IsDrop(const OperationRecord& operation) {
  return operation.told.kind == OperationKind::kDropProject && IsRunning(operation);
}

}  // namespace

const OperationRecord* Operations::Find(OperationId id) const {
  const auto found = kept_.find(id);
  return found == kept_.end() ? nullptr : &found->second;
}

void Operations::Put(OperationRecord operation) {
  const OperationId id = operation.told.id;
  if (const OperationRecord* const before = Find(id)) {
    Unindex(*before);
  }
  Index(operation);
  kept_.insert_or_assign(id, std::move(operation));
}

void Operations::Remove(OperationId id) {
  const auto found = kept_.find(id);
  BELFRY_CHECK(found != kept_.end());
  Unindex(found->second);
  kept_.erase(found);
}

void Operations::Index(const OperationRecord& operation) {
  const OperationId id = operation.told.id;
  Counts& counts = counts_[operation.project];
  ++counts.kept;
  if (IsRunning(operation)) {
    ++counts.running;
    running_.insert(id);
  } else {
    ended_.emplace(operation.told.finished_us, id);
  }
  if (IsWalk(operation)) {
    for (const SegmentNumber segment : operation.segments) {
      walks_[segment].insert(id);
    }
  }
  if (IsDrop(operation)) {
    drops_[operation.project] = id;
  }
}

void Operations::Unindex(const OperationRecord& operation) {
  const OperationId id = operation.told.id;
  const auto counts = counts_.find(operation.project);
  if (IsRunning(operation)) {
    --counts->second.running;
    running_.erase(id);
  } else {
    ended_.erase({operation.told.finished_us, id});
  }
  if (--counts->second.kept == 0) {
    counts_.erase(counts);
  }
  if (IsWalk(operation)) {
    for (const SegmentNumber segment : operation.segments) {
      const auto walks = walks_.find(segment);
      walks->second.erase(id);
      if (walks->second.empty()) {
        walks_.erase(walks);
      }
    }
  }
  if (IsDrop(operation)) {
    drops_.erase(operation.project);
  }
}

Operations::Counts Operations::CountsOf(std::string_view project) const {
  const auto found = counts_.find(project);
  return found == counts_.end() ? Counts{} : found->second;
}

OperationId Operations::DropOf(std::string_view project) const {
  const auto found = drops_.find(project);
  return found == drops_.end() ? 0 : found->second;
}

const std::set<OperationId>& Operations::WalksOver(SegmentNumber segment) const {
  static const std::set<OperationId> kNone;
  const auto found = walks_.find(segment);
  return found == walks_.end() ? kNone : found->second;
}

bool Operations::CanStep(OperationId id) const {
  const OperationRecord& operation = kept_.at(id);
  return operation.told.kind != OperationKind::kSweep ||
         WalksOver(operation.segments.front()).empty();
}

OperationId Operations::NextToStep() const {
  const auto can_step = [this](OperationId id) { return CanStep(id); };
  const auto after = running_.upper_bound(stepped_);
  const auto next = std::find_if(after, running_.end(), can_step);
  if (next != running_.end()) {
    return *next;
  }
  const auto from_first = std::find_if(running_.begin(), after, can_step);
  return from_first == after ? 0 : *from_first;
}

std::vector<OperationId> Operations::EndedBefore(std::int64_t time_us, std::size_t max) const {
  std::vector<OperationId> ids;
  for (const auto& [finished_us, id] : ended_) {
    if (finished_us >= time_us || ids.size() == max) {
      break;
    }
    ids.push_back(id);
  }
  return ids;
}

Result<Operations> LoadOperations(Tables& tables) {
  Operations operations;
  const auto last_id = ReadLastOperation(tables);
  if (!last_id.ok()) {
    return Fail(last_id.error());
  }
  operations.SkipTo(*last_id);
  std::string from = OperationKey(0);
  const std::string end = OperationContentKey(0);
  while (true) {
    const auto rows = tables.Scan(Table::kOperations, from, kRowsAtOnce);
    if (!rows.ok()) {
      return Fail(rows.error());
    }
    for (const KeyedRow& row : *rows) {
      if (row.key >= end) {
        return operations;
      }
      auto operation = DecodeOperationRecord(row.value);
      if (!operation || OperationKey(operation->told.id) != row.key) {
        return Fail(Code::kDataLoss, "read rows: an operation is malformed");
      }
      operations.SkipTo(operation->told.id);
      operations.Put(std::move(*operation));
    }
    if (rows->size() < kRowsAtOnce) {
      return operations;
    }
    from = rows->back().key + '\0';
  }
}

}  // namespace belfry::store
