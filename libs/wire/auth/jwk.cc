// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/jwk.h"

#include <string>
#include <string_view>
#include <utility>

#include "libs/wire/auth/encoding.h"
#include "libs/wire/auth/keys_file.h"

namespace belfry::wire {
namespace {

// "" where the member is absent.
std::string Text(const boost::json::object& object, std::string_view name) {
  auto text = StringMember(object, name);
  return text.ok() ? std::move(*text) : std::string();
}

Result<std::string> Bytes(const boost::json::object& object, std::string_view name) {
  auto bytes = Base64UrlDecode(Text(object, name));
  if (!bytes || bytes->empty()) {
    return Fail(Code::kInvalidArgument,
                "\"" + std::string(name) + "\" must be base64url (no padding)");
  }
  return std::move(*bytes);
}

// "use" and "key_ops" may each say what a key is for.
bool IsForSignatures(const boost::json::object& object) {
  if (const std::string use = Text(object, "use"); !use.empty() && use != "sig") {
    return false;
  }
  const boost::json::value* const operations = object.if_contains("key_ops");
  if (operations == nullptr || !operations->is_array()) {
    return true;
  }
  for (const boost::json::value& operation : operations->as_array()) {
    if (operation.is_string() && operation.as_string() == "verify") {
      return true;
    }
  }
  return false;
}

struct Type {
  std::string_view kty, crv, alg;
  JwtAlgorithm algorithm;
};
constexpr Type kTypes[] = {{"RSA", "", "RS256", JwtAlgorithm::kRs256},
                           {"EC", "P-256", "ES256", JwtAlgorithm::kEs256},
                           {"OKP", "Ed25519", "EdDSA", JwtAlgorithm::kEdDsa},
                           {"oct", "", "HS256", JwtAlgorithm::kHs256}};

std::optional<JwtAlgorithm> AlgorithmOf(const boost::json::object& object) {
  const std::string alg = Text(object, "alg");
  for (const Type& type : kTypes) {
    if (Text(object, "kty") == type.kty && Text(object, "crv") == type.crv &&
        (alg.empty() || alg == type.alg)) {
      return type.algorithm;
    }
  }
  return std::nullopt;
}

Result<PublicKey> ReadPublicKey(const boost::json::object& object, JwtAlgorithm algorithm) {
  if (object.contains("d")) {
    return Fail(Code::kInvalidArgument,
                "it has its private part \"d\": give the public part alone");
  }
  const bool rsa = algorithm == JwtAlgorithm::kRs256;
  const auto first = Bytes(object, rsa ? "n" : "x");
  if (!first.ok()) {
    return Fail(first.error());
  }
  if (algorithm == JwtAlgorithm::kEdDsa) {
    return PublicKey::FromEd25519(*first);
  }
  const auto second = Bytes(object, rsa ? "e" : "y");
  if (!second.ok()) {
    return Fail(second.error());
  }
  return rsa ? PublicKey::FromRsa(*first, *second) : PublicKey::FromP256(*first, *second);
}

}  // namespace

bool IsJwk(const boost::json::object& object) { return object.contains("kty"); }

Result<std::optional<JwtKey>> ReadJwk(const boost::json::object& object) {
  const auto algorithm = AlgorithmOf(object);
  if (!algorithm || !IsForSignatures(object)) {
    return std::optional<JwtKey>();
  }
  JwtKey key;
  key.algorithm = *algorithm;
  if (key.algorithm == JwtAlgorithm::kHs256) {
    auto secret = Base64UrlDecode(Text(object, "k"));
    if (!secret || secret->size() < kSecretBytesMin) {
      return Fail(Code::kInvalidArgument,
                  "\"k\" must be base64url (no padding) of at least 32 bytes");
    }
    key.secret = std::move(*secret);
    return std::optional<JwtKey>(std::move(key));
  }
  auto public_key = ReadPublicKey(object, key.algorithm);
  if (!public_key.ok()) {
    return Fail(std::move(public_key.error()));
  }
  key.public_key = std::move(*public_key);
  return std::optional<JwtKey>(std::move(key));
}

}  // namespace belfry::wire
