// SPDX-License-Identifier: Apache-2.0
// The hash of tables whose keys strangers choose: users, projects, idempotency keys. With std::hash
// anybody can compute names that all meet in one bucket; here that takes this process's secret key.
// SipHash-1-3, own code because OpenSSL's costs an allocation for each key.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace belfry {

struct SipKey {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};

// Pure; any thread.
std::uint64_t SipHash13(const SipKey& key, std::string_view text);

// Also for searches by a view. All tables of a process share a key that is made at random when it
// is first used, so the order of a table differs from run to run: nothing may depend on it. Any
// thread. Not noexcept, so that libstdc++ keeps each hash beside its key.
struct KeyedHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const;
  std::size_t operator()(const std::pair<std::string_view, std::string_view>& texts) const;
};

// A table by text, searched without making a string.
template <typename Value>
using TextMap = std::unordered_map<std::string, Value, KeyedHash, std::equal_to<>>;

}  // namespace belfry
