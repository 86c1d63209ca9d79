// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/api_keys.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <utility>

#include "libs/common/file.h"
#include "libs/common/hex.h"
#include "libs/common/names.h"
#include "libs/wire/auth/bearer_key.h"
#include "libs/wire/auth/keys_file.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::wire {
namespace {

Status ReadScopes(const boost::json::object& object, ApiKey& key) {
  const boost::json::value* scopes = object.if_contains("scopes");
  if (scopes == nullptr || !scopes->is_array()) {
    return Fail(Code::kInvalidArgument, "\"scopes\" must be a list");
  }
  for (const boost::json::value& scope : scopes->as_array()) {
    if (scope.is_string() && scope.as_string() == "notify") {
      key.may_notify = true;
    } else if (scope.is_string() && scope.as_string() == "broadcast") {
      key.may_broadcast = true;
    } else if (scope.is_string() && scope.as_string() == "inbox") {
      key.may_inbox = true;
    } else if (scope.is_string() && scope.as_string() == "audience") {
      key.may_audience = true;
    } else {
      return Fail(Code::kInvalidArgument,
                  "a scope is \"notify\", \"broadcast\", \"inbox\" or \"audience\"");
    }
  }
  return {};
}

Result<ApiKey> ReadKey(const boost::json::object& object) {
  if (Status known = OnlyMembers(object, {"id", "project", "scopes", "sha256"}); !known.ok()) {
    return Fail(std::move(known.error()));
  }
  ApiKey key;
  std::string sha256;
  for (const auto& [name, target] : {std::pair{"id", &key.id}, std::pair{"project", &key.project},
                                     std::pair{"sha256", &sha256}}) {
    auto text = StringMember(object, name);
    if (!text.ok()) {
      return Fail(std::move(text.error()));
    }
    *target = std::move(*text);
  }
  if (!IsKeyId(key.id)) {
    return Fail(Code::kInvalidArgument, "\"id\" must be 1 to 32 of [A-Za-z0-9_-]");
  }
  if (!IsProject(key.project)) {
    return Fail(Code::kInvalidArgument, "\"project\" must be 1 to 64 of [A-Za-z0-9_.-]");
  }
  auto digest = ReadDigest(sha256);
  if (!digest.ok()) {
    return Fail(std::move(digest.error()));
  }
  key.secret_sha256 = std::move(*digest);
  if (Status scopes = ReadScopes(object, key); !scopes.ok()) {
    return Fail(std::move(scopes.error()));
  }
  return key;
}

}  // namespace

Result<std::shared_ptr<const ApiKeys>> ApiKeys::Load(const std::string& path) {
  auto text = ReadKeysFile(path, "belfry keys new --file " + path);
  if (!text.ok()) {
    return Fail(Wrap("load API keys", std::move(text.error())));
  }
  auto keys = Parse(*text);
  if (!keys.ok()) {
    return Fail(Wrap("load API keys from " + path, std::move(keys.error())));
  }
  return keys;
}

Result<std::shared_ptr<const ApiKeys>> ApiKeys::Parse(std::string_view json) {
  auto objects = ParseKeysFile(json);
  if (!objects.ok()) {
    return Fail(std::move(objects.error()));
  }
  auto keys = std::make_shared<ApiKeys>();
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const std::string where = "key " + std::to_string(i + 1);
    auto key = ReadKey((*objects)[i].as_object());
    if (!key.ok()) {
      return Fail(Wrap(where, std::move(key.error())));
    }
    std::string id = key->id;
    if (!keys->by_id_.try_emplace(id, std::move(*key)).second) {
      return Fail(Code::kInvalidArgument, where + ": the id \"" + id + "\" is given twice");
    }
  }
  return keys;
}

Result<const ApiKey*> ApiKeys::Authenticate(std::string_view authorization) const {
  const auto key = ReadBearerKey(authorization);
  if (!key.ok()) {
    return Fail(key.error());
  }
  const auto found = by_id_.find(key->id);
  // An unknown id costs the same work as a known one.
  if (!HasDigest(key->secret, found == by_id_.end() ? nullptr : &found->second.secret_sha256)) {
    return Fail(Code::kUnauthenticated, "no such API key", "UNKNOWN_API_KEY");
  }
  return &found->second;
}

std::vector<ApiKey> ApiKeys::All() const {
  std::vector<ApiKey> keys;
  keys.reserve(by_id_.size());
  for (const auto& [id, key] : by_id_) {
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(), [](const ApiKey& a, const ApiKey& b) { return a.id < b.id; });
  return keys;
}

NewApiKey MakeApiKey(std::string id, std::string project, bool may_notify, bool may_broadcast,
                     bool may_inbox, bool may_audience) {
  const std::string secret = MakeSecret();
  NewApiKey made;
  made.text = id + "." + secret;
  made.key = {std::move(id), std::move(project), may_notify,    may_broadcast,
              may_inbox,     may_audience,       Sha256(secret)};
  return made;
}

std::string ApiKeysJson(const std::vector<ApiKey>& keys) {
  boost::json::array list;
  for (const ApiKey& key : keys) {
    boost::json::array scopes;
    if (key.may_notify) {
      scopes.emplace_back("notify");
    }
    if (key.may_broadcast) {
      scopes.emplace_back("broadcast");
    }
    if (key.may_inbox) {
      scopes.emplace_back("inbox");
    }
    if (key.may_audience) {
      scopes.emplace_back("audience");
    }
    boost::json::object object;
    object["id"] = key.id;
    object["project"] = key.project;
    object["scopes"] = std::move(scopes);
    object["sha256"] = HexEncode(key.secret_sha256);
    list.push_back(std::move(object));
  }
  boost::json::object file;
  file["keys"] = std::move(list);
  return boost::json::serialize(file) + "\n";
}

}  // namespace belfry::wire
