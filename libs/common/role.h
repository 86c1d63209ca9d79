// SPDX-License-Identifier: Apache-2.0
// What a process inside is: which of the store's methods it may call follows from it. Stateless;
// any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belfry {

enum class Role : std::uint8_t { kIngest, kEdge, kOperator };

inline constexpr Role kRoles[] = {Role::kIngest, Role::kEdge, Role::kOperator};

// "ingest", "edge", "operator".
std::string_view RoleName(Role role);
std::optional<Role> RoleNamed(std::string_view name);

// A set of roles.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) {
      Add(role);
    }
  }
  constexpr void Add(Role role) { bits_ |= Bit(role); }
  constexpr bool Has(Role role) const { return (bits_ & Bit(role)) != 0; }
  constexpr bool HasAnyOf(Roles other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  bool operator==(const Roles&) const = default;

 private:
  static constexpr unsigned Bit(Role role) { return 1U << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

// "edge, ingest"; "none".
std::string RoleNames(Roles roles);

// How a certificate shows a role: a URI in its SAN, "belfry:role:ingest".
inline constexpr std::string_view kRoleUri = "belfry:role:";
// Other URIs, and names that are no role's, are passed over.
Roles RolesOfUris(const std::vector<std::string>& uris);

}  // namespace belfry
