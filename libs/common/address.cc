// SPDX-License-Identifier: Apache-2.0
#include "libs/common/address.h"

#include <algorithm>

#include "libs/common/ascii.h"

namespace belfry {

std::optional<HostPort> SplitHostPort(std::string_view address) {
  constexpr std::size_t kPortDigitsMax = 5;
  constexpr int kPortMax = 65'535;
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return std::nullopt;
  }
  HostPort parts;
  parts.host = address.substr(0, colon);
  parts.port_text = address.substr(colon + 1);
  if (parts.port_text.empty() || parts.port_text.size() > kPortDigitsMax ||
      !std::all_of(parts.port_text.begin(), parts.port_text.end(), IsAsciiDigit)) {
    return std::nullopt;
  }
  int port = 0;
  for (const char digit : parts.port_text) {
    port = port * 10 + (digit - '0');
  }
  if (port > kPortMax) {
    return std::nullopt;
  }
  parts.port = static_cast<std::uint16_t>(port);
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.bracketed = true;
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  return parts;
}

}  // namespace belfry
