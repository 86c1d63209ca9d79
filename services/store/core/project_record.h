// SPDX-License-Identifier: Apache-2.0
// What a store keeps per project. Plain values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"

namespace belfry::store {

// A broadcast that has neither expired nor been retracted, as far as counts go.
struct LiveBroadcast {
  EntryId id = 0;
  std::int64_t expires_us = 0;  // 0: never
  std::string kind = {};
  bool critical = false;  // reaches also who has muted its kind
  bool operator==(const LiveBroadcast&) const = default;
};

// From a project's first broadcast on, for ever.
struct ProjectRecord {
  // The newest entry of the whole project: a broadcast, or that one was retracted or has expired.
  EntryId last_id = 0;
  std::vector<LiveBroadcast> live = {};  // by id
  std::string unknown_fields = {};       // of a later version, kept as they are

  bool operator==(const ProjectRecord&) const = default;
};

// Null: it is not live.
const LiveBroadcast* FindLive(const ProjectRecord& project, EntryId id);

// The record after one more broadcast.
ProjectRecord OnBroadcast(ProjectRecord project, LiveBroadcast broadcast);
// A broadcast was retracted or has expired, at log position `at`.
ProjectRecord OnBroadcastGone(ProjectRecord project, EntryId id, EntryId at);
// Forgets what is at or below `floor`, the lowest of all partitions.
ProjectRecord PruneLive(ProjectRecord project, EntryId floor);

// The bytes are those of record_fields.h.
std::string EncodeProjectRecord(const ProjectRecord& project);
// std::nullopt: malformed, or of a later version.
std::optional<ProjectRecord> DecodeProjectRecord(std::string_view bytes);

}  // namespace belfry::store
