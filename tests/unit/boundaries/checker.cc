// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/boundaries/checker.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <utility>

#include "tests/unit/boundaries/rules.h"
#include "tests/unit/boundaries/source_text.h"

namespace belfry::boundaries {
namespace {

constexpr std::array<std::string_view, 3> kProductFolders = {"libs", "services", "clients"};

bool IsOurs(std::string_view path) {
  return path.starts_with("libs/") || path.starts_with("services/") ||
         path.starts_with("clients/") || path.starts_with("tests/") || path.starts_with("bench/");
}

template <typename Container, typename T>
bool Contains(const Container& container, const T& value) {
  return std::find(container.begin(), container.end(), value) != container.end();
}

// Why `room` may not include it; empty: it may.
std::string Objection(const Room& room, const Include& include) {
  const std::string from = std::string(room.path) + " may not include ";
  if (include.path.empty()) {
    return "an include must be a literal path";
  }
  if (include.quoted && IsOurs(include.path)) {
    const Room* const other = RoomOf(include.path);
    if (other == &room || (other != nullptr && Contains(room.rooms, other->path))) {
      return {};
    }
    return from + include.path;
  }
  const auto outside = OutsideOf(include.path);
  const bool generated = include.path.ends_with(".pb.h");
  if (include.quoted && !generated) {
    return "an include of ours must start at the root: " + include.path;
  }
  if (!outside) {
    return from + include.path + ": its library is not in the table";
  }
  if (*outside != Outside::kStandard && !Contains(room.outside, *outside)) {
    return from + include.path;
  }
  return {};
}

// Lines of an edge's file that look at an entry's expiry. Only the file that compares it with the
// store's time may: an edge's own clock has no say.
std::vector<int> LooksAtExpiry(const std::string& file, std::string_view source) {
  constexpr std::string_view kField = "expires_us";
  std::vector<int> lines;
  if (!file.starts_with("services/edge/") || file == "services/edge/core/sent_entries.h") {
    return lines;
  }
  const std::string code = BlankCommentsAndLiterals(source);
  for (auto at = code.find(kField); at != std::string::npos; at = code.find(kField, at + 1)) {
    lines.push_back(LineOf(code, at));
  }
  return lines;
}

// Lines with a hash of texts that everybody can compute, where strangers may choose the texts.
std::vector<int> PlainHashesOfTexts(std::string_view source) {
  const std::string code = BlankCommentsAndLiterals(source);
  std::vector<int> lines;
  for (const std::string_view plain :
       {"unordered_map<std::string", "unordered_set<std::string", "unordered_multimap<std::string",
        "unordered_multiset<std::string", "std::hash<"}) {
    for (auto at = code.find(plain); at != std::string::npos; at = code.find(plain, at + 1)) {
      lines.push_back(LineOf(code, at));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

bool IsCpp(const std::filesystem::path& path) {
  return path.extension() == ".cc" || path.extension() == ".h";
}

struct Source {
  std::string file;  // from the root
  std::string text;
};

// Every C++ file of the product, by name.
std::vector<Source> SourcesOf(const std::filesystem::path& root) {
  std::vector<std::filesystem::path> files;
  for (const std::string_view folder : kProductFolders) {
    if (std::filesystem::exists(root / folder)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
        if (entry.is_regular_file() && IsCpp(entry.path())) {
          files.push_back(entry.path());
        }
      }
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Source> sources;
  for (const std::filesystem::path& path : files) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    sources.push_back({path.lexically_relative(root).generic_string(), text.str()});
  }
  return sources;
}

}  // namespace

std::string Violation::ToString() const { return file + ":" + std::to_string(line) + ": " + what; }

std::vector<Violation> CheckFile(const std::string& file, std::string_view source) {
  const Room* const room = RoomOf(file);
  if (room == nullptr) {
    return {{file, 1, "in no room: name it in tests/unit/boundaries/rules.cc"}};
  }
  std::vector<Violation> violations;
  for (const Include& include : IncludesOf(source)) {
    if (std::string objection = Objection(*room, include); !objection.empty()) {
      violations.push_back({file, include.line, std::move(objection)});
    }
  }
  for (const int line : CapturingLambdasInCoAwait(source)) {
    violations.push_back(
        {file, line, "a capturing lambda inside co_await: name it first (g++ 12.2)"});
  }
  for (const int line : LooksAtExpiry(file, source)) {
    violations.push_back(
        {file, line, "expiry is the store's to judge: HadExpired in core/sent_entries.h"});
  }
  if (file != "libs/common/keyed_hash.h") {
    for (const int line : PlainHashesOfTexts(source)) {
      violations.push_back({file, line, "a hash that strangers can compute: keyed_hash.h"});
    }
  }
  return violations;
}

Report CheckTree(const std::filesystem::path& root) {
  Report report;
  for (const Source& source : SourcesOf(root)) {
    auto violations = CheckFile(source.file, source.text);
    report.violations.insert(report.violations.end(), violations.begin(), violations.end());
    ++report.files;
  }
  return report;
}

std::vector<std::string> UnusedPermissions(const std::filesystem::path& root) {
  std::set<std::pair<const Room*, std::string_view>> rooms;
  std::set<std::pair<const Room*, Outside>> outside;
  for (const Source& source : SourcesOf(root)) {
    const Room* const room = RoomOf(source.file);
    for (const Include& include : IncludesOf(source.text)) {
      if (const Room* const other = RoomOf(include.path)) {
        rooms.emplace(room, other->path);
      } else if (const auto library = OutsideOf(include.path)) {
        outside.emplace(room, *library);
      }
    }
  }
  std::vector<std::string> unused;
  for (const Room& room : Rooms()) {
    for (const std::string_view other : room.rooms) {
      if (!rooms.contains({&room, other})) {
        unused.push_back(std::string(room.path) + " may include " + std::string(other));
      }
    }
    for (const Outside library : room.outside) {
      if (!outside.contains({&room, library})) {
        unused.push_back(std::string(room.path) + " may include " + std::string(NameOf(library)));
      }
    }
  }
  return unused;
}

}  // namespace belfry::boundaries
