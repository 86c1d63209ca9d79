// SPDX-License-Identifier: Apache-2.0
// Who may call which of the store's methods, judged by a call's head.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"
#include "libs/common/role.h"
#include "libs/wire/auth/internal_keys.h"
#include "libs/wire/rpc/gate.h"

namespace belfry::store {

// One method, as gRPC names it, and the roles that may call it.
struct MethodRoles {
  std::string_view method;  // "/belfry.v1.StoreService/Append"
  Roles roles;
};
// Every method of the store. One that is missing here is refused to everybody.
const std::vector<MethodRoles>& MethodTable();

// kPermissionDenied, ROLE_MAY_NOT: none of `roles` may call `method`.
Status MayCall(Roles roles, std::string_view method);

// The internal keys in force: read from a file, read again on demand. Thread-safe.
class InternalKeyRing {
 public:
  // The errors of wire::InternalKeys::Load.
  static Result<std::unique_ptr<InternalKeyRing>> Open(std::string path);
  // Reads the file again. On an error the keys stay as they were.
  Status Reload();
  std::shared_ptr<const wire::InternalKeys> keys() const;
  const std::string& path() const { return path_; }

 private:
  InternalKeyRing(std::string path, std::shared_ptr<const wire::InternalKeys> keys)
      : path_(std::move(path)), keys_(std::move(keys)) {}

  const std::string path_;
  mutable Mutex mutex_;
  std::shared_ptr<const wire::InternalKeys> keys_ BELFRY_GUARDED_BY(mutex_);
};

struct RoleGateMetrics {
  static RoleGateMetrics Make(Metrics& metrics);
  Counter missing, unknown, role;  // calls refused, by why
};

// Thread-safe.
class RoleGate {
 public:
  // `keys` may be null: then certificates alone prove a role. It and `clock` must outlive this.
  RoleGate(const InternalKeyRing* keys, const Clock& clock, RoleGateMetrics metrics, Log log)
      : keys_(keys), clock_(clock), metrics_(metrics), log_(std::move(log)) {}

  // A certificate with a role's URI proves that role; else the internal key in the metadata does.
  // kUnauthenticated: MISSING_CREDENTIALS, MALFORMED_CREDENTIALS, UNKNOWN_INTERNAL_KEY.
  // kPermissionDenied: ROLE_MAY_NOT.
  Status Admit(const wire::CallHead& head);

 private:
  struct Caller {
    std::string name;  // "key edge-1", "certificate"
    Roles roles;
  };
  Result<Caller> Identify(const wire::CallHead& head) const;
  // Logs what is refused when it is another refusal than the last one, and not too often.
  void Note(const wire::CallHead& head, const std::string& caller, const Error& error);

  const InternalKeyRing* const keys_;
  const Clock& clock_;
  const RoleGateMetrics metrics_;
  const Log log_;

  struct Noted {
    std::string what;
    SteadyTime at{};
  };
  Mutex mutex_;
  std::optional<Noted> last_ BELFRY_GUARDED_BY(mutex_);
};

}  // namespace belfry::store
