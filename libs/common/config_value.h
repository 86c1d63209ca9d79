// SPDX-License-Identifier: Apache-2.0
// The values of settings, to text and back. Internal to this room. Stateless; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::config {

// std::nullopt if malformed or too large for the type. "true", "false", "1", "0".
std::optional<bool> ParseBool(std::string_view text);
// An optional minus and digits.
std::optional<std::int64_t> ParseInteger(std::string_view text);
// Digits and one of ms, s, m, h, d.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
// Digits, alone or with one of KiB, MiB, GiB.
std::optional<std::uint64_t> ParseBytes(std::string_view text);
// Comma-separated, spaces around items dropped; std::nullopt if an item is empty. "" = no items.
std::optional<std::vector<std::string>> ParseList(std::string_view text);
// "host:port" or "[ipv6]:port".
bool IsAddress(std::string_view text);

// In the largest unit that is exact: "20s", "64KiB".
std::string FormatDuration(std::chrono::milliseconds value);
std::string FormatBytes(std::uint64_t value);

// As TOML: "text", ["a", "b"].
std::string Quote(std::string_view text);
std::string QuoteList(const std::vector<std::string>& items);

inline constexpr std::string_view kMask = "********";
// A URL's password replaced by kMask; anything else as it is.
std::string MaskPassword(std::string_view text);

// How many edits (insert, delete, replace one byte) lead from `a` to `b`; for "did you mean".
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace belfry::config
