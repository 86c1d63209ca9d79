// SPDX-License-Identifier: Apache-2.0
// Digests and their comparison, by OpenSSL. Stateless; any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace belfry::wire {

std::string Sha256(std::string_view bytes);  // 32 bytes
// Of `parts` one after the other, which are not copied.
std::string Sha256(std::initializer_list<std::string_view> parts);
std::string HmacSha256(std::string_view secret, std::string_view bytes);  // 32 bytes
// In time that depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace belfry::wire
