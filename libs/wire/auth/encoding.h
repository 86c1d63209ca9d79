// SPDX-License-Identifier: Apache-2.0
// Bytes as text: base64url (RFC 4648, section 5, without padding). Stateless; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace belfry::wire {

std::string Base64UrlEncode(std::string_view bytes);
// Strict: no padding, no other alphabet, no white space, no set bits after the last whole byte.
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace belfry::wire
