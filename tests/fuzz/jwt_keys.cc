// SPDX-License-Identifier: Apache-2.0
// The file of keys that tokens are checked with.
#include <set>
#include <string>
#include <string_view>

#include "libs/wire/auth/jwt.h"
#include "libs/wire/auth/jwt_keys.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

void CheckKey(const wire::JwtKey& key, std::string_view file) {
  BELFRY_PROMISE(!key.kid.empty() && key.kid.size() <= 128, file);
  const bool symmetric = key.algorithm == wire::JwtAlgorithm::kHs256;
  BELFRY_PROMISE(symmetric == !key.public_key.has_value(), file);
  BELFRY_PROMISE(!symmetric || key.secret.size() >= wire::kSecretBytesMin, file);
  BELFRY_PROMISE(!key.Verify("bytes", "") && !key.Verify("bytes", "signature"), file);
}

// Every key of the file that can sign is also one that the verifier knows.
void CheckVerifies(const wire::JwtVerifier& verifier, const wire::JwtKey& key,
                   std::string_view file) {
  if (key.algorithm != wire::JwtAlgorithm::kHs256) {
    return;
  }
  const std::string token =
      wire::SignJwt({key.kid, key.secret}, {"demo", "alice", "", "", kNow, kNow + 60});
  const auto identity = verifier.Verify(token, kNow);
  BELFRY_PROMISE(identity.ok() && identity->user_id == "alice", file);
}

}  // namespace

void Try(std::string_view input) {
  const auto keys = wire::ParseJwtKeys(input);
  const auto verifier = wire::JwtVerifier::Parse(input, {});
  BELFRY_PROMISE(keys.ok() == verifier.ok(), input);
  if (!keys.ok()) {
    BELFRY_PROMISE(keys.error().code == Code::kInvalidArgument && !keys.error().message.empty(),
                   input);
    return;
  }
  BELFRY_PROMISE(!keys->empty(), input);
  std::set<std::string> kids;
  for (const wire::JwtKey& key : *keys) {
    CheckKey(key, input);
    BELFRY_PROMISE(kids.insert(key.kid).second, input);
    CheckVerifies(**verifier, key, input);
  }
}

}  // namespace belfry::fuzz
