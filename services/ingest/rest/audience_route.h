// SPDX-License-Identifier: Apache-2.0
// Which of a project's users, segments and operations a request is for. Pure; any thread. Private
// to this room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace belfry::ingest {

struct AudienceRoute {
  enum class What {
    kUsers,      // GET /v1/users
    kBulk,       // POST /v1/users/bulk; of a user who is called so a letter is encoded
    kUser,       // GET, PUT or DELETE /v1/users/{userId}
    kSegments,   // GET /v1/segments
    kSegment,    // PUT or DELETE /v1/segments/{name}
    kAdd,        // POST /v1/segments/{name}/add
    kRemove,     // POST /v1/segments/{name}/remove
    kMembers,    // GET /v1/segments/{name}/members
    kOperation,  // GET /v1/operations/{id}
    kRevoke,     // POST /v1/users/{userId}/revoke
    kRevokeAll,  // POST /v1/revoke
    kKick,       // POST /v1/users/{userId}/kick
  };
  What what = What::kUsers;
  std::string name = {};           // the user's or the segment's
  std::uint64_t operation_id = 0;  // 0: none that could be

  // "GET, DELETE"
  std::string_view methods() const;
};

// `target` is a request's, not yet decoded. std::nullopt: no such resource.
std::optional<AudienceRoute> ParseAudienceRoute(std::string_view target);

}  // namespace belfry::ingest
