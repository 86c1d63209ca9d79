// SPDX-License-Identifier: Apache-2.0
#include "libs/common/role.h"

namespace belfry {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kIngest:
      return "ingest";
    case Role::kEdge:
      return "edge";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

std::optional<Role> RoleNamed(std::string_view name) {
  for (const Role role : kRoles) {
    if (name == RoleName(role)) {
      return role;
    }
  }
  return std::nullopt;
}

std::string RoleNames(Roles roles) {
  std::string names;
  for (const Role role : kRoles) {
    if (roles.Has(role)) {
      names += (names.empty() ? "" : ", ") + std::string(RoleName(role));
    }
  }
  return names.empty() ? "none" : names;
}

Roles RolesOfUris(const std::vector<std::string>& uris) {
  Roles roles;
  for (const std::string& uri : uris) {
    const std::string_view text = uri;
    if (!text.starts_with(kRoleUri)) {
      continue;
    }
    if (const auto role = RoleNamed(text.substr(kRoleUri.size()))) {
      roles.Add(*role);
    }
  }
  return roles;
}

}  // namespace belfry
