// SPDX-License-Identifier: Apache-2.0
#include "libs/common/file.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "libs/common/log.h"

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

// Nobody in this container can change what root mounted read-only.
bool IsReadOnlyOfRoot(const struct stat& status, const struct statvfs& system) {
  return status.st_uid == 0 && (system.f_flag & ST_RDONLY) != 0;
}

// Whether a file with keys is nobody's but its owner's.
Status CheckSecret(int file, const std::string& path) {
  struct stat status {};
  struct statvfs system {};
  if (fstat(file, &status) != 0 || fstatvfs(file, &system) != 0) {
    return Fail(CodeOf(errno), "read " + path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return {};  // a pipe has no others
  }
  const uid_t user = geteuid();
  if (user != 0 && status.st_uid != user && status.st_uid != 0) {
    return Fail(Code::kPermissionDenied, "read " + path + ": it has keys and belongs to user " +
                                             std::to_string(status.st_uid) +
                                             "; allowed: this user (" + std::to_string(user) +
                                             ") or root (chown " + std::to_string(user) + " " +
                                             path + ")");
  }
  if ((status.st_mode & (S_IWGRP | S_IRWXO)) == 0 || IsReadOnlyOfRoot(status, system)) {
    return {};
  }
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777U);
  return Fail(Code::kPermissionDenied,
              "read " + path + ": it has keys and its mode " + mode.data() +
                  " lets others at it; allowed: 0600, or 0640 for a group of its own (chmod 600 " +
                  path + ")");
}

Result<std::string> Read(const std::string& path, std::size_t bytes_max, bool secret) {
  const auto failed = [&path](int error) {
    return Error{CodeOf(error), "read " + path + ": " + std::strerror(error)};
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) {
    Error error = failed(errno);
    if (secret && error.code == Code::kPermissionDenied) {
      error.message += "; the file must belong to this user, and its folders let it in (chown " +
                       std::to_string(geteuid()) + " " + path + ")";
    }
    return Fail(std::move(error));
  }
  if (secret) {
    if (Status checked = CheckSecret(fileno(file.get()), path); !checked.ok()) {
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
    return Fail(failed(errno));
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

Result<std::string> ReadKeysFile(const std::string& path, const std::string& made_by,
                                 std::size_t bytes_max) {
  auto text = ReadSecretFile(path, bytes_max);
  if (!text.ok() && text.error().code == Code::kNotFound) {
    text.error().message += "; \"" + made_by +
                            "\" makes it, and where belfry is installed from packages "
                            "/usr/lib/belfry/belfry-setup-keys";
  }
  return text;
}

bool OthersMayRead(const std::string& path) {
  struct stat status {};
  struct statvfs system {};
  return stat(path.c_str(), &status) == 0 && statvfs(path.c_str(), &system) == 0 &&
         S_ISREG(status.st_mode) && (status.st_mode & S_IRWXO) != 0 &&
         IsReadOnlyOfRoot(status, system);
}

void WarnOfOthers(const Log& log, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (OthersMayRead(file)) {
      log.Warn("others may read a file with keys, and its read-only mount keeps it so",
               {{"file", file}});
    }
  }
}

}  // namespace belfry
