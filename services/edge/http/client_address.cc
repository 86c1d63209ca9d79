// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/client_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "libs/common/ascii.h"

namespace belfry::edge {
namespace {

constexpr int kV4Offset = 96;  // bits before the IPv4 address in an IPv4-mapped one

// "[::1]:80", "1.2.3.4:80" and bare ones -> the address.
std::string_view WithoutPort(std::string_view text) {
  if (text.starts_with('[')) {
    return text.substr(1, text.find(']') - 1);
  }
  const std::size_t colon = text.find(':');
  const bool only_one = colon != std::string_view::npos && colon == text.rfind(':');
  return only_one ? text.substr(0, colon) : text;
}

}  // namespace

std::optional<TrustedProxies::Bytes> TrustedProxies::ParseAddress(std::string_view text) {
  const std::string address(text);
  Bytes bytes{};
  if (inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
    return bytes;
  }
  bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (inet_pton(AF_INET, address.c_str(), bytes.data() + kV4Offset / 8) == 1) {
    return bytes;
  }
  return std::nullopt;
}

Result<TrustedProxies> TrustedProxies::Parse(const std::vector<std::string>& blocks) {
  TrustedProxies proxies;
  for (const std::string& text : blocks) {
    const std::size_t slash = text.find('/');
    const std::string_view address = std::string_view(text).substr(0, slash);
    const auto bytes = ParseAddress(address);
    const bool v4 = address.find(':') == std::string_view::npos;
    int bits = v4 ? 32 : 128;
    if (slash != std::string::npos) {
      const int bits_max = bits;
      const char* const end = text.data() + text.size();
      const auto parsed = std::from_chars(text.data() + slash + 1, end, bits);
      if (parsed.ec != std::errc{} || parsed.ptr != end || bits < 0 || bits > bits_max) {
        bits = -1;
      }
    }
    if (!bytes || bits < 0) {
      return Fail(Code::kInvalidArgument,
                  "addresses and CIDR blocks, as in 10.0.0.1 or 10.0.0.0/8");
    }
    proxies.blocks_.push_back({*bytes, bits + (v4 ? kV4Offset : 0)});
  }
  return proxies;
}

bool TrustedProxies::Trusts(std::string_view address) const {
  const auto bytes = ParseAddress(address);
  return bytes && std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
           for (int bit = 0; bit < block.bits; ++bit) {
             const auto byte = static_cast<std::size_t>(bit / 8);
             const int mask = 0x80 >> (bit % 8);
             if ((((*bytes)[byte] ^ block.address[byte]) & mask) != 0) {
               return false;
             }
           }
           return true;
         });
}

std::string TrustedProxies::ClientAddress(const http::Request& request) const {
  std::string client = request.remote_address;
  if (blocks_.empty()) {
    return client;
  }
  for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header) {
    if (!EqualsWithoutCase(header->first, "X-Forwarded-For")) {
      continue;
    }
    std::string_view rest = header->second;
    while (!rest.empty() && Trusts(client)) {
      const std::size_t comma = rest.rfind(',');
      const std::string_view one =
          WithoutPort(Trim(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
      if (!ParseAddress(one)) {
        return client;  // a trusted proxy passed on no address: the last valid one counts
      }
      client = one;
      rest = comma == std::string_view::npos ? "" : rest.substr(0, comma);
    }
  }
  return client;
}

}  // namespace belfry::edge
