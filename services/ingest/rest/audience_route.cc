// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/audience_route.h"

#include <utility>
#include <vector>

#include "libs/wire/codec/inbox_json.h"
#include "services/ingest/rest/path_segments.h"

namespace belfry::ingest {
namespace {

using What = AudienceRoute::What;

std::optional<AudienceRoute> SegmentRoute(std::vector<std::string> segments) {
  AudienceRoute route{.what = What::kSegment, .name = std::move(segments[1])};
  if (segments.size() == 2) {
    return route;
  }
  const std::string& last = segments[2];
  if (last == "add") {
    route.what = What::kAdd;
  } else if (last == "remove") {
    route.what = What::kRemove;
  } else if (last == "members") {
    route.what = What::kMembers;
  } else {
    return std::nullopt;
  }
  return route;
}

}  // namespace

std::string_view AudienceRoute::methods() const {
  switch (what) {
    case What::kUser:
      return "GET, PUT, DELETE";
    case What::kSegment:
      return "PUT, DELETE";
    case What::kUsers:
    case What::kSegments:
    case What::kMembers:
    case What::kOperation:
      return "GET";
    case What::kBulk:
    case What::kAdd:
    case What::kRemove:
    case What::kRevoke:
    case What::kRevokeAll:
    case What::kKick:
      return "POST";
  }
  return "";
}

std::optional<AudienceRoute> ParseAudienceRoute(std::string_view target) {
  constexpr std::string_view kVersion = "/v1/";
  const std::string_view path = target.substr(0, target.find('?'));
  if (!path.starts_with(kVersion)) {
    return std::nullopt;
  }
  std::vector<std::string> segments = PathSegments(path.substr(kVersion.size()));
  if (segments.empty() || segments.size() > 3 || segments.back().empty()) {
    return std::nullopt;
  }
  const std::string& first = segments.front();
  const std::size_t count = segments.size();
  if (first == "users" && count == 1) {
    return AudienceRoute{.what = What::kUsers};
  }
  if (first == "users" && count == 2) {
    const bool bulk = path == "/v1/users/bulk";
    return AudienceRoute{.what = bulk ? What::kBulk : What::kUser, .name = std::move(segments[1])};
  }
  if (first == "users" && (segments[2] == "revoke" || segments[2] == "kick")) {
    return AudienceRoute{.what = segments[2] == "kick" ? What::kKick : What::kRevoke,
                         .name = std::move(segments[1])};
  }
  if (first == "revoke" && count == 1) {
    return AudienceRoute{.what = What::kRevokeAll};
  }
  if (first == "segments") {
    return count == 1 ? std::optional(AudienceRoute{.what = What::kSegments})
                      : SegmentRoute(std::move(segments));
  }
  if (first == "operations" && count == 2) {
    return AudienceRoute{.what = What::kOperation,
                         .operation_id = wire::ParseEntryId(segments[1]).value_or(0)};
  }
  return std::nullopt;
}

}  // namespace belfry::ingest
