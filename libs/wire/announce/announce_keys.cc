// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/announce/announce_keys.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "libs/common/check.h"
#include "libs/common/file.h"
#include "libs/common/names.h"
#include "libs/common/random.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/auth/keys_file.h"

namespace belfry::wire {
namespace {

Result<AnnounceKey> ReadKey(const boost::json::object& object) {
  if (Status known = OnlyMembers(object, {"id", "secret"}); !known.ok()) {
    return Fail(std::move(known.error()));
  }
  auto id = StringMember(object, "id");
  if (!id.ok()) {
    return Fail(std::move(id.error()));
  }
  if (!IsKeyId(*id)) {
    return Fail(Code::kInvalidArgument, "\"id\" must be 1 to 32 of [A-Za-z0-9_-]");
  }
  const auto text = StringMember(object, "secret");
  if (!text.ok()) {
    return Fail(text.error());
  }
  auto secret = Base64UrlDecode(*text);
  if (!secret || secret->size() < kAnnounceSecretBytesMin) {
    return Fail(Code::kInvalidArgument,
                "\"secret\" must be base64url (no padding) of at least 32 bytes");
  }
  return AnnounceKey{std::move(*id), std::move(*secret)};
}

}  // namespace

AnnounceKeys::AnnounceKeys(std::vector<AnnounceKey> keys) : keys_(std::move(keys)) {
  BELFRY_CHECK(!keys_.empty());
}

Result<std::shared_ptr<const AnnounceKeys>> AnnounceKeys::Load(const std::string& path) {
  auto text = ReadKeysFile(path, "belfry announce-keys new --file " + path);
  if (!text.ok()) {
    return Fail(Wrap("load announcement keys", std::move(text.error())));
  }
  auto keys = Parse(*text);
  if (!keys.ok()) {
    return Fail(Wrap("load announcement keys from " + path, std::move(keys.error())));
  }
  return keys;
}

Result<std::shared_ptr<const AnnounceKeys>> AnnounceKeys::Parse(std::string_view json) {
  auto objects = ParseKeysFile(json);
  if (!objects.ok()) {
    return Fail(std::move(objects.error()));
  }
  if (objects->size() > kAnnounceKeysMax) {
    return Fail(Code::kInvalidArgument, "\"keys\" has more than 16 keys");
  }
  std::vector<AnnounceKey> keys;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    const std::string where = "key " + std::to_string(i + 1);
    auto key = ReadKey((*objects)[i].as_object());
    if (!key.ok()) {
      return Fail(Wrap(where, std::move(key.error())));
    }
    const auto same_id = [&](const AnnounceKey& other) { return other.id == key->id; };
    if (std::any_of(keys.begin(), keys.end(), same_id)) {
      return Fail(Code::kInvalidArgument, where + ": the id \"" + key->id + "\" is given twice");
    }
    keys.push_back(std::move(*key));
  }
  return std::make_shared<const AnnounceKeys>(std::move(keys));
}

const AnnounceKey* AnnounceKeys::Find(std::string_view id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(),
                                  [id](const AnnounceKey& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

AnnounceKey MakeAnnounceKey(std::string id) {
  return {std::move(id), RandomBytes(kAnnounceSecretBytesMin)};
}

std::string AnnounceKeysJson(const std::vector<AnnounceKey>& keys) {
  boost::json::array list;
  for (const AnnounceKey& key : keys) {
    boost::json::object object;
    object["id"] = key.id;
    object["secret"] = Base64UrlEncode(key.secret);
    list.push_back(std::move(object));
  }
  boost::json::object file;
  file["keys"] = std::move(list);
  return boost::json::serialize(file) + "\n";
}

}  // namespace belfry::wire
