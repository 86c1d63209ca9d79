// SPDX-License-Identifier: Apache-2.0
// The operations that a store has under way, and those that ended not long ago. All are in memory:
// they are few, and what a notification says stays on disk.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "libs/common/result.h"
#include "services/store/core/audience_record.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

inline constexpr std::size_t kOperationsRunningMax = 100;  // of a project
inline constexpr std::size_t kOperationsKeptMax = 10'000;  // likewise, those that ended among them

// The sequencer's thread only.
struct Operations {
  // The greatest number of an operation or a segment, of those that are gone too.
  OperationId last_id = 0;
  std::map<OperationId, OperationRecord> kept = {};
  OperationId stepped = 0;                           // the one that had its turn last
  std::set<std::string, std::less<>> dropping = {};  // projects, by operations that run
};

// As the last commit left them. Errors of Tables; kDataLoss: a row is malformed.
Result<Operations> LoadOperations(Tables& tables);

// Notifies a segment, and has yet to come to some of its members.
bool IsWalkedOver(const Operations& operations, SegmentNumber segment);
// The oldest one that does; last_id + 1: none.
OperationId OldestWalk(const Operations& operations, SegmentNumber segment);
// Which one has its turn; 0: none can go on.
OperationId NextToStep(const Operations& operations);
struct OperationsOfProject {
  std::size_t running = 0;
  std::size_t kept = 0;
};
OperationsOfProject CountOperations(const Operations& operations, std::string_view project);

}  // namespace belfry::store
