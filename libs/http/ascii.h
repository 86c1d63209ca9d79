// SPDX-License-Identifier: Apache-2.0
// The characters that HTTP's tokens consist of.
#pragma once

#include <string_view>

namespace belfry::http {

// Whether a method or a field's name may contain `c` (RFC 9110, section 5.6.2).
constexpr bool IsTokenChar(char c) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
  return kAllowed.find(c) != std::string_view::npos;
}

}  // namespace belfry::http
