// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/bearer_key.h"

#include <utility>

#include "libs/common/ascii.h"
#include "libs/common/hex.h"
#include "libs/common/names.h"
#include "libs/common/random.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kCredentialsBytesMax = 512;

}  // namespace

Result<BearerKey> ReadBearerKey(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer";
  if (authorization.empty()) {
    return Fail(Code::kUnauthenticated, "no authorization given: send \"Bearer <id>.<secret>\"",
                "MISSING_CREDENTIALS");
  }
  const std::string_view scheme = authorization.substr(0, authorization.find(' '));
  const std::string_view text = Trim(authorization.substr(scheme.size()));
  const std::size_t dot = text.find('.');
  if (!EqualsWithoutCase(scheme, kScheme) || authorization.size() > kCredentialsBytesMax ||
      dot == std::string_view::npos || !IsKeyId(text.substr(0, dot)) || dot + 1 == text.size()) {
    return Fail(Code::kUnauthenticated, "authorization is not \"Bearer <id>.<secret>\"",
                "MALFORMED_CREDENTIALS");
  }
  return BearerKey{text.substr(0, dot), text.substr(dot + 1)};
}

bool HasDigest(std::string_view secret, const std::string* sha256) {
  static const std::string kNobody(32, '\0');
  const bool equal = ConstantTimeEqual(Sha256(secret), sha256 == nullptr ? kNobody : *sha256);
  return equal && sha256 != nullptr;
}

Result<std::string> ReadDigest(std::string_view hex) {
  auto digest = HexDecode(hex);
  if (!digest || digest->size() != 32) {
    return Fail(Code::kInvalidArgument, "\"sha256\" must be 64 hex digits");
  }
  return std::move(*digest);
}

std::string MakeSecret() { return Base64UrlEncode(RandomBytes(kSecretBytes)); }

}  // namespace belfry::wire
