// SPDX-License-Identifier: Apache-2.0
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/file.h"
#include "libs/common/random.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/auth/jwt.h"
#include "libs/wire/auth/jwt_keys.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {

std::string SignJwt(const JwtSigner& signer, const JwtClaims& claims) {
  BELFRY_CHECK_GE(signer.secret.size(), kSecretBytesMin);
  boost::json::object header;
  header["alg"] = "HS256";
  header["typ"] = "JWT";
  header["kid"] = signer.kid;
  boost::json::object payload;
  payload["sub"] = claims.user_id;
  payload["project"] = claims.project;
  if (!claims.audience.empty()) {
    payload["aud"] = claims.audience;
  }
  if (!claims.issuer.empty()) {
    payload["iss"] = claims.issuer;
  }
  if (!claims.id.empty()) {
    payload["jti"] = claims.id;
  }
  if (claims.stream_until_s != 0) {
    payload["stream_exp"] = claims.stream_until_s;
  }
  payload["iat"] = claims.issued_s;
  payload["exp"] = claims.expires_s;
  const std::string bytes = Base64UrlEncode(boost::json::serialize(header)) + "." +
                            Base64UrlEncode(boost::json::serialize(payload));
  return bytes + "." + Base64UrlEncode(HmacSha256(signer.secret, bytes));
}

Result<JwtSigner> LoadSigner(const std::string& path) {
  const auto text = ReadKeysFile(path, "belfry jwt-keys new >" + path);
  if (!text.ok()) {
    return Fail(Wrap("load a signing key", text.error()));
  }
  auto keys = ParseJwtKeys(*text);
  if (!keys.ok()) {
    return Fail(Wrap("load a signing key from " + path, std::move(keys.error())));
  }
  for (JwtKey& key : *keys) {
    if (key.algorithm == JwtAlgorithm::kHs256) {
      return JwtSigner{std::move(key.kid), std::move(key.secret)};
    }
  }
  return Fail(Code::kFailedPrecondition,
              "load a signing key from " + path + ": no HS256 key in it");
}

std::string MakeJwtKeysJson(const std::string& kid) {
  boost::json::object key;
  key["kid"] = kid;
  key["alg"] = "HS256";
  key["secret"] = Base64UrlEncode(RandomBytes(kSecretBytesMin));
  boost::json::object file;
  file["keys"] = boost::json::array{std::move(key)};
  return boost::json::serialize(file) + "\n";
}

}  // namespace belfry::wire
