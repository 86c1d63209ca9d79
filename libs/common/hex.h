// SPDX-License-Identifier: Apache-2.0
// Bytes as hexadecimal text. Stateless; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belfry {

std::string HexEncode(std::string_view bytes);  // lower case
// std::nullopt: an odd number of characters, or one that is no digit of either case.
std::optional<std::string> HexDecode(std::string_view text);

// The value of one digit of either case; -1 for any other character.
int HexDigitValue(char c);

}  // namespace belfry
