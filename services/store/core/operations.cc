// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/operations.h"

#include <algorithm>
#include <string>
#include <utility>

#include "services/store/core/audience_rows.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

constexpr std::size_t kRowsAtOnce = 1'000;

bool IsWalk(const OperationRecord& operation) {
  return operation.told.kind == OperationKind::kNotifySegment && IsRunning(operation);
}

bool IsOn(const OperationRecord& operation, SegmentNumber segment) {
  return std::find(operation.segments.begin(), operation.segments.end(), segment) !=
         operation.segments.end();
}

}  // namespace

Result<Operations> LoadOperations(Tables& tables) {
  Operations operations;
  const auto last_id = ReadLastOperation(tables);
  if (!last_id.ok()) {
    return Fail(last_id.error());
  }
  operations.last_id = *last_id;
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
      operations.last_id = std::max(operations.last_id, operation->told.id);
      if (operation->told.kind == kDropProject && IsRunning(*operation)) {
        operations.dropping.insert(operation->project);
      }
      operations.kept.emplace(operation->told.id, std::move(*operation));
    }
    if (rows->size() < kRowsAtOnce) {
      return operations;
    }
    from = rows->back().key + '\0';
  }
}

bool IsWalkedOver(const Operations& operations, SegmentNumber segment) {
  return std::any_of(operations.kept.begin(), operations.kept.end(), [&](const auto& one) {
    return IsWalk(one.second) && IsOn(one.second, segment);
  });
}

OperationId OldestWalk(const Operations& operations, SegmentNumber segment) {
  for (const auto& [id, operation] : operations.kept) {
    if (IsWalk(operation) && IsOn(operation, segment)) {
      return id;
    }
  }
  return operations.last_id + 1;
}

OperationId NextToStep(const Operations& operations) {
  const auto can_step = [&](const auto& one) {
    const OperationRecord& operation = one.second;
    return IsRunning(operation) && (operation.told.kind != OperationKind::kSweep ||
                                    !IsWalkedOver(operations, operation.segments.front()));
  };
  const auto begin = operations.kept.begin();
  const auto end = operations.kept.end();
  const auto after = operations.kept.upper_bound(operations.stepped);
  auto next = std::find_if(after, end, can_step);
  if (next == end) {
    next = std::find_if(begin, after, can_step);
    if (next == after) {
      return 0;
    }
  }
  return next->first;
}

OperationsOfProject CountOperations(const Operations& operations, std::string_view project) {
  OperationsOfProject count;
  for (const auto& [id, operation] : operations.kept) {
    if (operation.project == project) {
      ++count.kept;
      count.running += IsRunning(operation) ? 1 : 0;
    }
  }
  return count;
}

}  // namespace belfry::store
