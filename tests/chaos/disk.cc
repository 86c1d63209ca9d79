// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/disk.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/chaos/command.h"

namespace belfry::chaos {
namespace {

namespace fs = std::filesystem;

constexpr int kSnapshotTries = 50;
constexpr std::size_t kChunk = 1 << 20;

tl::unexpected<Error> Failed(const std::string& what) {
  return Fail(Code::kUnavailable, what + ": " + std::strerror(errno));
}

std::string FillerPath(const std::string& disk) { return disk + "/filler"; }

Result<bool> SameBytes(const std::string& a, const std::string& b) {
  std::ifstream left(a, std::ios::binary), right(b, std::ios::binary);
  std::vector<char> left_chunk(kChunk), right_chunk(kChunk);
  while (left && right) {
    left.read(left_chunk.data(), kChunk);
    right.read(right_chunk.data(), kChunk);
    if (left.gcount() != right.gcount() ||
        std::memcmp(left_chunk.data(), right_chunk.data(),
                    static_cast<std::size_t>(left.gcount())) != 0) {
      return false;
    }
  }
  if (!left.eof() || !right.eof()) {
    return Fail(Code::kUnavailable, "compare " + a + " with " + b);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<Disk>> Disk::InMemory(const std::string& directory, std::uint64_t bytes) {
  std::unique_ptr<Disk> disk(new Disk(directory));
  fs::create_directories(disk->path());
  const std::string size = "size=" + std::to_string(bytes);
  if (mount("tmpfs", disk->path().c_str(), "tmpfs", 0, size.c_str()) != 0) {
    return Failed("mount a tmpfs");
  }
  return disk;
}

Result<std::unique_ptr<Disk>> Disk::Image(const std::string& directory, std::uint64_t bytes) {
  std::unique_ptr<Disk> disk(new Disk(directory));
  fs::create_directories(disk->path());
  std::ofstream(disk->image()).close();
  if (truncate(disk->image().c_str(), static_cast<off_t>(bytes)) != 0) {
    return Failed("make " + disk->image());
  }
  if (Status made = Run({"/usr/sbin/mkfs.ext4", "-q", "-F", disk->image()}, directory);
      !made.ok()) {
    return Fail(std::move(made).error());
  }
  if (Status mounted = disk->MountImage(); !mounted.ok()) {
    return Fail(std::move(mounted).error());
  }
  return disk;
}

Disk::~Disk() { umount2(path().c_str(), MNT_DETACH); }

// The journal is written when somebody syncs and hardly by itself: what is not synced stays out.
Status Disk::MountImage() {
  return Run({"/usr/bin/mount", "-o", "loop,commit=300", image(), path()}, directory_);
}

Status Disk::Unmount() {
  if (umount(path().c_str()) != 0) {
    return Failed("unmount " + path());
  }
  return {};
}

Status Disk::Fill(std::uint64_t left_bytes) {
  const int fd = open(FillerPath(path()).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    return Failed("make a filler");
  }
  const std::vector<char> chunk(64 * 1024, 'f');
  Status done;
  while (true) {
    struct statvfs stats {};
    if (fstatvfs(fd, &stats) != 0) {
      done = Failed("ask for free space");
      break;
    }
    const std::uint64_t free = std::uint64_t{stats.f_bavail} * stats.f_frsize;
    if (free <= left_bytes) {
      break;
    }
    const ssize_t wrote = write(fd, chunk.data(), std::min(chunk.size(), free - left_bytes));
    if (wrote < 0 && errno == ENOSPC) {
      break;
    }
    if (wrote < 0) {
      done = Failed("fill");
      break;
    }
  }
  close(fd);
  return done;
}

Status Disk::Empty() {
  std::error_code error;
  fs::remove(FillerPath(path()), error);
  if (error) {
    return Fail(Code::kUnavailable, "remove the filler: " + error.message());
  }
  return {};
}

Status Disk::Snapshot() {
  for (int i = 0; i < kSnapshotTries; ++i) {
    std::error_code error;
    fs::copy_file(image(), snapshot(), fs::copy_options::overwrite_existing, error);
    if (error) {
      return Fail(Code::kUnavailable, "copy the image: " + error.message());
    }
    // Nothing was written while it was read twice, so it is what stood there at one moment.
    const auto same = SameBytes(image(), snapshot());
    if (!same.ok()) {
      return Fail(same.error());
    }
    if (*same) {
      return {};
    }
  }
  return Fail(Code::kUnavailable, "the image does not hold still");
}

Status Disk::ReturnToSnapshot() {
  if (Status unmounted = Unmount(); !unmounted.ok()) {
    return unmounted;
  }
  std::error_code error;
  fs::rename(snapshot(), image(), error);
  if (error) {
    return Fail(Code::kUnavailable, "put the snapshot in place: " + error.message());
  }
  return MountImage();
}

}  // namespace belfry::chaos
