// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/url.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "libs/common/ascii.h"
#include "libs/common/text.h"

namespace belfry::ingest {
namespace {

constexpr std::string_view kForbidden = "\\<>\"` ";
constexpr std::string_view kSchemes =
    "must be http, https, mailto or a relative reference, no other scheme";
constexpr std::string_view kImageSchemes =
    "must be http, https or a relative reference, no other scheme";

// Any of Unicode's White_Space outside ASCII; `url` is UTF-8.
bool HasUnicodeSpace(std::string_view url) {
  for (std::string_view space :
       {"\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
        "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000",
        "\uFEFF"}) {
    if (url.find(space) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

bool IsPort(std::string_view digits) {
  if (digits.size() > 5) {
    return false;
  }
  int port = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') {
      return false;
    }
    port = port * 10 + (c - '0');
  }
  return port <= 65535;
}

// `rest` is what follows "http:" or "https:".
std::string_view AuthorityFault(std::string_view rest) {
  if (!rest.starts_with("//")) {
    return "must have \"//\" and a host after the scheme";
  }
  rest.remove_prefix(2);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return "must not carry a user or password before the host";
  }
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos || end < 3) {
      return "must have a valid host";
    }
    host = authority.substr(0, end + 1);
    port = authority.substr(end + 1);
    const std::string_view inside = host.substr(1, host.size() - 2);
    if (inside.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
      return "must have a valid host";
    }
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  if (host.empty()) {
    return "must have a host";
  }
  if (host.find_first_of("%^|{}'&;,=+*()!$[") != std::string_view::npos && !host.starts_with('[')) {
    return "must have a valid host";
  }
  if (!port.empty() && (port.front() != ':' || !IsPort(port.substr(1)))) {
    return "must have a valid port";
  }
  return {};
}

}  // namespace

std::string_view UrlFault(std::string_view url, UrlUse use) {
  if (HasControl(url) || url.find_first_of(kForbidden) != std::string_view::npos ||
      HasUnicodeSpace(url)) {
    return "must not have control characters, whitespace, backslashes or any of < > \" `";
  }
  const std::size_t end = url.find_first_of(":/?#");
  if (end != std::string_view::npos && url[end] == ':') {
    const std::string scheme = AsciiLower(url.substr(0, end));
    const std::string_view rest = url.substr(end + 1);
    if (scheme == "http" || scheme == "https") {
      return AuthorityFault(rest);
    }
    if (scheme == "mailto" && use == UrlUse::kAction) {
      return rest.empty() ? "must name somebody after mailto:" : std::string_view{};
    }
    return use == UrlUse::kAction ? kSchemes : kImageSchemes;
  }
  if (url.starts_with("//")) {
    return "must not begin with \"//\": write the scheme when it leads to another host";
  }
  // "javascript&colon;..." is a path here, and a scheme where it is put into HTML unescaped.
  if (url.substr(0, end).find('&') != std::string_view::npos) {
    return "must not have \"&\" in a relative reference's first segment";
  }
  return {};
}

}  // namespace belfry::ingest
