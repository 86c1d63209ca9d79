// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/inbox_route.h"

#include <utility>
#include <vector>

#include "libs/wire/codec/inbox_json.h"
#include "services/ingest/rest/path_segments.h"

namespace belfry::ingest {
namespace {

using What = InboxRoute::What;

constexpr std::string_view kUsers = "/v1/users/";

// What has no id: "counts", or "notifications/bulk" where `below` says so.
std::optional<What> Named(std::string_view name, bool below) {
  if (name == "read-all") {
    return What::kReadAll;
  }
  if (name == "archive-all") {
    return What::kArchiveAll;
  }
  if (name == "seen") {
    return What::kSeen;
  }
  if (below) {
    return name == "bulk" ? std::optional(What::kBulk) : std::nullopt;
  }
  if (name == "notifications") {
    return What::kList;
  }
  if (name == "counts" || name == "unread-count") {
    return What::kCounts;
  }
  return name == "preferences" ? std::optional(What::kPreferences) : std::nullopt;
}

StateOp MarkOf(std::string_view name) {
  for (const StateOp op :
       {StateOp::kRead, StateOp::kUnread, StateOp::kArchive, StateOp::kUnarchive}) {
    if (name == NameOf(op)) {
      return op;
    }
  }
  return StateOp::kUnspecified;
}

}  // namespace

std::string_view InboxRoute::methods() const {
  switch (what) {
    case What::kList:
    case What::kCounts:
      return "GET";
    case What::kOne:
      return "GET, DELETE";
    case What::kPreferences:
      return "GET, PUT";
    case What::kMark:
    case What::kBulk:
    case What::kReadAll:
    case What::kArchiveAll:
    case What::kSeen:
    case What::kRetract:
      return "POST";
  }
  return "";
}

std::optional<InboxRoute> ParseInboxRoute(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  InboxRoute route;
  if (path == "/v1/retract") {
    route.what = What::kRetract;
    return route;
  }
  if (!path.starts_with(kUsers)) {
    return std::nullopt;
  }
  std::vector<std::string> segments = PathSegments(path.substr(kUsers.size()));
  if (segments.size() < 2 || segments.size() > 4 || segments[0].empty()) {
    return std::nullopt;
  }
  route.user_id = std::move(segments[0]);
  const bool below = segments.size() > 2;
  if (below && segments[1] != "notifications") {
    return std::nullopt;
  }
  if (segments.size() < 4) {
    if (const auto named = Named(segments.back(), below)) {
      route.what = *named;
      return route;
    }
    if (!below) {
      return std::nullopt;
    }
    route.what = What::kOne;
  } else {
    route.what = What::kMark;
    route.op = MarkOf(segments[3]);
    if (route.op == StateOp::kUnspecified) {
      return std::nullopt;
    }
  }
  route.id = wire::ParseEntryId(segments[2]).value_or(0);
  return route;
}

}  // namespace belfry::ingest
