// SPDX-License-Identifier: Apache-2.0
// The file of producers' keys and what is shown to it: an Authorization header||the file.
#include <set>
#include <string>
#include <string_view>

#include "libs/common/ascii.h"
#include "libs/common/hex.h"
#include "libs/common/names.h"
#include "libs/wire/auth/api_keys.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/crypto/digest.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

bool Same(const wire::ApiKey& a, const wire::ApiKey& b) {
  return a.id == b.id && a.project == b.project && a.may_notify == b.may_notify &&
         a.may_inbox == b.may_inbox && a.may_broadcast == b.may_broadcast &&
         a.secret_sha256 == b.secret_sha256;
}

// Written again and read again it is the same file.
void CheckRoundTrip(const std::vector<wire::ApiKey>& keys, std::string_view file) {
  const auto again = wire::ApiKeys::Parse(wire::ApiKeysJson(keys));
  BELFRY_PROMISE(again.ok(), file);
  const auto all = (*again)->All();
  BELFRY_PROMISE(all.size() == keys.size(), file);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BELFRY_PROMISE(Same(all[i], keys[i]), file);
  }
}

// Only who knows the secret is let in, as the key it belongs to.
void CheckAuthorization(const wire::ApiKeys& keys, std::string_view authorization) {
  const auto key = keys.Authenticate(authorization);
  if (!key.ok()) {
    const std::string& reason = key.error().reason;
    BELFRY_PROMISE(key.error().code == Code::kUnauthenticated, authorization);
    BELFRY_PROMISE((reason == "MISSING_CREDENTIALS") == authorization.empty(), authorization);
    BELFRY_PROMISE(
        authorization.empty() || reason == "MALFORMED_CREDENTIALS" || reason == "UNKNOWN_API_KEY",
        authorization);
    return;
  }
  BELFRY_PROMISE(authorization.size() > 7, authorization);
  const std::string_view text = Trim(authorization.substr(7));
  const std::size_t dot = text.find('.');
  BELFRY_PROMISE(dot != std::string_view::npos && text.substr(0, dot) == (*key)->id, authorization);
  BELFRY_PROMISE(wire::Sha256(text.substr(dot + 1)) == (*key)->secret_sha256, authorization);
}

// A text of bytes is read back, and no two texts mean the same bytes.
void CheckEncodings(std::string_view text) {
  BELFRY_PROMISE(wire::Base64UrlDecode(wire::Base64UrlEncode(text)) == text, text);
  BELFRY_PROMISE(HexDecode(HexEncode(text)) == text, text);
  const auto bytes = wire::Base64UrlDecode(text);
  BELFRY_PROMISE(!bytes || wire::Base64UrlEncode(*bytes) == text, text);
  const auto hex = HexDecode(text);
  BELFRY_PROMISE(!hex || hex->size() * 2 == text.size(), text);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::string_view authorization = parts.Part();
  const std::string_view file = parts.Rest();
  CheckEncodings(authorization);
  const auto keys = wire::ApiKeys::Parse(file);
  if (!keys.ok()) {
    BELFRY_PROMISE(keys.error().code == Code::kInvalidArgument && !keys.error().message.empty(),
                   file);
    return;
  }
  const auto all = (*keys)->All();
  BELFRY_PROMISE(!all.empty(), file);
  std::set<std::string> ids;
  for (const wire::ApiKey& key : all) {
    BELFRY_PROMISE(IsKeyId(key.id) && IsProject(key.project), file);
    BELFRY_PROMISE(key.secret_sha256.size() == 32 && ids.insert(key.id).second, file);
  }
  CheckRoundTrip(all, file);
  CheckAuthorization(**keys, authorization);
}

}  // namespace belfry::fuzz
