// SPDX-License-Identifier: Apache-2.0
#include "services/store/rocks/log/rocks_store.h"

#include <rocksdb/iostats_context.h>

#include <atomic>

#include <algorithm>
#include <utility>

#include "libs/wire/codec/log_codec.h"
#include "services/store/core/audience_page.h"
#include "services/store/core/feed_page.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/list_page.h"
#include "services/store/rocks/backups/backup_engine.h"
#include "services/store/rocks/engine/commit.h"
#include "services/store/rocks/engine/rocks_db.h"
#include "services/store/rocks/log/feed_reader.h"
#include "services/store/rocks/recovery/high_water.h"
#include "services/store/rocks/recovery/opening.h"

namespace belfry::store {
namespace {

class RocksStoreImpl final : public RocksStore {
 public:
  RocksStoreImpl(OpenedDirectory opened, const Clock& clock, Log log)
      : log_(std::move(log)),
        clock_(clock),
        state_(std::move(opened.state)),
        high_water_(std::move(opened.high_water)),
        db_(std::move(opened.db)),
        history_id_(std::move(opened.history_id)),
        opened_clean_(opened.clean),
        noted_time_us_(opened.noted_time_us),
        reader_(*db_, *state_),
        memory_reader_(*db_, *state_, ReadFrom::kMemory) {}

  Result<std::vector<PartitionPosition>> LoadPositions() override { return Heads(); }
  Status Commit(const CommitBatch& batch) override;
  Result<std::vector<std::optional<std::string>>> Read(Table table,
                                                       std::span<const std::string> keys) override;
  Result<std::vector<KeyedRow>> Scan(Table table, std::string_view from,
                                     std::size_t rows_max) override;
  Result<std::vector<std::optional<Entry>>> ReadEntries(std::span<const EntryRef> entries) override;
  const FeedRows& rows() const override { return reader_; }

  Result<FeedPage> ReadFeed(const FeedQuery& query) override {
    const std::uint64_t before = rocksdb::get_iostats_context()->bytes_read;
    auto page = store::ReadFeed(reader_, query, clock_.ExpiryMicros());
    feed_bytes_.fetch_add(rocksdb::get_iostats_context()->bytes_read - before,
                          std::memory_order_relaxed);
    return page;
  }
  Result<ListPage> List(const ListQuery& query) override { return ListBy(reader_, query); }
  Result<ListPage> ListFromMemory(const ListQuery& query) override {
    return ListBy(memory_reader_, query);
  }
  Result<AudiencePage> ReadAudience(const AudienceQuery& query) override {
    return store::ReadAudience(*this, query);
  }
  Result<LogPage> ReadLog(const LogQuery& query) override { return store::ReadLog(reader_, query); }
  std::vector<PartitionPosition> Heads() const override;
  const std::string& history_id() const override { return history_id_; }

  Status SyncHighWater() override { return high_water_->Sync(); }
  Status CompactDropped() override;
  void StopCompacting() override { (*db_)->DisableManualCompaction(); }
  Result<BackupInfo> Backup(const BackupOptions& options) override {
    return MakeBackup(*db_, {clock_.UnixMicros(), history_id_, CurrentHighWater(false).last_ids},
                      options, log_);
  }
  Status CloseCleanly() override;
  bool opened_clean() const override { return opened_clean_; }
  ReadCosts read_costs() const override {
    ReadCosts costs = db_->read_costs();
    costs.feed_bytes = feed_bytes_.load(std::memory_order_relaxed);
    return costs;
  }
  std::optional<std::int64_t> noted_time_us() const override { return noted_time_us_; }

 private:
  HighWater CurrentHighWater(bool clean) const;
  Result<ListPage> ListBy(const FeedReader& reader, const ListQuery& query) const {
    return store::List(reader, query, clock_.ExpiryMicros(), [](const Entry& entry) {
      wire::NotificationFields fields = wire::FieldsOf(entry);
      return PayloadFields{std::move(fields.kind), std::move(fields.level)};
    });
  }

  const Log log_;
  const Clock& clock_;
  const std::unique_ptr<PartitionStates> state_;
  const std::unique_ptr<HighWaterFile> high_water_;
  const std::unique_ptr<RocksDb> db_;
  const std::string history_id_;
  const bool opened_clean_;
  const std::optional<std::int64_t> noted_time_us_;
  const FeedReader reader_;
  const FeedReader memory_reader_;
  std::atomic<std::uint64_t> feed_bytes_{0};

  // The sequencer's thread only.
  bool high_water_failing_ = false;
};

Status RocksStoreImpl::Commit(const CommitBatch& batch) {
  if (Status applied = Apply(
          *db_, batch, "commit batch of " + std::to_string(batch.entries().size()) + " entries");
      !applied.ok()) {
    return applied;
  }
  for (const PartitionPosition& position : batch.positions()) {
    state_->last_ids[position.partition].store(position.last_id, std::memory_order_release);
    state_->floors[position.partition].store(position.floor, std::memory_order_release);
  }
  if (!batch.positions().empty()) {
    const Status written = high_water_->Write(CurrentHighWater(false));
    if (!written.ok() && !high_water_failing_) {
      log_.Warn("cannot note the high water", {{"error", written.error()}});
    }
    high_water_failing_ = !written.ok();
  }
  return {};
}

HighWater RocksStoreImpl::CurrentHighWater(bool clean) const {
  HighWater high_water{{}, clean};
  for (const auto& last_id : state_->last_ids) {
    high_water.last_ids.push_back(last_id.load(std::memory_order_acquire));
  }
  return high_water;
}

std::vector<PartitionPosition> RocksStoreImpl::Heads() const {
  std::vector<PartitionPosition> heads;
  for (Partition p = 0; p < state_->last_ids.size(); ++p) {
    // The floor first: it never passes a last id that is read after it.
    const EntryId floor = state_->floors[p].load(std::memory_order_acquire);
    heads.push_back({p, state_->last_ids[p].load(std::memory_order_acquire), floor});
  }
  return heads;
}

Result<std::vector<std::optional<std::string>>> RocksStoreImpl::Read(
    Table table, std::span<const std::string> keys) {
  return GetRows(*db_, ColumnOf(table), keys);
}

Result<std::vector<KeyedRow>> RocksStoreImpl::Scan(Table table, std::string_view from,
                                                   std::size_t rows_max) {
  const std::unique_ptr<rocksdb::Iterator> iterator(
      (*db_)->NewIterator(rocksdb::ReadOptions(), db_->column(ColumnOf(table))));
  std::vector<KeyedRow> rows;
  for (iterator->Seek(ToSlice(from)); iterator->Valid() && rows.size() < rows_max;
       iterator->Next()) {
    rows.push_back({iterator->key().ToString(), iterator->value().ToString()});
  }
  if (!iterator->status().ok()) {
    return Fail(ToError("read rows", iterator->status()));
  }
  return rows;
}

Result<std::vector<std::optional<Entry>>> RocksStoreImpl::ReadEntries(
    std::span<const EntryRef> entries) {
  std::vector<std::string> keys;
  keys.reserve(entries.size());
  for (const EntryRef& entry : entries) {
    keys.push_back(
        WithId(UserPrefix(entry.user.partition, entry.user.project, entry.user.user_id), entry.id));
  }
  const auto rows = GetRows(*db_, Column::kFeed, keys);
  if (!rows.ok()) {
    return Fail(rows.error());
  }
  std::vector<std::optional<Entry>> found(rows->size());
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (!(*rows)[i]) {
      continue;
    }
    auto entry = wire::DecodeEntry(*(*rows)[i]);
    if (!entry.ok()) {
      return Fail(std::move(entry.error()));
    }
    found[i] = std::move(*entry);
  }
  return found;
}

Status RocksStoreImpl::CompactDropped() {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (const Column column : {Column::kLog, Column::kFeed, Column::kBodies, Column::kState,
                              Column::kKeys, Column::kExpiry, Column::kCollapse, Column::kMembers,
                              Column::kAudience, Column::kOperations}) {
    const rocksdb::Status status =
        (*db_)->CompactRange(options, db_->column(column), nullptr, nullptr);
    if (status.IsIncomplete() && status.IsManualCompactionPaused()) {
      return {};  // StopCompacting
    }
    if (!status.ok()) {
      return Fail(ToError("compact", status));
    }
  }
  return {};
}

Status RocksStoreImpl::CloseCleanly() {
  if (Status flushed = db_->FlushAll(); !flushed.ok()) {
    return flushed;
  }
  if (Status written = high_water_->Write(CurrentHighWater(true)); !written.ok()) {
    return written;
  }
  return high_water_->Sync();
}

}  // namespace

Result<std::unique_ptr<RocksStore>> RocksStore::Open(const RocksOptions& options,
                                                     const Clock& clock, Log log) {
  auto opened = OpenDirectory(options, clock, log);
  if (!opened.ok()) {
    return Fail(std::move(opened.error()));
  }
  return std::unique_ptr<RocksStore>(
      std::make_unique<RocksStoreImpl>(std::move(*opened), clock, std::move(log)));
}

}  // namespace belfry::store
