// SPDX-License-Identifier: Apache-2.0
#include "libs/common/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace belfry {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Code CodeOf(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Code::kNotFound;
    case EACCES:
    case EPERM:
      return Code::kPermissionDenied;
    case EISDIR:
      return Code::kInvalidArgument;
    default:
      return Code::kUnavailable;
  }
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  const auto failed = [&path](int error) {
    return Fail(CodeOf(error), "read " + path + ": " + std::strerror(error));
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    return failed(errno);
  }
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t size = std::fread(block.data(), 1, block.size(), file.get())) {
    text.append(block.data(), size);
    if (text.size() > bytes_max) {
      return Fail(Code::kInvalidArgument,
                  "read " + path + ": larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
  if (std::ferror(file.get()) != 0) {
    return failed(errno);
  }
  return text;
}

}  // namespace belfry
