// SPDX-License-Identifier: Apache-2.0
// A file system that can lose what was not synced, as a power cut does, and can fail.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace belfry::store {

// Thread-safe.
class FaultFs final : public rocksdb::FileSystemWrapper {
 public:
  FaultFs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "belfry.FaultFs"; }

  // Every sync of a write-ahead log fails from now on.
  std::atomic<bool> syncs_fail{false};
  // Every append to one fails from now on, as on a full disk.
  std::atomic<bool> appends_fail{false};

  // Files below `folder` take `bytes` more from now on, all together; then it is a full disk.
  void Limit(const std::string& folder, std::int64_t bytes) {
    const std::lock_guard lock(mutex_);
    limited_ = folder;
    bytes_left_ = bytes;
  }

  // Cuts every file back to what had been synced. With no database open.
  void LoseUnsynced() {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, synced] : synced_) {
      if (std::filesystem::exists(path) && std::filesystem::file_size(path) > synced) {
        std::filesystem::resize_file(path, synced);
      }
    }
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    rocksdb::IOStatus status = target()->NewWritableFile(path, options, file, debug);
    if (status.ok()) {
      SetSynced(path, 0);
      *file = std::make_unique<File>(*this, path, std::move(*file));
    }
    return status;
  }

  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = synced_.find(from); found != synced_.end()) {
        synced_[to] = found->second;
        synced_.erase(from);
      }
    }
    return target()->RenameFile(from, to, options, debug);
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultFs& fs, std::string path, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)),
          fs_(fs),
          path_(std::move(path)),
          log_(std::filesystem::path(path_).extension() == ".log") {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if ((log_ && fs_.appends_fail) || !fs_.Take(path_, data.size())) {
        return rocksdb::IOStatus::NoSpace("no space left on the test's device");
      }
      size_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      return Synced(FSWritableFileOwnerWrapper::Sync(options, debug));
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return Synced(FSWritableFileOwnerWrapper::Fsync(options, debug));
    }

   private:
    rocksdb::IOStatus Synced(rocksdb::IOStatus status) {
      if (log_ && fs_.syncs_fail) {
        return rocksdb::IOStatus::IOError("fdatasync: Input/output error");
      }
      if (status.ok()) {
        fs_.SetSynced(path_, size_);
      }
      return status;
    }

    FaultFs& fs_;
    const std::string path_;
    const bool log_;
    std::uint64_t size_ = 0;
  };

  void SetSynced(const std::string& path, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    synced_[path] = bytes;
  }

  // Whether a file has room for that much more.
  bool Take(const std::string& path, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (limited_.empty() || !path.starts_with(limited_)) {
      return true;
    }
    bytes_left_ -= static_cast<std::int64_t>(bytes);
    return bytes_left_ >= 0;
  }

  std::mutex mutex_;
  std::string limited_;
  std::int64_t bytes_left_ = 0;
  std::map<std::string, std::uint64_t> synced_;
};

}  // namespace belfry::store
