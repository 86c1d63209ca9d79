// SPDX-License-Identifier: Apache-2.0
#include "tests/chaos/needs.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "tests/chaos/net.h"

namespace belfry::chaos {
namespace {

using Reason = std::optional<std::string>;

Reason Unshare(int what, const std::string& name) {
  if (geteuid() != 0) {
    return "needs root for " + name;
  }
  if (unshare(what) != 0) {
    return "no " + name + " here: " + std::strerror(errno);
  }
  return std::nullopt;
}

Reason Mounts() {
  if (Reason reason = Unshare(CLONE_NEWNS, "a mount namespace")) {
    return reason;
  }
  // What is mounted from here on is seen by this process and its children only.
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return std::string("cannot make mounts private: ") + std::strerror(errno);
  }
  return std::nullopt;
}

Reason Tools(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (access(path.c_str(), R_OK) != 0) {
      return path + " is not there";
    }
  }
  return std::nullopt;
}

Reason LoopDevices() {
  const int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  const int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
  const int error = errno;
  if (control >= 0) {
    close(control);
  }
  if (number < 0) {
    return std::string("no loop device to be had: ") + std::strerror(error);
  }
  return Tools({"/dev/loop" + std::to_string(number)});
}

Reason Provide(Need need) {
  switch (need) {
    case Need::kMounts:
      return Mounts();
    case Need::kNetwork:
      if (Reason reason = Tools({"/usr/sbin/ip", "/usr/sbin/nft", "/usr/bin/nsenter"})) {
        return reason;
      }
      if (Reason reason = Unshare(CLONE_NEWNET, "network namespaces")) {
        return reason;
      }
      return WhyNoNet(std::filesystem::temp_directory_path());
    case Need::kLoop:
      if (Reason reason = Tools({"/usr/sbin/mkfs.ext4", "/usr/bin/mount"})) {
        return reason;
      }
      return LoopDevices();
    case Need::kShim:
      return Tools({ShimPath()});
  }
  return std::nullopt;
}

}  // namespace

std::string ShimPath() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "belfry-chaos-shim.so";
}

Reason Provide(const std::vector<Need>& needs) {
  for (const Need need : needs) {
    if (Reason reason = Provide(need)) {
      return reason;
    }
  }
  return std::nullopt;
}

}  // namespace belfry::chaos
