// SPDX-License-Identifier: Apache-2.0
// What a store keeps per project. Plain values; pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/common/entry.h"

namespace belfry::store {

// From a project's first broadcast on, for ever.
struct ProjectRecord {
  EntryId last_broadcast_id = 0;
  std::uint64_t broadcasts = 0;     // how many there have been: the last one's ordinal
  std::string unknown_fields = {};  // of a later version, kept as they are

  bool operator==(const ProjectRecord&) const = default;
};

// The record after one more broadcast, whose ordinal is its `broadcasts`.
ProjectRecord OnBroadcast(ProjectRecord project, EntryId id);

// The bytes are those of record_fields.h.
std::string EncodeProjectRecord(const ProjectRecord& project);
// std::nullopt: malformed, or of a later version.
std::optional<ProjectRecord> DecodeProjectRecord(std::string_view bytes);

}  // namespace belfry::store
