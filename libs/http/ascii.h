// SPDX-License-Identifier: Apache-2.0
// Text of HTTP's own words, whatever the locale.
#pragma once

#include <algorithm>
#include <string_view>

namespace belfry::http {

constexpr char AsciiLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool EqualsWithoutCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return AsciiLower(x) == AsciiLower(y); });
}

// May `c` stand in a method or a field's name (RFC 9110, section 5.6.2)?
constexpr bool IsTokenChar(char c) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return kAllowed.find(c) != std::string_view::npos;
}

}  // namespace belfry::http
