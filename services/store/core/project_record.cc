// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/project_record.h"

#include "libs/common/check.h"
#include "services/store/core/record_fields.h"

namespace belfry::store {
namespace {

enum Tag : std::uint8_t {
  kLastBroadcastId = 1,
  kBroadcasts = 2,
};

}  // namespace

ProjectRecord OnBroadcast(ProjectRecord project, EntryId id) {
  BELFRY_CHECK_GT(id, project.last_broadcast_id);
  project.last_broadcast_id = id;
  ++project.broadcasts;
  return project;
}

std::string EncodeProjectRecord(const ProjectRecord& project) {
  RecordWriter out;
  out.PutNumber(kLastBroadcastId, project.last_broadcast_id);
  out.PutNumber(kBroadcasts, project.broadcasts);
  return out.Take(project.unknown_fields);
}

std::optional<ProjectRecord> DecodeProjectRecord(std::string_view bytes) {
  ProjectRecord project;
  RecordReader in(bytes);
  while (in.Next()) {
    std::uint64_t* into = nullptr;
    switch (in.tag()) {
      case kLastBroadcastId:
        into = &project.last_broadcast_id;
        break;
      case kBroadcasts:
        into = &project.broadcasts;
        break;
      default:
        project.unknown_fields += in.field();
        continue;
    }
    const auto number = in.Number();
    if (!number) {
      return std::nullopt;
    }
    *into = *number;
  }
  return in.good() ? std::optional(std::move(project)) : std::nullopt;
}

}  // namespace belfry::store
