// SPDX-License-Identifier: Apache-2.0
#include "libs/version/version.h"

namespace belfry {

// Defined in the file that cmake/WriteVersion.cmake makes.
extern const char kVersion[];
extern const char kCommit[];

std::string VersionText(std::string_view program, std::uint64_t storage_format) {
  std::string text(program);
  text += " ";
  text += kVersion;
  text += " (commit ";
  text += kCommit;
  text += ", protocol v" + std::to_string(kProtocolVersion);
  if (storage_format != 0) {
    text += ", storage format " + std::to_string(storage_format);
  }
  return text + ")";
}

}  // namespace belfry
