// SPDX-License-Identifier: Apache-2.0
// The operations that a store has under way, and those that ended not long ago. All are in memory:
// they are few, and what a notification says stays on disk. A round asks for them by what they are
// on, and never walks over those that have ended.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/result.h"
#include "services/store/core/audience_record.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

inline constexpr std::size_t kOperationsRunningMax = 100;  // of a project
inline constexpr std::size_t kOperationsKeptMax = 10'000;  // likewise, those that ended among them

// The sequencer's thread only.
class Operations {
 public:
  struct Counts {
    std::size_t running = 0;
    std::size_t kept = 0;  // the running ones too
  };

  // The greatest number of an operation or a segment, of those that are gone too.
  OperationId last_id() const { return last_id_; }
  // The next number.
  OperationId TakeId() { return ++last_id_; }
  // Numbers up to `id` are taken.
  void SkipTo(OperationId id) { last_id_ = std::max(last_id_, id); }

  bool empty() const { return kept_.empty(); }
  // Those that run, of all projects.
  const std::set<OperationId>& running() const { return running_; }
  // nullptr: it is not kept. Valid until the next change.
  const OperationRecord* Find(OperationId id) const;
  // Adds it, or replaces what was kept under its number.
  void Put(OperationRecord operation);
  void Remove(OperationId id);

  Counts CountsOf(std::string_view project) const;
  // The one that erases everything of the project; 0: none does.
  OperationId DropOf(std::string_view project) const;
  // Those that notify a segment and have yet to come to some of its members, the oldest first.
  const std::set<OperationId>& WalksOver(SegmentNumber segment) const;
  // Which one has its turn after the one that had it last; 0: none can go on.
  OperationId NextToStep() const;
  void NoteStep(OperationId id) { stepped_ = id; }
  // Up to `max` of those that ended before a time, the one that ended first at the front.
  std::vector<OperationId> EndedBefore(std::int64_t time_us, std::size_t max) const;

 private:
  // Adds it to what finds it, or takes it out.
  void Index(const OperationRecord& operation);
  void Unindex(const OperationRecord& operation);
  bool CanStep(OperationId id) const;

  OperationId last_id_ = 0;
  OperationId stepped_ = 0;  // the one that had its turn last
  std::map<OperationId, OperationRecord> kept_;
  std::set<OperationId> running_;
  std::set<std::pair<std::int64_t, OperationId>> ended_;   // by when
  std::map<std::string, Counts, std::less<>> counts_;      // by project; none is of nothing
  std::map<SegmentNumber, std::set<OperationId>> walks_;   // by segment; none is empty
  std::map<std::string, OperationId, std::less<>> drops_;  // by project
};

// As the last commit left them. Errors of Tables; kDataLoss: a row is malformed.
Result<Operations> LoadOperations(Tables& tables);

}  // namespace belfry::store
