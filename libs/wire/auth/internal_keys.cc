// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/internal_keys.h"

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

Result<Roles> ReadRoles(const boost::json::object& object) {
  const boost::json::value* const list = object.if_contains("roles");
  Roles roles;
  if (list != nullptr && list->is_array()) {
    for (const boost::json::value& name : list->as_array()) {
      const auto role = name.is_string()
                            ? RoleNamed({name.as_string().data(), name.as_string().size()})
                            : std::nullopt;
      if (!role) {
        return Fail(Code::kInvalidArgument, "a role is \"ingest\", \"edge\" or \"operator\"");
      }
      roles.Add(*role);
    }
  }
  if (roles.empty()) {
    return Fail(Code::kInvalidArgument, "\"roles\" must be a list of one role or more");
  }
  return roles;
}

Result<InternalKey> ReadKey(const boost::json::object& object) {
  if (Status known = OnlyMembers(object, {"id", "roles", "sha256"}); !known.ok()) {
    return Fail(std::move(known.error()));
  }
  auto id = StringMember(object, "id");
  auto hex = StringMember(object, "sha256");
  auto roles = ReadRoles(object);
  if (!id.ok() || !IsKeyId(*id)) {
    return Fail(Code::kInvalidArgument, "\"id\" must be 1 to 32 of [A-Za-z0-9_-]");
  }
  if (!hex.ok()) {
    return Fail(std::move(hex.error()));
  }
  if (!roles.ok()) {
    return Fail(std::move(roles.error()));
  }
  auto digest = ReadDigest(*hex);
  if (!digest.ok()) {
    return Fail(std::move(digest.error()));
  }
  return InternalKey{std::move(*id), *roles, std::move(*digest)};
}

}  // namespace

Result<std::shared_ptr<const InternalKeys>> InternalKeys::Load(const std::string& path) {
  auto text = ReadKeysFile(path, "belfry internal-keys new --file " + path);
  if (!text.ok()) {
    return Fail(Wrap("load internal keys", std::move(text.error())));
  }
  auto keys = Parse(*text);
  if (!keys.ok()) {
    return Fail(Wrap("load internal keys from " + path, std::move(keys.error())));
  }
  return keys;
}

Result<std::shared_ptr<const InternalKeys>> InternalKeys::Parse(std::string_view json) {
  auto objects = ParseKeysFile(json);
  if (!objects.ok()) {
    return Fail(std::move(objects.error()));
  }
  auto keys = std::make_shared<InternalKeys>();
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

Result<const InternalKey*> InternalKeys::Authenticate(std::string_view authorization) const {
  const auto shown = ReadBearerKey(authorization);
  if (!shown.ok()) {
    return Fail(shown.error());
  }
  const auto found = by_id_.find(shown->id);
  if (!HasDigest(shown->secret, found == by_id_.end() ? nullptr : &found->second.secret_sha256)) {
    return Fail(Code::kUnauthenticated, "no such internal key", "UNKNOWN_INTERNAL_KEY");
  }
  return &found->second;
}

std::vector<InternalKey> InternalKeys::All() const {
  std::vector<InternalKey> keys;
  keys.reserve(by_id_.size());
  for (const auto& [id, key] : by_id_) {
    keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end(),
            [](const InternalKey& a, const InternalKey& b) { return a.id < b.id; });
  return keys;
}

NewInternalKey MakeInternalKey(std::string id, Roles roles) {
  const std::string secret = MakeSecret();
  std::string text = id + "." + secret;
  return {std::move(text), {std::move(id), roles, Sha256(secret)}};
}

std::string InternalKeysJson(const std::vector<InternalKey>& keys) {
  boost::json::array list;
  for (const InternalKey& key : keys) {
    boost::json::array roles;
    for (const Role role : kRoles) {
      if (key.roles.Has(role)) {
        roles.emplace_back(std::string(RoleName(role)));
      }
    }
    boost::json::object object;
    object["id"] = key.id;
    object["roles"] = std::move(roles);
    object["sha256"] = HexEncode(key.secret_sha256);
    list.push_back(std::move(object));
  }
  boost::json::object file;
  file["keys"] = std::move(list);
  return boost::json::serialize(file) + "\n";
}

}  // namespace belfry::wire
