// SPDX-License-Identifier: Apache-2.0
#include "libs/http/message.h"

#include <algorithm>

#include "libs/common/ascii.h"
#include "libs/common/hex.h"
#include "libs/common/text.h"
#include "libs/http/status_text.h"

namespace belfry::http {
namespace {

void TakeCookies(std::string_view header, std::string_view name,
                 std::vector<std::string_view>* found) {
  while (!header.empty()) {
    const std::size_t end = std::min(header.find(';'), header.size());
    const std::string_view pair = Trim(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) {
      continue;
    }
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    found->push_back(value);
  }
}

int StatusOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kAborted:
      return 409;
    case Code::kFailedPrecondition:
      return 422;
    case Code::kResourceExhausted:
      return 429;
    case Code::kCancelled:
      return 499;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string ProblemBody(int status, const Error& error) {
  std::string body = R"({"type":"about:blank","title":)";
  AppendJsonString(StatusText(status), &body);
  body += ",\"status\":" + std::to_string(status) + ",\"detail\":";
  AppendJsonString(error.message, &body);
  if (!error.reason.empty()) {
    body += ",\"reason\":";
    AppendJsonString(error.reason, &body);
  }
  if (error.code == Code::kInvalidArgument && !error.violations.empty()) {
    body += ",\"errors\":";
    char separator = '[';
    for (const FieldViolation& violation : error.violations) {
      body += separator;
      body += "{\"field\":";
      AppendJsonString(violation.field, &body);
      body += ",\"description\":";
      AppendJsonString(violation.description, &body);
      body += '}';
      separator = ',';
    }
    body += ']';
  }
  return body + "}";
}

}  // namespace

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "OTHER";
}

std::optional<std::string_view> Request::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsWithoutCase(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) {
      return value;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> Request::Cookies(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (EqualsWithoutCase(key, "Cookie")) {
      TakeCookies(value, name, &found);
    }
  }
  return found;
}

Response Problem(int status, const Error& error) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = ProblemBody(status, error);
  if (error.retry_after || status == 429 || status == 503) {
    const auto wait = error.retry_after.value_or(std::chrono::seconds(1));
    const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(wait).count(),
                                  std::chrono::seconds::rep{0});
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  return response;
}

Response Problem(const Error& error) { return Problem(StatusOf(error.code), error); }

Response Json(std::string body, int status) {
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  return response;
}

std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus_is_space) {
      decoded.push_back(' ');
    } else if (text[at] != '%') {
      decoded.push_back(text[at]);
    } else {
      if (text.size() - at < 3) {
        return std::nullopt;
      }
      const int high = HexDigitValue(text[at + 1]);
      const int low = HexDigitValue(text[at + 2]);
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      decoded.push_back(static_cast<char>(high * 16 + low));
      at += 2;
    }
  }
  return decoded;
}

}  // namespace belfry::http
