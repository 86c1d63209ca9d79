// SPDX-License-Identifier: Apache-2.0
// Requests and responses as plain values.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/result.h"

namespace belfry::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };
std::string_view MethodName(Method method);

// A request whose head and body were read whole and passed the server's hygiene: HTTP/1.1 with
// exactly one Host, or HTTP/1.0 with one at most; a body by length, or by chunks that were decoded.
struct Request {
  Method method = Method::kGet;
  std::string method_name;  // as sent: "PROPFIND" is kOther
  int minor_version = 1;    // 0: HTTP/1.0, whose client understands no chunks
  std::string target;       // in origin-form: "/v1/stream?last_event_id=5"
  std::string path;         // decoded, without the query: "/v1/stream"
  // Decoded, in order; a name may occur more than once.
  std::vector<std::pair<std::string, std::string>> query;
  // In order; names as sent. Look up with Header(). Never Transfer-Encoding.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;            // without a byte order mark
  std::string remote_address;  // the peer's, without the port

  // The first header of that name, compared without case; std::nullopt if absent.
  std::optional<std::string_view> Header(std::string_view name) const;
  // The first query value of that name.
  std::optional<std::string_view> Query(std::string_view name) const;
  // The cookies of that name (RFC 6265, section 4.2.1) in order: a browser sends one for each path
  // and domain that it was set for.
  std::vector<std::string_view> Cookies(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  // More headers. A CR, LF or NUL in a name or value aborts: only our own text is allowed here.
  std::vector<std::pair<std::string, std::string>> headers;
  bool close = false;  // close the connection after it
};

// RFC 9457: application/problem+json {"type":"about:blank","title":...,"status":...,"detail":...}
// and, for kInvalidArgument with violations, "errors":[{"field","description"}]; `reason` as
// "reason"; Retry-After (whole seconds, rounded up) from the error's retry_after.
Response Problem(int status, const Error& error);
// The same with the status that fits the code: 400 INVALID_ARGUMENT and OUT_OF_RANGE, 401, 403,
// 404, 409 ALREADY_EXISTS and ABORTED, 422 FAILED_PRECONDITION, 429 RESOURCE_EXHAUSTED, 499
// CANCELLED, 503 UNAVAILABLE, 504 DEADLINE_EXCEEDED, else 500. 429 and 503 always carry a
// Retry-After (1 s when the error names none).
Response Problem(const Error& error);

// 200 application/json.
Response Json(std::string body, int status = 200);

// Percent-decodes; std::nullopt if malformed ("%zz"). `plus_is_space` for queries.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace belfry::http
