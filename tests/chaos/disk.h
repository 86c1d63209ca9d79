// SPDX-License-Identifier: Apache-2.0
// A small file system that a test may fill, or cut the power of. Needs a mount namespace of its own
// (see needs.h): what is left mounted ends with the process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "libs/common/result.h"

namespace belfry::chaos {

// All functions: kUnavailable with what the system said.
class Disk {
 public:
  // In memory, mounted on `directory`/disk.
  static Result<std::unique_ptr<Disk>> InMemory(const std::string& directory, std::uint64_t bytes);
  // ext4 in an image, on a loop device, mounted there.
  static Result<std::unique_ptr<Disk>> Image(const std::string& directory, std::uint64_t bytes);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  std::string path() const { return directory_ + "/disk"; }

  // Takes all but `left_bytes` of what is free, or gives it back.
  Status Fill(std::uint64_t left_bytes);
  Status Empty();

  // Copies the image at one moment, while its writers are stopped: what a power cut would leave.
  // Cached writes are not in it.
  Status Snapshot();
  // Puts the snapshot in the image's place. Processes that had files open must have ended.
  Status ReturnToSnapshot();

 private:
  explicit Disk(std::string directory) : directory_(std::move(directory)) {}
  Status MountImage();
  Status Unmount();
  std::string image() const { return directory_ + "/image"; }
  std::string snapshot() const { return directory_ + "/snapshot"; }

  const std::string directory_;
};

}  // namespace belfry::chaos
