// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/routes.h"

#include <algorithm>
#include <utility>

#include "libs/common/check.h"
#include "services/edge/http/stream_request.h"

namespace belfry::edge {
namespace {

// "/a/b" -> {"a", "b"}; "/" -> {""}.
std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(path.empty() ? 0 : 1);
  while (true) {
    const std::size_t slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return segments;
    }
    path.remove_prefix(slash + 1);
  }
}

// A HEAD is a GET of which only the head is sent.
constexpr std::string_view kGetAndHead = "GET, HEAD";

bool IsParam(std::string_view segment) { return segment.starts_with('{'); }

bool HasParam(const std::vector<std::string>& pattern) {
  return std::any_of(pattern.begin(), pattern.end(), IsParam);
}

std::string_view ParamName(std::string_view segment) {
  return segment.substr(1, segment.size() - 2);
}

bool Matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) {
    return false;
  }
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (IsParam(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string_view RouteCall::Param(std::string_view name) const {
  const auto at = std::find_if(params.begin(), params.end(),
                               [name](const auto& param) { return param.first == name; });
  BELFRY_CHECK(at != params.end());
  return at->second;
}

Result<wire::Identity> RouteCall::Authenticate() const {
  return edge::Authenticate(request, *verifier, clock.UnixMicros() / 1'000'000, false);
}

void Routes::Add(http::Method method, std::string_view pattern, std::size_t body_bytes_max,
                 RouteHandler handler) {
  routes_.push_back({method, Split(pattern), body_bytes_max, std::move(handler)});
}

Routes::Match Routes::Find(http::Method method, std::string_view path) const {
  const std::vector<std::string> segments = Split(path);
  const bool exact = std::any_of(routes_.begin(), routes_.end(),
                                 [&](const Route& route) { return route.segments == segments; });
  Match match;
  for (const Route& route : routes_) {
    if (!Matches(route.segments, segments) || (exact && HasParam(route.segments))) {
      continue;
    }
    const bool takes = route.method == method ||
                       (method == http::Method::kHead && route.method == http::Method::kGet);
    if (takes && match.route == nullptr) {
      match.route = &route;
      for (std::size_t i = 0; i < segments.size(); ++i) {
        if (IsParam(route.segments[i])) {
          match.params.emplace_back(ParamName(route.segments[i]), segments[i]);
        }
      }
    }
    const std::string_view name =
        route.method == http::Method::kGet ? kGetAndHead : http::MethodName(route.method);
    if (match.allow.find(name) == std::string::npos) {
      match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
    }
  }
  return match;
}

}  // namespace belfry::edge
