// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/jwt_keys.h"

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "libs/wire/auth/encoding.h"
#include "libs/wire/auth/jwk.h"
#include "libs/wire/auth/keys_file.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {
namespace {

constexpr std::array<std::pair<std::string_view, JwtAlgorithm>, 4> kAlgorithms = {{
    {"HS256", JwtAlgorithm::kHs256},
    {"RS256", JwtAlgorithm::kRs256},
    {"ES256", JwtAlgorithm::kEs256},
    {"EdDSA", JwtAlgorithm::kEdDsa},
}};
constexpr std::size_t kKidBytesMax = 128;

std::optional<JwtAlgorithm> AlgorithmOf(std::string_view name) {
  for (const auto& [known, algorithm] : kAlgorithms) {
    if (known == name) {
      return algorithm;
    }
  }
  return std::nullopt;
}

Status ReadSecret(const boost::json::object& object, JwtKey& key) {
  if (Status known = OnlyMembers(object, {"kid", "alg", "secret"}); !known.ok()) {
    return known;
  }
  const auto text = StringMember(object, "secret");
  if (!text.ok()) {
    return Fail(text.error());
  }
  auto secret = Base64UrlDecode(*text);
  if (!secret || secret->size() < kSecretBytesMin) {
    return Fail(Code::kInvalidArgument,
                "\"secret\" must be base64url (no padding) of at least 32 bytes");
  }
  key.secret = std::move(*secret);
  return {};
}

Status ReadPem(const boost::json::object& object, JwtKey& key) {
  if (Status known = OnlyMembers(object, {"kid", "alg", "pem"}); !known.ok()) {
    return known;
  }
  const auto pem = StringMember(object, "pem");
  if (!pem.ok()) {
    return Fail(pem.error());
  }
  auto public_key = PublicKey::FromPem(*pem, key.algorithm);
  if (!public_key.ok()) {
    return Fail(std::move(public_key.error()));
  }
  key.public_key = std::move(*public_key);
  return {};
}

// The first eight bytes of a digest.
std::uint64_t FingerprintOf(std::string_view algorithm, std::string_view key) {
  std::uint64_t fingerprint = 0;
  for (const char byte : Sha256({algorithm, ":", key}).substr(0, 8)) {
    fingerprint = fingerprint << 8 | static_cast<unsigned char>(byte);
  }
  return fingerprint;
}

// The same for one in JWK form: of the members that are the key itself.
std::uint64_t FingerprintOfJwk(const boost::json::object& object, JwtAlgorithm algorithm) {
  std::string key;
  for (const char* const name : {"k", "n", "e", "x", "y"}) {
    const auto part = StringMember(object, name);
    key += part.ok() ? *part + "." : ".";
  }
  return FingerprintOf(AlgorithmName(algorithm), key);
}

// std::nullopt: a JWK of no use here.
Result<std::optional<JwtKey>> ReadKey(const boost::json::object& object) {
  JwtKey key;
  auto kid = StringMember(object, "kid");
  if (!kid.ok() || kid->empty() || kid->size() > kKidBytesMax) {
    return Fail(Code::kInvalidArgument, "\"kid\" must be a string of 1 to 128 bytes");
  }
  if (IsJwk(object)) {
    auto read = ReadJwk(object);
    if (read.ok() && *read) {
      (*read)->kid = std::move(*kid);
      (*read)->fingerprint = FingerprintOfJwk(object, (*read)->algorithm);
    }
    return read;
  }
  key.kid = std::move(*kid);
  const auto name = StringMember(object, "alg");
  const auto algorithm = name.ok() ? AlgorithmOf(*name) : std::nullopt;
  if (!algorithm) {
    return Fail(Code::kInvalidArgument, "\"alg\" must be HS256, RS256, ES256 or EdDSA");
  }
  key.algorithm = *algorithm;
  const bool secret = key.algorithm == JwtAlgorithm::kHs256;
  const Status read = secret ? ReadSecret(object, key) : ReadPem(object, key);
  if (!read.ok()) {
    return Fail(read.error());
  }
  key.fingerprint = FingerprintOf(*name, secret ? key.secret : *StringMember(object, "pem"));
  return std::optional<JwtKey>(std::move(key));
}

}  // namespace

std::string_view AlgorithmName(JwtAlgorithm algorithm) {
  for (const auto& [name, known] : kAlgorithms) {
    if (known == algorithm) {
      return name;
    }
  }
  return "";
}

bool JwtKey::Verify(std::string_view bytes, std::string_view signature) const {
  return algorithm == JwtAlgorithm::kHs256 ? ConstantTimeEqual(HmacSha256(secret, bytes), signature)
                                           : public_key->Verify(bytes, signature);
}

Result<std::vector<JwtKey>> ParseJwtKeys(std::string_view json) {
  auto objects = ParseKeysFile(json);
  if (!objects.ok()) {
    return Fail(std::move(objects.error()));
  }
  std::vector<JwtKey> keys;
  std::set<std::string> kids;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const std::string where = "key " + std::to_string(i + 1);
    auto key = ReadKey((*objects)[i].as_object());
    if (!key.ok()) {
      return Fail(Wrap(where, std::move(key.error())));
    }
    if (!*key) {
      continue;
    }
    if (!kids.insert((*key)->kid).second) {
      return Fail(Code::kInvalidArgument,
                  where + ": the kid \"" + (*key)->kid + "\" is given twice");
    }
    keys.push_back(std::move(**key));
  }
  if (keys.empty()) {
    return Fail(Code::kInvalidArgument,
                "no key of it can verify tokens: RSA (RS256), EC on P-256 (ES256), Ed25519 (EdDSA) "
                "and oct (HS256) can");
  }
  return keys;
}

}  // namespace belfry::wire
