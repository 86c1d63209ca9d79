// SPDX-License-Identifier: Apache-2.0
// Kinds that reach even those who have muted them. Plain values.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace belfry::store {

struct CriticalKind {
  std::string project;  // empty: of all projects
  std::string kind;     // a prefix
};

class CriticalKinds {
 public:
  CriticalKinds() = default;
  explicit CriticalKinds(std::vector<CriticalKind> kinds) : kinds_(std::move(kinds)) {}

  bool Contain(std::string_view project, std::string_view kind) const {
    return std::any_of(kinds_.begin(), kinds_.end(), [&](const CriticalKind& critical) {
      return (critical.project.empty() || critical.project == project) &&
             kind.starts_with(critical.kind);
    });
  }

 private:
  std::vector<CriticalKind> kinds_;
};

// Each text is a prefix, or PROJECT/PREFIX.
inline CriticalKinds ReadCriticalKinds(const std::vector<std::string>& texts) {
  std::vector<CriticalKind> kinds;
  for (const std::string& text : texts) {
    const std::size_t slash = text.find('/');
    kinds.push_back(slash == std::string::npos
                        ? CriticalKind{"", text}
                        : CriticalKind{text.substr(0, slash), text.substr(slash + 1)});
  }
  return CriticalKinds(std::move(kinds));
}

}  // namespace belfry::store
