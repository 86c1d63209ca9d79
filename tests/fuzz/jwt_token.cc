// SPDX-License-Identifier: Apache-2.0
// Tokens. First a byte, then
//   r: a token as it is;
//   s: now||header||payload, JSON both, which is then signed with the right key;
//   f: position||header||payload, signed likewise, and then one bit of the signature is turned.
#include <boost/json/parse.hpp>
#include <set>
#include <string>
#include <string_view>

#include "libs/common/names.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/auth/jwt.h"
#include "libs/wire/crypto/digest.h"
#include "tests/fuzz/harness/target.h"
#include "tests/fuzz/support/tokens.h"

namespace belfry::fuzz {
namespace {

namespace json = boost::json;

constexpr std::int64_t kLeeway = 5;

void CheckRefusal(const Error& error, std::string_view token) {
  static const std::set<std::string> kReasons = {
      "TOKEN_TOO_LARGE", "TOKEN_MALFORMED",       "TOKEN_ALGORITHM",     "TOKEN_UNKNOWN_KEY",
      "TOKEN_SIGNATURE", "TOKEN_EXPIRED",         "TOKEN_NOT_YET_VALID", "TOKEN_AUDIENCE",
      "TOKEN_CLAIMS",    "TICKET_TOO_LONG_LIVED", "TOKEN_TOO_LONG_LIVED"};
  BELFRY_PROMISE(error.code == Code::kUnauthenticated, token);
  BELFRY_PROMISE(kReasons.contains(error.reason), token, error.reason);
  BELFRY_PROMISE(error.message.find(Secret()) == std::string::npos, error.message);
}

void CheckIdentity(const wire::Identity& identity, std::int64_t now, std::string_view token) {
  BELFRY_PROMISE(IsUserId(identity.user_id) && IsProject(identity.project), token);
  BELFRY_PROMISE(now < identity.expires_s + kLeeway, token);
  BELFRY_PROMISE(identity.issued_s <= now + kLeeway, token);
  BELFRY_PROMISE(!identity.ticket || identity.expires_s - identity.issued_s <= 60, token);
  // Signed again it is the same person.
  const std::string again =
      wire::SignJwt({"hs", Secret()}, {identity.project, identity.user_id,
                                       identity.ticket ? "belfry-stream" : "belfry", "",
                                       identity.issued_s, identity.expires_s});
  const auto verified = Verifier().Verify(again, now);
  BELFRY_PROMISE(verified.ok(), token, again);
  BELFRY_PROMISE(verified->user_id == identity.user_id && verified->project == identity.project &&
                     verified->expires_s == identity.expires_s &&
                     verified->issued_s == identity.issued_s && verified->ticket == identity.ticket,
                 token);
}

// A JSON text that another parser reads as an object.
json::object ObjectIn(std::string_view text) {
  json::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error);
  BELFRY_PROMISE(!error && value.is_object(), text);
  return std::move(value.as_object());
}

std::string ToText(const json::value& value) {
  return value.is_string() ? std::string(value.as_string().data(), value.as_string().size()) : "";
}

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  BELFRY_PROMISE(value != nullptr && value->is_string());
  return ToText(*value);
}

// An accepted token was signed by a key of ours, with that key's algorithm.
void TryAsItStands(std::string_view token) {
  const auto identity = Verifier().Verify(token, kNow);
  if (!identity.ok()) {
    return CheckRefusal(identity.error(), token);
  }
  CheckIdentity(*identity, kNow, token);
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  const auto header = wire::Base64UrlDecode(token.substr(0, first));
  const auto signature = wire::Base64UrlDecode(token.substr(last + 1));
  BELFRY_PROMISE(header && signature, token);
  BELFRY_PROMISE(wire::Base64UrlEncode(*signature) == token.substr(last + 1), token);
  const std::string algorithm = TextOf(ObjectIn(*header), "alg");
  if (algorithm == "HS256") {
    BELFRY_PROMISE(*signature == wire::HmacSha256(Secret(), token.substr(0, last)), token);
  } else {
    // The private keys signed this once and are gone.
    BELFRY_PROMISE(algorithm == "RS256" || algorithm == "ES256" || algorithm == "EdDSA", token);
    BELFRY_PROMISE(identity->user_id == "alice" && identity->project == "demo" &&
                       identity->expires_s == kNow + 3'600 && !identity->ticket,
                   token);
  }
}

void CheckAudience(const json::object& claims, const wire::Identity& identity) {
  const json::value* aud = claims.if_contains("aud");
  std::set<std::string> names;
  if (aud != nullptr) {
    names.insert(ToText(*aud));
  }
  if (aud != nullptr && aud->is_array()) {
    for (const json::value& one : aud->as_array()) {
      names.insert(ToText(one));
    }
  }
  BELFRY_PROMISE(identity.ticket == names.contains("belfry-stream"));
  BELFRY_PROMISE(aud == nullptr || identity.ticket || names.contains("belfry"));
}

// What a good signature is under is still judged claim by claim.
void TrySigned(Input parts) {
  const auto now = static_cast<std::int64_t>(parts.Number() % (std::uint64_t{1} << 54U));
  const std::string_view header = parts.Part();
  const std::string_view payload = parts.Part();
  const std::string token = SignedBy(Secret(), header, payload);
  const auto identity = Verifier().Verify(token, now);
  if (!identity.ok()) {
    return CheckRefusal(identity.error(), token);
  }
  CheckIdentity(*identity, now, payload);
  const json::object head = ObjectIn(header);
  BELFRY_PROMISE(TextOf(head, "alg") == "HS256" && !head.contains("crit"), header);
  BELFRY_PROMISE(!head.contains("kid") || TextOf(head, "kid") == "hs", header);
  const json::object claims = ObjectIn(payload);
  BELFRY_PROMISE(TextOf(claims, "sub") == identity->user_id, payload);
  BELFRY_PROMISE(TextOf(claims, "project") == identity->project, payload);
  for (const char* name : {"exp", "iat", "nbf"}) {
    const json::value* time = claims.if_contains(name);
    BELFRY_PROMISE(time == nullptr || time->is_number(), payload);
    if (time == nullptr) {
      continue;
    }
    const auto seconds = time->to_number<double>();
    BELFRY_PROMISE(name[0] == 'e' ? seconds + kLeeway + 1 > static_cast<double>(now)
                                  : seconds <= static_cast<double>(now + kLeeway + 1),
                   payload);
  }
  BELFRY_PROMISE(claims.contains("exp"), payload);
  CheckAudience(claims, *identity);
}

void TryForged(Input parts) {
  const std::uint64_t position = parts.Number();
  const std::string_view header = parts.Part();
  std::string token = SignedBy(Secret(), header, parts.Part());
  const std::size_t dot = token.rfind('.');
  auto signature = wire::Base64UrlDecode(std::string_view(token).substr(dot + 1));
  BELFRY_PROMISE(signature && signature->size() == 32);
  char& byte = (*signature)[position / 8 % 32];
  byte = static_cast<char>(byte ^ (1 << (position % 8)));
  token.replace(dot + 1, std::string::npos, wire::Base64UrlEncode(*signature));
  const auto identity = Verifier().Verify(token, kNow);
  BELFRY_PROMISE(!identity.ok(), token);
  CheckRefusal(identity.error(), token);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  switch (parts.Byte()) {
    case 'r':
      return TryAsItStands(parts.Rest());
    case 's':
      return TrySigned(parts);
    case 'f':
      return TryForged(parts);
    default:
      return;
  }
}

}  // namespace belfry::fuzz
