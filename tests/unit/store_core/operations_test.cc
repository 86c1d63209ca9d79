// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/operations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace belfry::store {
namespace {

constexpr int kProjects = 3;
constexpr int kSegments = 4;
constexpr int kChanges = 3'000;

// What is kept, and every answer by a walk over all of it.
struct Model {
  std::map<OperationId, OperationRecord> kept = {};
  OperationId stepped = 0;

  std::set<OperationId> WalksOver(SegmentNumber segment) const {
    std::set<OperationId> walks;
    for (const auto& [id, operation] : kept) {
      if (IsRunning(operation) && operation.told.kind == OperationKind::kNotifySegment &&
          std::count(operation.segments.begin(), operation.segments.end(), segment) > 0) {
        walks.insert(id);
      }
    }
    return walks;
  }
  bool CanStep(const OperationRecord& operation) const {
    return IsRunning(operation) && (operation.told.kind != OperationKind::kSweep ||
                                    WalksOver(operation.segments.front()).empty());
  }
  // The first one after the one that had its turn last, around the end.
  OperationId NextToStep() const {
    OperationId first = 0;
    for (const auto& [id, operation] : kept) {
      if (CanStep(operation)) {
        if (id > stepped) {
          return id;
        }
        first = first == 0 ? id : first;
      }
    }
    return first;
  }
  std::vector<OperationId> EndedBefore(std::int64_t time_us, std::size_t max) const {
    std::vector<std::pair<std::int64_t, OperationId>> ended;
    for (const auto& [id, operation] : kept) {
      if (!IsRunning(operation) && operation.told.finished_us < time_us) {
        ended.emplace_back(operation.told.finished_us, id);
      }
    }
    std::sort(ended.begin(), ended.end());
    ended.resize(std::min(max, ended.size()));
    std::vector<OperationId> ids;
    for (const auto& [finished_us, id] : ended) {
      ids.push_back(id);
    }
    return ids;
  }
};

std::string Project(int number) { return "project-" + std::to_string(number); }

void ExpectSame(const Operations& operations, const Model& model) {
  EXPECT_EQ(operations.empty(), model.kept.empty());
  EXPECT_EQ(operations.NextToStep(), model.NextToStep());
  for (int i = 0; i < kSegments; ++i) {
    const auto segment = static_cast<SegmentNumber>(i + 1);
    EXPECT_EQ(operations.WalksOver(segment), model.WalksOver(segment));
  }
  std::size_t running = 0;
  for (int i = 0; i < kProjects; ++i) {
    Operations::Counts counts;
    OperationId drop = 0;
    for (const auto& [id, operation] : model.kept) {
      if (operation.project != Project(i)) {
        continue;
      }
      ++counts.kept;
      counts.running += IsRunning(operation) ? 1 : 0;
      if (IsRunning(operation) && operation.told.kind == OperationKind::kDropProject) {
        drop = id;
      }
    }
    EXPECT_EQ(operations.CountsOf(Project(i)).kept, counts.kept);
    EXPECT_EQ(operations.CountsOf(Project(i)).running, counts.running);
    EXPECT_EQ(operations.DropOf(Project(i)), drop);
    running += counts.running;
  }
  EXPECT_EQ(operations.running().size(), running);
}

TEST(Operations, AnswerAsAWalkOverAllOfThemWould) {
  std::mt19937 random(1);  // NOLINT(cert-msc51-cpp): the same run each time
  const auto below = [&](int end) {
    return static_cast<int>(random() % static_cast<unsigned>(end));
  };
  Operations operations;
  Model model;
  std::int64_t now_us = 1;
  for (int change = 0; change < kChanges && !testing::Test::HasFailure(); ++change) {
    now_us += below(3);
    const int what = below(10);
    if (what < 4 || model.kept.empty()) {
      OperationRecord operation{.project = Project(below(kProjects))};
      operation.told.id = operations.TakeId();
      operation.told.state = OperationState::kRunning;
      const int kind = below(3);
      operation.told.kind = kind == 0   ? OperationKind::kSweep
                            : kind == 1 ? OperationKind::kEraseUser
                                        : OperationKind::kNotifySegment;
      if (below(20) == 0 && operations.DropOf(operation.project) == 0) {
        operation.told.kind = OperationKind::kDropProject;
      }
      if (kind == 0 || kind == 2) {
        operation.segments = {static_cast<SegmentNumber>(1 + below(kSegments))};
      }
      model.kept[operation.told.id] = operation;
      operations.Put(operation);
    } else {
      auto one = model.kept.begin();
      std::advance(one, below(static_cast<int>(model.kept.size())));
      if (what < 6) {
        model.stepped = one->first;
        operations.NoteStep(one->first);
      } else if (what < 8) {
        one->second.told.state = OperationState::kDone;
        one->second.told.finished_us = now_us;
        operations.Put(one->second);
      } else {
        operations.Remove(one->first);
        model.kept.erase(one);
      }
    }
    ExpectSame(operations, model);
    const std::int64_t before = now_us - below(20);
    const auto most = static_cast<std::size_t>(below(5));
    EXPECT_EQ(operations.EndedBefore(before, most), model.EndedBefore(before, most));
  }
}

TEST(Operations, NumbersAreTakenOnce) {
  Operations operations;
  EXPECT_EQ(operations.TakeId(), 1u);
  operations.SkipTo(10);
  operations.SkipTo(5);
  EXPECT_EQ(operations.last_id(), 10u);
  EXPECT_EQ(operations.TakeId(), 11u);
}

}  // namespace
}  // namespace belfry::store
