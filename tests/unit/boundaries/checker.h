// SPDX-License-Identifier: Apache-2.0
// Reads a source tree and says where it crosses the boundaries between rooms.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::boundaries {

struct Violation {
  std::string file;  // from the root
  int line = 0;
  std::string what;

  // "services/edge/core/hub.cc:7: ..."
  std::string ToString() const;
};

// One file's.
std::vector<Violation> CheckFile(const std::string& file, std::string_view source);

struct Report {
  std::size_t files = 0;
  std::vector<Violation> violations;
};

// Every C++ file under libs/, services/ and clients/ of `root`.
Report CheckTree(const std::filesystem::path& root);

// What the table allows and no file of the tree does: "libs/http/ may include OpenSSL".
std::vector<std::string> UnusedPermissions(const std::filesystem::path& root);

}  // namespace belfry::boundaries
