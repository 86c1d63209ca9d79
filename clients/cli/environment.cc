// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/environment.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "libs/common/file.h"

namespace belfry::cli {
namespace {

constexpr std::string_view kPrefix = "BELFRY_";

// Whether nobody else can have written it. A file that anybody put above the working directory, in
// /tmp say, would send our key to a server of their choice.
bool IsOurs(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0) {
    return false;
  }
  const bool owned = status.st_uid == geteuid() || status.st_uid == 0;
  return S_ISREG(status.st_mode) && owned && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace

std::map<std::string, std::string> ParseDevEnv(std::string_view text) {
  std::map<std::string, std::string> variables;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || !line.starts_with(kPrefix)) {
      continue;
    }
    variables.insert_or_assign(std::string(line.substr(0, equals)),
                               std::string(line.substr(equals + 1)));
  }
  return variables;
}

Environment Environment::OfProcess(const std::filesystem::path& directory) {
  std::map<std::string, std::string> variables;
  for (std::filesystem::path at = directory; !at.empty(); at = at.parent_path()) {
    const std::string path = (at / ".belfry" / "dev.env").string();
    if (const auto text = ReadFile(path); text.ok() && IsOurs(path)) {
      variables = ParseDevEnv(*text);
      break;
    }
    if (at == at.parent_path()) {
      break;
    }
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    for (auto& [name, value] : ParseDevEnv(*entry)) {
      if (!value.empty()) {
        variables.insert_or_assign(name, value);
      }
    }
  }
  return Environment(std::move(variables));
}

std::string Environment::Get(const std::string& name, std::string_view fallback) const {
  const auto found = variables_.find(name);
  return found == variables_.end() || found->second.empty() ? std::string(fallback) : found->second;
}

}  // namespace belfry::cli
