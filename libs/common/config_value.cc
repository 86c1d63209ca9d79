// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config_value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <numeric>

#include "libs/common/address.h"
#include "libs/common/ascii.h"
#include "libs/common/config.h"
#include "libs/common/text.h"

namespace belfry::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t size;
};
constexpr std::array<Unit, 5> kDurations = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kBytes = {
    {{"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"", 1}}};

// Digits and a unit's name, multiplied.
template <std::size_t N>
std::optional<std::int64_t> ParseScaled(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || number < 0 || text.starts_with('-')) {
    return std::nullopt;
  }
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [name](const Unit& candidate) { return candidate.name == name; });
  if (unit == units.end() || number > std::numeric_limits<std::int64_t>::max() / unit->size) {
    return std::nullopt;
  }
  return number * unit->size;
}

template <std::size_t N>
std::string FormatScaled(std::int64_t value, const std::array<Unit, N>& units) {
  const auto unit = std::find_if(units.begin(), units.end() - 1, [value](const Unit& candidate) {
    return value != 0 && value % candidate.size == 0;
  });
  return std::to_string(value / unit->size) + std::string(unit->name);
}

bool IsIpv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsHost(std::string_view text) {
  return !text.empty() && text.size() <= 253 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ==
             std::string_view::npos;
}

}  // namespace

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true" || text == "1") {
    return true;
  }
  if (text == "false" || text == "0") {
    return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || rest != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  const auto millis = ParseScaled(text, kDurations);
  return millis ? std::optional(std::chrono::milliseconds(*millis)) : std::nullopt;
}

std::optional<std::uint64_t> ParseBytes(std::string_view text) {
  const auto bytes = ParseScaled(text, kBytes);
  return bytes ? std::optional(static_cast<std::uint64_t>(*bytes)) : std::nullopt;
}

std::optional<std::vector<std::string>> ParseList(std::string_view text) {
  std::vector<std::string> items;
  if (Trim(text).empty()) {
    return items;
  }
  for (;;) {
    const auto comma = text.find(',');
    const std::string_view item = Trim(text.substr(0, comma));
    if (item.empty()) {
      return std::nullopt;
    }
    items.emplace_back(item);
    if (comma == std::string_view::npos) {
      return items;
    }
    text.remove_prefix(comma + 1);
  }
}

bool IsAddress(std::string_view text) {
  const auto parts = SplitHostPort(text);
  if (!parts) {
    return false;
  }
  if (parts->bracketed) {
    return IsIpv6(std::string(parts->host));
  }
  return IsHost(parts->host);
}

std::string FormatDuration(std::chrono::milliseconds value) {
  return FormatScaled(value.count(), kDurations);
}

std::string FormatBytes(std::uint64_t value) {
  return FormatScaled(static_cast<std::int64_t>(value), kBytes);
}

std::string Quote(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);  // a JSON string is a TOML basic string
  return quoted;
}

std::string QuoteList(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) {
    text += (text.size() > 1 ? ", " : "") + Quote(item);
  }
  return text + "]";
}

std::string MaskPassword(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) {
    return std::string(text);
  }
  const auto begin = scheme + 3;
  const auto at = text.rfind('@');
  const auto colon = text.find(':', begin);
  if (at == std::string_view::npos || at < begin) {
    return std::string(text);
  }
  // Without a colon the whole of it is a token.
  const auto secret = colon < at ? colon + 1 : begin;
  return std::string(text.substr(0, secret)) + std::string(kMask) + std::string(text.substr(at));
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

}  // namespace belfry::config

namespace belfry {

bool IsLoopback(std::string_view address) {
  if (const auto scheme = address.find("://"); scheme != std::string_view::npos) {
    address.remove_prefix(scheme + 3);
    // The last one: a password may have any character, and no host has one.
    if (const auto at = address.rfind('@'); at != std::string_view::npos) {
      address.remove_prefix(at + 1);
    }
    address = address.substr(0, address.find('/'));
  }
  std::string host(address);
  if (config::IsAddress(address)) {
    host = std::string(SplitHostPort(address)->host);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  if (EqualsWithoutCase(host, "localhost")) {
    return true;
  }
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace belfry
