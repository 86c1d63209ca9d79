// SPDX-License-Identifier: Apache-2.0
// The keys by which the store knows its callers where there is no mutual TLS: "<id>.<secret>" as
// producers' keys are, each with the roles of the process that holds it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/keyed_hash.h"
#include "libs/common/result.h"
#include "libs/common/role.h"

namespace belfry::wire {

struct InternalKey {
  std::string id;             // 1-32 of [A-Za-z0-9_-]
  Roles roles;                // one at least
  std::string secret_sha256;  // 32 bytes
};

// An immutable set of keys; replace the whole on reload. Thread-safe.
class InternalKeys {
 public:
  // The file is JSON: {"keys":[{"id","roles":["ingest"],"sha256":"<hex>"}]}; a role is "ingest",
  // "edge" or "operator".
  // kInvalidArgument names the entry and what is wrong; kNotFound / kPermissionDenied for the file.
  static Result<std::shared_ptr<const InternalKeys>> Load(const std::string& path);
  static Result<std::shared_ptr<const InternalKeys>> Parse(std::string_view json);

  // The key that `authorization` ("Bearer <id>.<secret>") proves, valid as long as this. Compares
  // in constant time. kUnauthenticated: MISSING_CREDENTIALS, MALFORMED_CREDENTIALS,
  // UNKNOWN_INTERNAL_KEY.
  Result<const InternalKey*> Authenticate(std::string_view authorization) const;

  // In the order of their ids.
  std::vector<InternalKey> All() const;

 private:
  TextMap<InternalKey> by_id_;
};

// A fresh random key: its text for the process and its entry for the store's file.
struct NewInternalKey {
  std::string text;
  InternalKey key;
};
NewInternalKey MakeInternalKey(std::string id, Roles roles);
std::string InternalKeysJson(const std::vector<InternalKey>& keys);

}  // namespace belfry::wire
