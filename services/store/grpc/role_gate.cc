// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/role_gate.h"

#include <algorithm>
#include <chrono>

namespace belfry::store {
namespace {

// A stranger must not fill the log.
constexpr std::chrono::seconds kBetweenLines{1};
// A refusal that goes on is logged again.
constexpr std::chrono::minutes kSameAgain{10};

}  // namespace

const std::vector<MethodRoles>& MethodTable() {
  using enum Role;
  static const std::vector<MethodRoles> table = {
      {"/belfry.v1.StoreService/Append", {kIngest}},
      {"/belfry.v1.StoreService/ReadFeed", {kEdge}},
      {"/belfry.v1.StoreService/ReadLog", {kEdge}},
      {"/belfry.v1.StoreService/GetHeads", {kIngest, kEdge, kOperator}},
      {"/belfry.v1.StoreService/Calls", {kIngest, kEdge}},
      {"/belfry.v1.StoreService/ListNotifications", {kIngest, kEdge}},
      {"/belfry.v1.StoreService/UpdateState", {kIngest, kEdge}},
      {"/belfry.v1.StoreService/UpdateAudience", {kIngest}},
      {"/belfry.v1.StoreService/ReadAudience", {kIngest}},
      {"/belfry.v1.StoreService/ListRevocations", {kEdge}},
      {"/belfry.v1.StoreControlService/Backup", {kOperator}},
      {"/belfry.v1.StoreControlService/DropProject", {kOperator}},
  };
  return table;
}

Status MayCall(Roles roles, std::string_view method) {
  const std::vector<MethodRoles>& table = MethodTable();
  const auto found = std::find_if(table.begin(), table.end(), [method](const MethodRoles& entry) {
    return entry.method == method;
  });
  if (found != table.end() && found->roles.HasAnyOf(roles)) {
    return {};
  }
  return Fail(Code::kPermissionDenied,
              "the caller's role (" + RoleNames(roles) + ") may not call " +
                  std::string(method.substr(method.rfind('/') + 1)),
              "ROLE_MAY_NOT");
}

Result<std::unique_ptr<InternalKeyRing>> InternalKeyRing::Open(std::string path) {
  auto keys = wire::InternalKeys::Load(path);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  return std::unique_ptr<InternalKeyRing>(new InternalKeyRing(std::move(path), std::move(*keys)));
}

Status InternalKeyRing::Reload() {
  auto keys = wire::InternalKeys::Load(path_);
  if (!keys.ok()) {
    return Fail(std::move(keys.error()));
  }
  const MutexLock lock(mutex_);
  keys_ = std::move(*keys);
  return {};
}

std::shared_ptr<const wire::InternalKeys> InternalKeyRing::keys() const {
  const MutexLock lock(mutex_);
  return keys_;
}

RoleGateMetrics RoleGateMetrics::Make(Metrics& metrics) {
  const auto refused = [&metrics](const char* why) {
    return metrics.AddCounter("belfry_store_calls_refused_total",
                              "Calls refused by their head, by why", {{"why", why}});
  };
  return {.missing = refused("missing"), .unknown = refused("unknown"), .role = refused("role")};
}

Result<RoleGate::Caller> RoleGate::Identify(const wire::CallHead& head) const {
  if (const Roles roles = RolesOfUris(head.PeerUris()); !roles.empty()) {
    return Caller{"certificate", roles};
  }
  const std::string_view authorization = head.Authorization();
  if (keys_ == nullptr || authorization.empty()) {
    return Fail(Code::kUnauthenticated,
                keys_ == nullptr ? "the certificate has no role's URI (belfry:role:...)"
                                 : "neither an internal key nor a certificate with a role is shown",
                "MISSING_CREDENTIALS");
  }
  const auto keys = keys_->keys();
  const auto key = keys->Authenticate(authorization);
  if (!key.ok()) {
    return Fail(key.error());
  }
  return Caller{"key " + (*key)->id, (*key)->roles};
}

Status RoleGate::Admit(const wire::CallHead& head) {
  const auto caller = Identify(head);
  Status admitted =
      caller.ok() ? MayCall(caller->roles, head.method()) : Status(Fail(caller.error()));
  if (admitted.ok()) {
    return admitted;
  }
  const Error& error = admitted.error();
  if (error.code == Code::kPermissionDenied) {
    metrics_.role.Add();
  } else if (error.reason == "MISSING_CREDENTIALS") {
    metrics_.missing.Add();
  } else {
    metrics_.unknown.Add();
  }
  Note(head, caller.ok() ? caller->name : "", error);
  return admitted;
}

void RoleGate::Note(const wire::CallHead& head, const std::string& caller, const Error& error) {
  const std::string what = error.reason + " " + caller + " " + std::string(head.method());
  const SteadyTime now = clock_.Now();
  {
    const MutexLock lock(mutex_);
    if (last_ && (now - last_->at < kBetweenLines ||
                  (last_->what == what && now - last_->at < kSameAgain))) {
      return;
    }
    last_ = Noted{what, now};
  }
  log_.Warn(
      "a call is refused",
      {{"peer", head.Peer()}, {"method", head.method()}, {"caller", caller}, {"error", error}});
}

}  // namespace belfry::store
