// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/jwt.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "libs/common/file.h"
#include "libs/common/names.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/auth/jwt_keys.h"
#include "libs/wire/codec/strict_json.h"

namespace belfry::wire {
namespace {

constexpr std::string_view kTicketAudience = "belfry-stream";
// 2^53: beyond it a JSON number is not exact everywhere.
constexpr std::int64_t kSecondsMax = std::int64_t{1} << 53;
constexpr std::size_t kTokenJsonDepthMax = 8;

tl::unexpected<Error> Refuse(std::string message, std::string reason) {
  return Fail(Code::kUnauthenticated, "token: " + std::move(message), std::move(reason));
}

// "header.payload.signature", still encoded.
struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_bytes;
};

std::optional<Parts> Split(std::string_view token) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last) {
    return std::nullopt;
  }
  return Parts{token.substr(0, first), token.substr(first + 1, last - first - 1),
               token.substr(last + 1), token.substr(0, last)};
}

std::optional<boost::json::object> DecodeObject(std::string_view encoded) {
  const auto text = Base64UrlDecode(encoded);
  if (!text) {
    return std::nullopt;
  }
  auto value = ParseStrictJson(*text, kTokenJsonDepthMax);
  if (!value.ok() || !value->is_object()) {
    return std::nullopt;
  }
  return std::move(value->as_object());
}

std::optional<std::string_view> Text(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) {
    return std::nullopt;
  }
  return std::string_view(value->as_string().data(), value->as_string().size());
}

// A NumericDate (RFC 7519, section 2), whole or with a fraction, which is dropped.
// std::nullopt: absent, or not such a number.
std::optional<std::int64_t> Seconds(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr) {
    return std::nullopt;
  }
  if (value->is_int64() && value->as_int64() >= 0 && value->as_int64() <= kSecondsMax) {
    return value->as_int64();
  }
  if (value->is_double() && value->as_double() >= 0 &&
      value->as_double() <= static_cast<double>(kSecondsMax)) {
    return static_cast<std::int64_t>(value->as_double());
  }
  return std::nullopt;
}

bool Has(const boost::json::object& object, std::string_view name) {
  return object.contains({name.data(), name.size()});
}

// Whether "aud", a string or a list of strings, names `audience`.
bool Names(const boost::json::value& aud, std::string_view audience) {
  const auto equal = [audience](const boost::json::value& value) {
    return value.is_string() &&
           std::string_view(value.as_string().data(), value.as_string().size()) == audience;
  };
  if (!aud.is_array()) {
    return equal(aud);
  }
  for (const boost::json::value& one : aud.as_array()) {
    if (equal(one)) {
      return true;
    }
  }
  return false;
}

class KeysVerifier final : public JwtVerifier {
 public:
  KeysVerifier(std::vector<JwtKey> keys, JwtRules rules)
      : keys_(std::move(keys)), rules_(std::move(rules)) {}

  Result<Identity> Verify(std::string_view token, std::int64_t now_unix_s) const override {
    if (token.size() > rules_.token_bytes_max) {
      return Refuse("larger than " + std::to_string(rules_.token_bytes_max) + " bytes",
                    "TOKEN_TOO_LARGE");
    }
    const auto parts = Split(token);
    const auto header = parts ? DecodeObject(parts->header) : std::nullopt;
    const auto signature = parts ? Base64UrlDecode(parts->signature) : std::nullopt;
    if (!header || !signature) {
      return Refuse("not a JSON Web Token", "TOKEN_MALFORMED");
    }
    const auto signed_by = FindSigner(*header, parts->signed_bytes, *signature);
    if (!signed_by.ok()) {
      return Fail(signed_by.error());
    }
    // Only now is what it says worth reading.
    const auto claims = DecodeObject(parts->payload);
    if (!claims) {
      return Refuse("its claims are not a JSON object", "TOKEN_MALFORMED");
    }
    auto identity = ReadClaims(*claims, now_unix_s);
    if (identity.ok()) {
      identity->key = (*signed_by)->fingerprint;
    }
    return identity;
  }

  bool HasKey(std::uint64_t key) const override {
    return std::any_of(keys_.begin(), keys_.end(),
                       [key](const JwtKey& one) { return one.fingerprint == key; });
  }

 private:
  // The key that has signed it.
  Result<const JwtKey*> FindSigner(const boost::json::object& header, std::string_view bytes,
                                   std::string_view signature) const {
    if (Has(header, "crit")) {  // RFC 7515, section 4.1.11: we understand no extension
      return Refuse("its header has \"crit\"", "TOKEN_MALFORMED");
    }
    const auto algorithm = Text(header, "alg");
    if (!algorithm) {
      return Refuse("its header has no \"alg\"", "TOKEN_ALGORITHM");
    }
    const auto kid = Text(header, "kid");
    if (Has(header, "kid") && !kid) {
      return Refuse("its \"kid\" is not a string", "TOKEN_MALFORMED");
    }
    bool kid_known = false;
    bool algorithm_fits = false;
    for (const JwtKey& key : keys_) {
      if (kid && *kid != key.kid) {
        continue;
      }
      kid_known = true;
      if (AlgorithmName(key.algorithm) != *algorithm) {
        continue;
      }
      algorithm_fits = true;
      if (key.Verify(bytes, signature)) {
        return &key;
      }
    }
    if (!kid_known) {
      return Refuse("no key has its kid", "TOKEN_UNKNOWN_KEY");
    }
    if (!algorithm_fits) {
      return Refuse("its \"alg\" is not that of the key", "TOKEN_ALGORITHM");
    }
    return Refuse("its signature is wrong", "TOKEN_SIGNATURE");
  }

  Result<Identity> ReadClaims(const boost::json::object& claims, std::int64_t now) const {
    const auto user = Text(claims, "sub");
    const auto project = Text(claims, "project");
    const auto expires = Seconds(claims, "exp");
    const auto issued = Seconds(claims, "iat");
    const auto not_before = Seconds(claims, "nbf");
    const auto stream_until = Seconds(claims, "stream_exp");
    if (!user || !IsUserId(*user)) {
      return Refuse("\"sub\" must be 1 to 128 bytes without control characters", "TOKEN_CLAIMS");
    }
    if (!project || !IsProject(*project)) {
      return Refuse("\"project\" must be 1 to 64 of [A-Za-z0-9_.-]", "TOKEN_CLAIMS");
    }
    if (!expires || (Has(claims, "iat") && !issued) || (Has(claims, "nbf") && !not_before) ||
        (Has(claims, "stream_exp") && !stream_until)) {
      return Refuse(
          "\"exp\" (required), \"iat\", \"nbf\" and \"stream_exp\" must be numbers of unix seconds",
          "TOKEN_CLAIMS");
    }
    if (now >= *expires + rules_.leeway_s) {
      return Refuse("it has expired", "TOKEN_EXPIRED");
    }
    if ((not_before && now + rules_.leeway_s < *not_before) ||
        (issued && now + rules_.leeway_s < *issued)) {
      return Refuse("it is not valid yet", "TOKEN_NOT_YET_VALID");
    }
    if (!rules_.issuer.empty() && Text(claims, "iss") != rules_.issuer) {
      return Refuse("its \"iss\" is not \"" + rules_.issuer + "\"", "TOKEN_ISSUER");
    }
    Identity identity{.project = std::string(*project),
                      .user_id = std::string(*user),
                      .expires_s = *expires,
                      .issued_s = issued.value_or(*expires - rules_.lifetime_s_max),
                      .refused_from_s = *expires + rules_.leeway_s,
                      .stream_until_s = stream_until};
    const boost::json::value* aud = claims.if_contains("aud");
    if (aud != nullptr) {
      identity.ticket = Names(*aud, kTicketAudience);
      if (!identity.ticket && !Names(*aud, rules_.audience)) {
        return Refuse("its \"aud\" is not \"" + rules_.audience + "\"", "TOKEN_AUDIENCE");
      }
    }
    if (identity.ticket && (!issued || *expires - *issued > rules_.ticket_lifetime_s_max)) {
      return Refuse("a ticket needs \"iat\" and lives at most " +
                        std::to_string(rules_.ticket_lifetime_s_max) + " s",
                    "TICKET_TOO_LONG_LIVED");
    }
    // One without "iat" that is good for longer than that has not been issued yet, so to speak.
    if (*expires - issued.value_or(now + rules_.leeway_s) > rules_.lifetime_s_max) {
      return Refuse("it lives longer than " + std::to_string(rules_.lifetime_s_max) + " s",
                    "TOKEN_TOO_LONG_LIVED");
    }
    return identity;
  }

  const std::vector<JwtKey> keys_;
  const JwtRules rules_;
};

}  // namespace

Result<std::shared_ptr<const JwtVerifier>> JwtVerifier::Load(const std::string& path,
                                                             JwtRules rules) {
  auto text = ReadKeysFile(path, "belfry jwt-keys new >" + path);
  if (!text.ok()) {
    return Fail(Wrap("load JWT keys", std::move(text.error())));
  }
  auto verifier = Parse(*text, std::move(rules));
  if (!verifier.ok()) {
    return Fail(Wrap("load JWT keys from " + path, std::move(verifier.error())));
  }
  return verifier;
}

Result<std::shared_ptr<const JwtVerifier>> JwtVerifier::Parse(std::string_view json,
                                                              JwtRules rules) {
  auto keys = ParseJwtKeys(json);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  return std::make_shared<const KeysVerifier>(std::move(*keys), std::move(rules));
}

}  // namespace belfry::wire
