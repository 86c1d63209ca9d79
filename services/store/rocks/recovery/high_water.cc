// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/recovery/high_water.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "libs/common/hash.h"
#include "services/store/core/key_codec.h"

namespace belfry::store {
namespace {

constexpr std::string_view kMagic = "belfryHW";
// Magic, sequence, flags, count; then the ids; then the checksum.
constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kSlotBytes = 16 * 1024;  // whole pages
constexpr std::uint64_t kSlots = 4;
static_assert(kHeaderBytes + 8 * kPartitionsMax + 8 <= kSlotBytes);

struct Slot {
  std::uint64_t sequence = 0;
  HighWater high_water;
};

std::string EncodeSlot(const Slot& slot) {
  std::string bytes(kMagic);
  bytes += EncodeNumber(slot.sequence);
  bytes += EncodeNumber(slot.high_water.clean ? 1 : 0);
  bytes += EncodeNumber(slot.high_water.last_ids.size());
  for (const EntryId id : slot.high_water.last_ids) {
    bytes += EncodeNumber(id);
  }
  bytes += EncodeNumber(Fnv1a(bytes));
  return bytes;
}

std::optional<Slot> DecodeSlot(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || bytes.substr(0, 8) != kMagic) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at) { return *DecodeNumber(bytes.substr(at, 8)); };
  const std::uint64_t count = number(24);
  if (count > kPartitionsMax || bytes.size() < kHeaderBytes + 8 * count + 8) {
    return std::nullopt;
  }
  const std::size_t end = kHeaderBytes + 8 * count;
  if (number(end) != Fnv1a(bytes.substr(0, end))) {
    return std::nullopt;
  }
  Slot slot{number(8), {{}, number(16) == 1}};
  for (std::size_t i = 0; i < count; ++i) {
    slot.high_water.last_ids.push_back(number(kHeaderBytes + 8 * i));
  }
  return slot;
}

// The newest valid slot; std::nullopt in an empty file.
Result<std::optional<Slot>> ReadNewest(int fd, const std::string& path) {
  std::optional<Slot> newest;
  bool empty = true;
  std::string buffer(kSlotBytes, '\0');
  for (std::uint64_t i = 0; i < kSlots; ++i) {
    const ssize_t got =
        ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(i * kSlotBytes));
    if (got < 0) {
      return Fail(Code::kUnavailable, "read " + path + ": " + std::strerror(errno));
    }
    empty = empty && got == 0;
    auto slot = DecodeSlot({buffer.data(), static_cast<std::size_t>(got)});
    if (slot && (!newest || slot->sequence > newest->sequence)) {
      newest = std::move(slot);
    }
  }
  if (!newest && !empty) {
    return Fail(Code::kDataLoss, "read " + path + ": every slot is damaged");
  }
  return newest;
}

}  // namespace

Result<std::optional<HighWater>> HighWaterFile::Read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) {
    return std::optional<HighWater>();
  }
  if (fd < 0) {
    return Fail(Code::kUnavailable, "open " + path + ": " + std::strerror(errno));
  }
  auto newest = ReadNewest(fd, path);
  ::close(fd);
  if (!newest.ok()) {
    return Fail(std::move(newest.error()));
  }
  return *newest ? std::optional(std::move((*newest)->high_water)) : std::nullopt;
}

Result<std::unique_ptr<HighWaterFile>> HighWaterFile::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    return Fail(Code::kUnavailable, "open " + path + ": " + std::strerror(errno));
  }
  std::unique_ptr<HighWaterFile> file(new HighWaterFile(path, fd));
  // A new file's name must be on disk too.
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int directory_fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory_fd >= 0 && ::fsync(directory_fd) == 0;
  const int error = errno;
  if (directory_fd >= 0) {
    ::close(directory_fd);
  }
  if (!synced) {
    return Fail(Code::kUnavailable, "sync " + directory + ": " + std::strerror(error));
  }
  return file;
}

HighWaterFile::~HighWaterFile() { ::close(fd_); }

Result<std::optional<HighWater>> HighWaterFile::Load() {
  auto newest = ReadNewest(fd_, path_);
  if (!newest.ok()) {
    return Fail(std::move(newest.error()));
  }
  if (!*newest) {
    return std::optional<HighWater>();
  }
  const MutexLock lock(mutex_);
  sequence_ = (*newest)->sequence;
  latest_ = (*newest)->high_water;
  return std::optional<HighWater>(std::move((*newest)->high_water));
}

Status HighWaterFile::WriteSlot(std::uint64_t slot, std::uint64_t sequence,
                                const HighWater& high_water) {
  const std::string bytes = EncodeSlot({sequence, high_water});
  const ssize_t wrote =
      ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(slot * kSlotBytes));
  if (wrote != static_cast<ssize_t>(bytes.size())) {
    return Fail(Code::kUnavailable,
                "write " + path_ + ": " + (wrote < 0 ? std::strerror(errno) : "cut short"));
  }
  return {};
}

Status HighWaterFile::Write(HighWater high_water) {
  std::uint64_t sequence = 0;
  std::uint64_t slot = 0;
  {
    const MutexLock lock(mutex_);
    latest_ = high_water;
    sequence = ++sequence_;
    slot = written_ = 1 - written_;
  }
  return WriteSlot(slot, sequence, high_water);
}

Status HighWaterFile::Sync() {
  std::uint64_t sequence = 0;
  std::uint64_t slot = 0;
  HighWater high_water;
  {
    const MutexLock lock(mutex_);
    high_water = latest_;
    sequence = ++sequence_;
    synced_ = 1 - synced_;
    slot = 2 + synced_;
  }
  if (Status written = WriteSlot(slot, sequence, high_water); !written.ok()) {
    return written;
  }
  if (::fdatasync(fd_) != 0) {
    return Fail(Code::kUnavailable, "sync " + path_ + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace belfry::store
