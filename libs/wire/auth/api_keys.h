// SPDX-License-Identifier: Apache-2.0
// Producers' API keys: "<id>.<secret>", of which the file keeps only the secret's SHA-256.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/keyed_hash.h"
#include "libs/common/result.h"

namespace belfry::wire {

struct ApiKey {
  std::string id;       // 1-32 of [A-Za-z0-9_-]
  std::string project;  // 1-64 of [A-Za-z0-9_.-]
  bool may_notify = false;
  bool may_broadcast = false;
  bool may_inbox = false;     // read, change and erase the inbox of any user
  bool may_audience = false;  // users' attributes, and segments
  std::string secret_sha256;  // 32 bytes
};

// An immutable set of keys; replace the whole on reload.
class ApiKeys {
 public:
  // The file is JSON: {"keys":[{"id","project","scopes":["notify"],"sha256":"<hex>"}]}; a scope is
  // "notify", "broadcast", "inbox" or "audience".
  // kInvalidArgument names the entry and what is wrong; kNotFound / kPermissionDenied for the file.
  static Result<std::shared_ptr<const ApiKeys>> Load(const std::string& path);
  static Result<std::shared_ptr<const ApiKeys>> Parse(std::string_view json);

  // The key that `authorization` ("Bearer <id>.<secret>") proves. Compares in constant time.
  // kUnauthenticated with reason "MISSING_CREDENTIALS", "MALFORMED_CREDENTIALS" or
  // "UNKNOWN_API_KEY". The result is valid as long as this.
  Result<const ApiKey*> Authenticate(std::string_view authorization) const;

  // In the order of their ids.
  std::vector<ApiKey> All() const;

 private:
  TextMap<ApiKey> by_id_;
};

// A fresh random key: its text for the producer and its entry for the file.
struct NewApiKey {
  std::string text;
  ApiKey key;
};
NewApiKey MakeApiKey(std::string id, std::string project, bool may_notify, bool may_broadcast,
                     bool may_inbox = false, bool may_audience = false);
std::string ApiKeysJson(const std::vector<ApiKey>& keys);

}  // namespace belfry::wire
