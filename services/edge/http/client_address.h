// SPDX-License-Identifier: Apache-2.0
// The client's address of a connection that came through proxies. Immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"
#include "libs/http/message.h"

namespace belfry::edge {

// Addresses and CIDR blocks.
class TrustedProxies {
 public:
  // "10.0.0.1", "10.0.0.0/8", "fd00::/8". kInvalidArgument names the one that is malformed.
  static Result<TrustedProxies> Parse(const std::vector<std::string>& blocks);

  bool Trusts(std::string_view address) const;

  // The peer's address, or, if the peer is trusted, the right-most address of X-Forwarded-For that
  // is not. The addresses to its left could be forged.
  std::string ClientAddress(const http::Request& request) const;

 private:
  // IPv4 as IPv4-mapped IPv6.
  using Bytes = std::array<std::uint8_t, 16>;
  struct Block {
    Bytes address;
    int bits;
  };
  static std::optional<Bytes> ParseAddress(std::string_view text);

  std::vector<Block> blocks_;
};

}  // namespace belfry::edge
