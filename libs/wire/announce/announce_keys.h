// SPDX-License-Identifier: Apache-2.0
// The keys under which the store signs its announcements and edges verify them. The file is
// {"keys":[{"id":"main","secret":"<base64url, 32 bytes or more>"}]}: the first key signs, all of
// them verify, so that a key can be rotated. Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/result.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {

inline constexpr std::size_t kAnnounceSecretBytesMin = 32;
inline constexpr std::size_t kAnnounceKeysMax = 16;

struct AnnounceKey {
  AnnounceKey(std::string key_id, std::string key_secret)
      : id(std::move(key_id)), secret(std::move(key_secret)), mac(secret) {}
  std::string id;  // 1 to 32 of [A-Za-z0-9_-]
  std::string secret;
  HmacKey mac;  // of secret
};

class AnnounceKeys {
 public:
  // Reads a file that only its owner (and its group) may read. kPermissionDenied: others may.
  // kNotFound, kInvalidArgument: what is wrong, never a secret.
  static Result<std::shared_ptr<const AnnounceKeys>> Load(const std::string& path);
  static Result<std::shared_ptr<const AnnounceKeys>> Parse(std::string_view json);
  // `keys` must not be empty.
  explicit AnnounceKeys(std::vector<AnnounceKey> keys);

  const AnnounceKey& signing() const { return keys_.front(); }
  // Null if there is none of that id.
  const AnnounceKey* Find(std::string_view id) const;
  const std::vector<AnnounceKey>& all() const { return keys_; }

 private:
  std::vector<AnnounceKey> keys_;
};

// A random key, and the file of `keys`.
AnnounceKey MakeAnnounceKey(std::string id);
std::string AnnounceKeysJson(const std::vector<AnnounceKey>& keys);

}  // namespace belfry::wire
