// SPDX-License-Identifier: Apache-2.0
#include "libs/http/response_bytes.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "libs/common/check.h"
#include "libs/http/ascii.h"
#include "libs/http/status_text.h"

namespace belfry::http {
namespace {

bool IsToken(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), IsTokenChar);
}

bool IsFieldValue(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  BELFRY_CHECK(IsToken(name) && IsFieldValue(value));
  out->append(name).append(": ").append(value).append("\r\n");
}

// RFC 9110, section 5.6.7, whatever the locale.
std::string HttpDate(std::time_t now) {
  static constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                kMonths[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                utc.tm_min, utc.tm_sec);
  return text.data();
}

}  // namespace

std::string ResponseBytes(const Response& response, bool without_body, bool close,
                          std::time_t now) {
  const bool has_body = response.status != 204 && response.status != 304;
  BELFRY_CHECK(response.status >= 200 && response.status <= 599);
  BELFRY_CHECK(has_body || response.body.empty());
  std::string bytes;
  bytes.reserve(256 + response.body.size());
  bytes.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  bytes.append(StatusText(response.status)).append("\r\n");
  AppendHeader("Date", HttpDate(now), &bytes);
  if (has_body) {
    AppendHeader("Content-Type", response.content_type, &bytes);
    // To a HEAD that has no body to be measured, of a stream, no length is named.
    if (!without_body || !response.body.empty()) {
      AppendHeader("Content-Length", std::to_string(response.body.size()), &bytes);
    }
  }
  for (const auto& [name, value] : response.headers) {
    AppendHeader(name, value, &bytes);
  }
  if (close) {
    AppendHeader("Connection", "close", &bytes);
  }
  bytes.append("\r\n");
  if (!without_body) {
    bytes.append(response.body);
  }
  return bytes;
}

}  // namespace belfry::http
