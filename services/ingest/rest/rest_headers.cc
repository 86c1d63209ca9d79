// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_headers.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "libs/common/ascii.h"

namespace belfry::ingest {

// application/json, with no charset but UTF-8.
bool IsJson(std::string_view content_type) {
  const std::size_t end = content_type.find(';');
  if (AsciiLower(Trim(content_type.substr(0, end))) != "application/json") {
    return false;
  }
  if (end == std::string_view::npos) {
    return true;
  }
  const std::string parameter = AsciiLower(Trim(content_type.substr(end + 1)));
  return !parameter.starts_with("charset=") || parameter == "charset=utf-8" ||
         parameter == "charset=\"utf-8\"";
}

std::size_t CountHeader(const http::Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [name](const auto& header) { return EqualsWithoutCase(header.first, name); }));
}

// RFC 6750, section 3: no error code when there were no credentials at all.
http::Response Unauthenticated(const Error& error) {
  http::Response response = http::Problem(error);
  response.close = true;  // strangers keep no connection
  std::string challenge = "Bearer realm=\"belfry\"";
  if (error.reason != "MISSING_CREDENTIALS") {
    challenge += ", error=\"invalid_token\"";
  }
  response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
  return response;
}

Result<Caller> Authenticate(const Publisher& publisher, const http::Request& request) {
  AuditTrailPtr trail = publisher.Trail(
      "rest", std::string(http::MethodName(request.method)) + " " + std::string(request.path),
      request.remote_address);
  if (CountHeader(request, "Authorization") > 1) {
    publisher.metrics().CountAuthFailure("MALFORMED_CREDENTIALS");
    return Fail(Code::kUnauthenticated, "authenticate: more than one Authorization header",
                "MALFORMED_CREDENTIALS");
  }
  const std::string_view value = request.Header("Authorization").value_or("");
  const std::string_view scheme = value.substr(0, value.find(' '));
  if (!value.empty() && !EqualsWithoutCase(scheme, "Bearer")) {
    publisher.metrics().CountAuthFailure("MALFORMED_CREDENTIALS");
    return Fail(Code::kUnauthenticated,
                "authenticate: the Authorization scheme must be \"Bearer\", followed by an API key",
                "MALFORMED_CREDENTIALS");
  }
  return publisher.Authenticate(value, std::move(trail));
}

http::Response TooLarge(std::size_t bytes_max) {
  return http::Problem(413,
                       Error{Code::kInvalidArgument,
                             "the body must be at most " + std::to_string(bytes_max) + " bytes",
                             "BODY_TOO_LARGE",
                             {},
                             {}});
}

http::Response NotJson() {
  return http::Problem(415, Error{Code::kInvalidArgument,
                                  "the Content-Type must be application/json, in UTF-8",
                                  "UNSUPPORTED_MEDIA_TYPE",
                                  {},
                                  {}});
}

http::Response NoSuchPath() {
  http::Response response = http::Problem(
      404,
      Error{
          Code::kNotFound, "no such path: docs/openapi.yaml has them all", "NO_SUCH_PATH", {}, {}});
  response.close = true;  // strangers keep no connection
  return response;
}

http::Response MethodNotAllowed(const http::Request& request, std::string_view allow_but_head) {
  std::string allow(allow_but_head);
  if (const std::size_t get = allow.find("GET"); get != std::string::npos) {
    allow.insert(get + 3, ", HEAD");
  }
  http::Response response =
      http::Problem(405, Error{Code::kUnimplemented,
                               "this path takes " + allow + ", not " + request.method_name,
                               "METHOD_NOT_ALLOWED",
                               {},
                               {}});
  response.headers.emplace_back("Allow", std::move(allow));
  response.close = true;  // strangers keep no connection
  return response;
}

void AddRateLimit(const Publisher& publisher, const Caller& caller, http::Response* response) {
  const RateLimit& limit = publisher.rate_limit();
  if (limit.per_second <= 0) {
    return;
  }
  const RateLimiter::State state = publisher.RateOf(caller);
  const auto full_in = std::chrono::ceil<std::chrono::seconds>(state.full_in).count();
  const std::int64_t burst = std::max<std::int64_t>(limit.burst, 1);
  const std::int64_t window = (burst + limit.per_second - 1) / limit.per_second;
  response->headers.emplace_back(
      "RateLimit", "\"key\";r=" + std::to_string(state.left) + ";t=" + std::to_string(full_in));
  response->headers.emplace_back(
      "RateLimit-Policy", "\"key\";q=" + std::to_string(burst) + ";w=" + std::to_string(window));
}

}  // namespace belfry::ingest
