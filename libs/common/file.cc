// SPDX-License-Identifier: Apache-2.0
#include "libs/common/file.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

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

// A file with secrets is nobody's but its owner's; its group may read it, as a service's may.
Status CheckMode(int file, const std::string& path) {
  constexpr mode_t kOthers = S_IRWXO | S_IWGRP;
  struct stat status {};
  if (fstat(file, &status) != 0) {
    return Fail(CodeOf(errno), "read " + path + ": " + std::strerror(errno));
  }
  if ((status.st_mode & kOthers) == 0) {
    return {};
  }
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777U);
  return Fail(Code::kPermissionDenied, "read " + path + ": it holds secrets and its mode is " +
                                           mode.data() + "; allowed: 0600 (chmod 600 " + path +
                                           ")");
}

Result<std::string> Read(const std::string& path, std::size_t bytes_max, bool secret) {
  const auto failed = [&path](int error) {
    return Fail(CodeOf(error), "read " + path + ": " + std::strerror(error));
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    return failed(errno);
  }
  if (secret) {
    if (Status checked = CheckMode(fileno(file.get()), path); !checked.ok()) {
      return Fail(std::move(checked.error()));
    }
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

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  return Read(path, bytes_max, false);
}

Result<std::string> ReadSecretFile(const std::string& path, std::size_t bytes_max) {
  return Read(path, bytes_max, true);
}

}  // namespace belfry
