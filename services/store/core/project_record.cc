// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/project_record.h"

#include <algorithm>
#include <utility>

#include "libs/common/big_endian.h"
#include "libs/common/check.h"
#include "libs/common/record_fields.h"

namespace belfry::store {
namespace {

enum Tag : std::uint8_t {
  kLastId = 1,
  // 2: how many broadcasts there have been, before version 0.2
  kLive = 3,  // repeated: u64 id, u64 expires, u8 critical, kind
};

constexpr std::size_t kLiveBytesMin = 17;

bool ById(const LiveBroadcast& broadcast, EntryId id) { return broadcast.id < id; }

}  // namespace

const LiveBroadcast* FindLive(const ProjectRecord& project, EntryId id) {
  const auto at = std::lower_bound(project.live.begin(), project.live.end(), id, ById);
  return at != project.live.end() && at->id == id ? &*at : nullptr;
}

ProjectRecord OnBroadcast(ProjectRecord project, LiveBroadcast broadcast) {
  BELFRY_CHECK_GT(broadcast.id, project.last_id);
  project.last_id = broadcast.id;
  project.live.push_back(std::move(broadcast));
  return project;
}

ProjectRecord OnBroadcastGone(ProjectRecord project, EntryId id, EntryId at) {
  project.last_id = std::max(project.last_id, at);
  std::erase_if(project.live, [id](const LiveBroadcast& live) { return live.id == id; });
  return project;
}

ProjectRecord PruneLive(ProjectRecord project, EntryId floor) {
  std::erase_if(project.live, [floor](const LiveBroadcast& live) { return live.id <= floor; });
  return project;
}

std::string EncodeProjectRecord(const ProjectRecord& project) {
  RecordWriter out;
  out.PutNumber(kLastId, project.last_id);
  for (const LiveBroadcast& live : project.live) {
    std::string value;
    AppendNumber(value, live.id);
    AppendNumber(value, static_cast<std::uint64_t>(live.expires_us));
    AppendNumber(value, live.critical ? 1 : 0, 1);
    out.Put(kLive, value + live.kind);
  }
  return out.Take(project.unknown_fields);
}

std::optional<ProjectRecord> DecodeProjectRecord(std::string_view bytes) {
  ProjectRecord project;
  RecordReader in(bytes);
  while (in.Next()) {
    const std::string_view value = in.value();
    switch (in.tag()) {
      case kLastId: {
        const auto number = in.Number();
        if (!number) {
          return std::nullopt;
        }
        project.last_id = *number;
        break;
      }
      case kLive: {
        if (value.size() < kLiveBytesMin) {
          return std::nullopt;
        }
        LiveBroadcast live{.id = ReadNumber(value.substr(0, 8)),
                           .expires_us = static_cast<std::int64_t>(ReadNumber(value.substr(8, 8))),
                           .kind = std::string(value.substr(kLiveBytesMin)),
                           .critical = value[16] != 0};
        if (!project.live.empty() && project.live.back().id >= live.id) {
          return std::nullopt;
        }
        project.live.push_back(std::move(live));
        break;
      }
      default:
        project.unknown_fields += in.field();
    }
  }
  return in.good() ? std::optional(std::move(project)) : std::nullopt;
}

}  // namespace belfry::store
