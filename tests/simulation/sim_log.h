// SPDX-License-Identifier: Apache-2.0
// The store's disk, and the log that one process has open on it. A commit takes time; what becomes
// of it when the process or the machine dies meanwhile is the disk's affair, as with RocksDB.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/cursor.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_store.h"
#include "tests/simulation/context.h"

namespace belfry::sim {

// What the disk holds, whole commits only.
struct Rows {
  using Name = std::pair<std::string, std::string>;
  std::vector<std::map<EntryId, EntryPtr>> logs;  // by partition
  std::vector<PartitionHead> positions;
  std::vector<std::vector<store::LostInterval>> lost;
  std::map<Name, store::UserHead> users;
  std::map<std::pair<Partition, std::string>, store::BroadcastHead> broadcasts;
  std::map<Name, store::IdempotencyRecord> keys;
};

// How a process ends, for what it was writing.
enum class Ending {
  kInOrder,
  kKilled,    // what the kernel has may reach the disk
  kPowerCut,  // what was not synced does not
};

// EventLog and FeedStore as rocks/ implements them, on Rows that outlive it.
class SimLog final : public store::EventLog, public store::FeedStore {
 public:
  // Opens the disk. Entries that `high_water` (by partition, empty: nothing is known) knows of and
  // the rows do not have are recorded as lost.
  SimLog(Context& context, Rows& rows, const std::vector<EntryId>& high_water, const Clock& clock);

  Result<std::vector<PartitionHead>> LoadPositions() override { return rows_.positions; }
  Status Commit(const store::CommitBatch& batch) override;
  Result<std::vector<std::optional<store::UserHead>>> ReadHeads(
      std::span<const store::UserRef> users) override;
  Result<std::vector<store::BroadcastHead>> ReadBroadcastHeads(std::string_view project) override;
  Result<std::vector<std::optional<store::IdempotencyRecord>>> FindKeys(
      std::span<const store::KeyRef> keys) override;

  Result<FeedPage> ReadFeed(const FeedQuery& query) override;
  Result<store::LogPage> ReadLog(const store::LogQuery& query) override;
  std::vector<PartitionHead> Heads() const override { return rows_.positions; }
  const std::string& history_id() const override { return history_id_; }

  // Commit has returned to its caller, but takes until this moment; nothing while none does. The
  // caller must not act upon its outcome before, and then calls Finish.
  std::optional<SteadyTime> commit_ends() const;
  void Finish();
  // The process ends now.
  void End(Ending ending);
  // The next commit fails, and what it wrote is on the disk afterwards or not.
  void FailNextSync() { fail_next_sync_ = true; }

 private:
  // One commit with its texts, which the caller's batch only points to.
  struct Owned {
    std::vector<EntryPtr> entries;
    std::vector<std::pair<Rows::Name, std::optional<store::UserHead>>> users;
    std::vector<std::pair<std::pair<Partition, std::string>, store::BroadcastHead>> broadcasts;
    std::vector<std::pair<Rows::Name, store::IdempotencyRecord>> keys;
    std::vector<PartitionHead> positions;
  };
  struct Pending {
    Owned rows;
    SteadyTime durable;
    SteadyTime ends;
    bool failed = false;
    bool finished = false;  // and failed: the rows' fate is open until the end
  };
  static Owned Own(const store::CommitBatch& batch);
  void Apply(const Owned& owned);
  void RecordLosses(const std::vector<EntryId>& high_water, std::int64_t now_us);
  std::uint64_t Unread(const FeedQuery& query, Partition partition);
  bool FailsToRead();

  Context& context_;
  Rows& rows_;
  const Clock& clock_;
  const std::string history_id_ = "sim";
  bool fail_next_sync_ = false;
  std::optional<Pending> pending_;
};

}  // namespace belfry::sim
