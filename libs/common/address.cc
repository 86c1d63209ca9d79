// SPDX-License-Identifier: Apache-2.0
#include "libs/common/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

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

std::string AddressBlock(std::string_view address) {
  std::string text(address);
  in6_addr parsed{};
  if (text.find(':') == std::string::npos || inet_pton(AF_INET6, text.c_str(), &parsed) != 1) {
    return text;
  }
  std::array<char, INET6_ADDRSTRLEN> block{};
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) {
    inet_ntop(AF_INET, &parsed.s6_addr[12], block.data(), block.size());
    return block.data();
  }
  std::fill(&parsed.s6_addr[8], &parsed.s6_addr[8] + 8, std::uint8_t{0});
  inet_ntop(AF_INET6, &parsed, block.data(), block.size());
  return std::string(block.data()) + "/64";
}

}  // namespace belfry
