// SPDX-License-Identifier: Apache-2.0
// A directory of backups, incremental among themselves: a table that several of them hold lies
// there once. RocksDB's BackupEngine writes it: files under other names first, synced, then
// renamed; what a broken-off backup leaves behind goes with the next one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/log.h"
#include "libs/common/result.h"

namespace belfry::store {

// Everything up to these ids is in the backup, and perhaps what came while it was made.
struct BackupManifest {
  std::int64_t created_us = 0;
  std::string history_id;         // 32 digits
  std::vector<EntryId> last_ids;  // by partition
  bool operator==(const BackupManifest&) const = default;
};

struct BackupInfo {
  std::uint32_t id = 0;     // counts up in its directory
  std::uint64_t bytes = 0;  // what it refers to, shared with others or not
  std::uint32_t files = 0;
  BackupManifest manifest;
};

struct BackupOptions {
  std::string directory;               // of backups; made, for its owner only, if absent
  std::uint64_t bytes_per_second = 0;  // written at most; 0: as fast as it goes
  // Called again and again while files are copied: why to stop, std::nullopt to go on. On a thread
  // of the backup's.
  std::function<std::optional<Error>()> stop = {};
};

// Not thread-safe. Holds the directory's lock while it is open: one process at a time.
class Backups {
 public:
  // kFailedPrecondition: another process is at it. kNotFound: there is no such directory.
  // kUnavailable: it cannot be read.
  static Result<std::unique_ptr<Backups>> Open(const std::string& directory, Log log);
  virtual ~Backups() = default;

  // Those that are whole as far as one can see without reading them, oldest first.
  virtual std::vector<BackupInfo> List() const = 0;
  // Those that are there and are already seen to be bad, by id.
  virtual std::vector<std::uint32_t> Damaged() const = 0;
  // The one with that id; 0: the newest. kNotFound: there is none. kDataLoss: it is known to be
  // bad, so that nobody takes an older one for the newest.
  virtual Result<BackupInfo> Find(std::uint32_t id) const = 0;
  // Reads every file and compares checksums; then opens it and compares what is in it with its
  // manifest. kDataLoss: it is not what was written.
  virtual Status Verify(std::uint32_t id) const = 0;
  // kNotFound: there is none.
  virtual Status Delete(std::uint32_t id) = 0;
  // Deletes the oldest of that history until `keep` are left; the ids of those that went. Backups
  // of other histories (another store's, or from before a restore) are neither counted nor deleted.
  virtual Result<std::vector<std::uint32_t>> Prune(const std::string& history_id,
                                                   std::size_t keep) = 0;
  // Copies its files to `db_directory`, which must not exist, comparing checksums, and syncs them.
  // kDataLoss: one is not what was written; others may then still be copied until this is gone.
  virtual Status CopyTo(std::uint32_t id, const std::string& db_directory) const = 0;
};

}  // namespace belfry::store
