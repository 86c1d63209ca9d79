// SPDX-License-Identifier: Apache-2.0
// Digests and their comparison, by OpenSSL. Any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace belfry::wire {

std::string Sha256(std::string_view bytes);  // 32 bytes
// Of `parts` one after the other, which are not copied.
std::string Sha256(std::initializer_list<std::string_view> parts);
std::string HmacSha256(std::string_view secret, std::string_view bytes);  // 32 bytes

// The secret of many MACs, prepared once: HmacSha256 looks the algorithm up and hashes the secret
// each time, which takes longer than to hash a short message. Copies share what is prepared.
class HmacKey {
 public:
  explicit HmacKey(std::string_view secret);
  std::string Sign(std::string_view bytes) const;  // as HmacSha256

 private:
  struct Prepared;
  std::shared_ptr<Prepared> prepared_;
};

// In time that depends on the lengths only.
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace belfry::wire
