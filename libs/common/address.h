// SPDX-License-Identifier: Apache-2.0
// "host:port" and "[ipv6]:port". Stateless; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace belfry {

// Views of what was split.
struct HostPort {
  std::string_view host;       // an IPv6 address without its brackets
  bool bracketed = false;      // it was in brackets
  std::string_view port_text;  // all digits
  std::uint16_t port = 0;
};

// std::nullopt: no colon, no host, or no port of 0 to 65535 in 1 to 5 digits. What the host may be
// is for the caller to judge: "a:b:1" gives "a:b".
std::optional<HostPort> SplitHostPort(std::string_view address);

// Whom an address belongs to, as far as limits are concerned: an address of IPv6 is one of the 2^64
// of its block, "2001:db8:1:2::/64"; any other text is itself, and an IPv4-mapped one its IPv4.
std::string AddressBlock(std::string_view address);

}  // namespace belfry
