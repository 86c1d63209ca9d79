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

#include "services/store/core/audience_page.h"
#include "services/store/core/cursor.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_store.h"
#include "tests/simulation/context.h"
#include "tests/support/memory_rows.h"

namespace belfry::sim {

// What the disk holds, whole commits only.
using Rows = test::MemoryTables;

// An entry that only edges read, and when the disk held it.
struct EdgeOnlyEntry {
  std::int64_t at_us = 0;
  EntryPtr entry;
  std::optional<std::int64_t> lost_us = {};  // when an older state was put back
};

// What the disk held once, and since when which floor was in force, by partition. Outlives every
// process and every older state that is put back.
struct Past {
  std::vector<std::map<EntryId, EntryPtr>> retired;
  std::vector<std::map<EntryId, EntryPtr>> lost;  // by an older state that was put back
  std::vector<std::vector<std::pair<std::int64_t, EntryId>>> floors;
  std::vector<EdgeOnlyEntry> for_edges;  // of all partitions, in the order of their commits
};

// A log's rows as a reader finds them. A reader may have begun just before the floor moved and find
// what compaction has left since.
class SimRows final : public test::MemoryRows {
 public:
  explicit SimRows(const Rows& rows) : MemoryRows(rows), rows_(rows) {}

  // To be called with the commit that is about to be applied.
  void BeforeCommit(const store::CommitBatch& batch);
  // The next look is at the state before the floor's last move, unless more has been committed
  // since. False: there is no such state.
  bool LookBack(Partition partition);
  Result<store::FeedMoment> Look(const store::UserRef& user) const override;

 private:
  // What the last commit that moved the floor changed, as it was before.
  struct Before {
    PartitionPosition position;
    // By the key of the row; std::nullopt: there was none.
    std::map<std::string, std::optional<store::UserRecord>> users;
  };
  const Rows& rows_;
  std::map<Partition, Before> before_;
  mutable bool look_back_ = false;
};

// How a process ends, for what it was writing.
enum class Ending {
  kInOrder,
  kKilled,    // what the kernel has may reach the disk
  kPowerCut,  // what was not synced does not
};

// EventLog and FeedStore on Rows that outlive it; how they are read, the store's core decides.
class SimLog final : public store::EventLog, public store::FeedStore {
 public:
  // Opens the disk. Entries that `high_water` (by partition, empty: nothing is known) knows of and
  // the rows do not have are recorded as lost.
  SimLog(Context& context, Rows& rows, Past& past, const std::vector<EntryId>& high_water,
         const Clock& clock);

  Result<std::vector<PartitionPosition>> LoadPositions() override { return rows_.positions; }
  Status Commit(const store::CommitBatch& batch) override;
  Result<std::vector<std::optional<std::string>>> Read(store::Table table,
                                                       std::span<const std::string> keys) override;
  Result<std::vector<store::KeyedRow>> Scan(store::Table table, std::string_view from,
                                            std::size_t rows_max) override;
  Result<std::vector<std::optional<Entry>>> ReadEntries(
      std::span<const store::EntryRef> entries) override;
  const store::FeedRows& rows() const override { return now_; }

  Result<ListPage> List(const ListQuery& query) override;
  Result<ListPage> ListFromMemory(const ListQuery& query) override { return List(query); }
  Result<FeedPage> ReadFeed(const FeedQuery& query) override;
  Result<AudiencePage> ReadAudience(const AudienceQuery& query) override {
    return store::ReadAudience(*this, query);
  }
  Result<store::LogPage> ReadLog(const store::LogQuery& query) override;
  std::vector<PartitionPosition> Heads() const override { return rows_.positions; }
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
  struct Pending {
    store::CommitBatch batch;
    SteadyTime durable;
    SteadyTime ends;
    bool failed = false;
    bool finished = false;  // and failed: the rows' fate is open until the end
  };
  void Apply(const store::CommitBatch& batch);
  void RecordLosses(const std::vector<EntryId>& high_water, std::int64_t now_us);
  void CountExpired(const FeedQuery& query, const FeedPage& page, std::int64_t now_us);
  bool FailsToRead();

  Context& context_;
  Rows& rows_;
  Past& past_;
  SimRows reads_;
  const test::MemoryRows now_;  // for what decides commits
  const Clock& clock_;
  const std::string history_id_ = "sim";
  bool fail_next_sync_ = false;
  std::optional<Pending> pending_;
};

}  // namespace belfry::sim
