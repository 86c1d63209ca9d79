// SPDX-License-Identifier: Apache-2.0
// A store's rows in maps: what the simulation's disk, the fake logs and the edges' stores in memory
// give the product's reading rules (store/core/feed_page.h). No rule is here.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/revocation.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"
#include "services/store/core/feed_rows.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_record.h"
#include "services/store/core/user_ledger.h"

namespace belfry::test {

struct MemoryTables {
  explicit MemoryTables(Partition partitions = 0) : logs(partitions), lost(partitions) {
    for (Partition p = 0; p < partitions; ++p) {
      positions.push_back({.partition = p});
    }
  }

  std::vector<std::map<EntryId, EntryPtr>> logs;  // by partition
  std::vector<PartitionPosition> positions;
  std::vector<std::vector<store::LostInterval>> lost;
  std::map<std::pair<store::Table, std::string>, std::string> rows;  // by key
  // Every user joined before the first entry, whether there is a record or not.
  bool everybody_known = false;

  void Apply(const store::CommitBatch& batch) {
    for (const EntryPtr& entry : batch.entries()) {
      logs[entry->partition].insert_or_assign(entry->id, entry);
    }
    for (const PartitionPosition& position : batch.positions()) {
      positions[position.partition] = position;
    }
    for (const store::RowChange& change : batch.rows()) {
      if (change.value) {
        rows.insert_or_assign({change.table, change.key}, *change.value);
      } else {
        rows.erase({change.table, change.key});
      }
    }
  }
  std::vector<std::optional<std::string>> Read(store::Table table,
                                               std::span<const std::string> keys) const {
    std::vector<std::optional<std::string>> found;
    for (const std::string& key : keys) {
      const auto row = rows.find({table, key});
      found.push_back(row == rows.end() ? std::nullopt : std::optional(row->second));
    }
    return found;
  }

  std::vector<store::KeyedRow> Scan(store::Table table, std::string_view from,
                                    std::size_t rows_max) const {
    std::vector<store::KeyedRow> found;
    for (auto row = rows.lower_bound({table, std::string(from)});
         row != rows.end() && row->first.first == table && found.size() < rows_max; ++row) {
      found.push_back({row->first.second, row->second});
    }
    return found;
  }
  std::vector<std::optional<Entry>> ReadEntries(std::span<const store::EntryRef> refs) const {
    std::vector<std::optional<Entry>> found;
    for (const store::EntryRef& ref : refs) {
      const auto& log = logs[ref.user.partition];
      const auto entry = log.find(ref.id);
      const bool own = entry != log.end() && entry->second->project == ref.user.project &&
                       entry->second->user_id == ref.user.user_id;
      found.push_back(own ? std::optional(*entry->second) : std::nullopt);
    }
    return found;
  }

  // An entry that has been committed: its row, and the records that go with it.
  void Add(const EntryPtr& entry) {
    logs[entry->partition].insert_or_assign(entry->id, entry);
    positions[entry->partition].last_id = entry->id;
    if (IsForEdges(entry->kind)) {
      return;
    }
    if (entry->user_id.empty()) {
      rows[{store::Table::kProjects, store::ProjectKey(entry->project)}] =
          store::EncodeProjectRecord(store::OnBroadcast(
              Project(entry->project),
              {entry->id, entry->expires_us, entry->notification_kind, entry->critical}));
    } else {
      const std::string key = store::UserPrefix(entry->partition, entry->project, entry->user_id);
      store::UserRecord user = User(key).value_or(store::UserRecord{});
      user = entry->kind == EntryKind::kNotification
                 ? store::OnNotification(std::move(user), entry->id, entry->notification_kind)
                 : store::OnStateEntry(std::move(user), entry->id);
      rows[{store::Table::kUsers, key}] = store::EncodeUserRecord(user);
    }
  }

  // The row as it is there, by its key.
  std::optional<store::UserRecord> User(const std::string& key) const {
    const auto found = rows.find({store::Table::kUsers, key});
    if (found != rows.end()) {
      return store::DecodeUserRecord(found->second);
    }
    return everybody_known ? std::optional(store::UserRecord{}) : std::nullopt;
  }
  // Zeros where there is none.
  store::ProjectRecord Project(const std::string& project) const {
    const auto found = rows.find({store::Table::kProjects, store::ProjectKey(project)});
    return found == rows.end()
               ? store::ProjectRecord{}
               : store::DecodeProjectRecord(found->second).value_or(store::ProjectRecord{});
  }
};

inline std::size_t StoredBytes(const Entry& entry) {
  return 60 + entry.project.size() + entry.user_id.size() + entry.payload.size();
}

// The entries of one log that `wanted` picks. Both must outlive it, unchanged.
class MemoryCursor final : public store::EntryCursor {
 public:
  using Map = std::map<EntryId, EntryPtr>;
  using Wanted = std::function<bool(const Entry&)>;
  MemoryCursor(const Map& log, Wanted wanted) : log_(log), wanted_(std::move(wanted)) {}

  void SeekAfter(EntryId id) override {
    upwards_ = true;
    Stand(log_.upper_bound(id));
  }
  void SeekBefore(EntryId id) override {
    upwards_ = false;
    const auto above = log_.lower_bound(id);
    Stand(above == log_.begin() ? log_.end() : std::prev(above));
  }
  void Next() override { Stand(After(at_)); }
  std::optional<EntryId> id() const override {
    return at_ == log_.end() ? std::nullopt : std::optional(at_->first);
  }
  std::size_t bytes() const override { return StoredBytes(*at_->second); }
  Result<Entry> entry() const override { return *at_->second; }
  std::optional<EntryKind> kind() const override { return at_->second->kind; }
  Status status() const override { return {}; }

 private:
  Map::const_iterator After(Map::const_iterator at) const {
    if (upwards_) {
      return std::next(at);
    }
    return at == log_.begin() ? log_.end() : std::prev(at);
  }
  void Stand(Map::const_iterator at) {
    while (at != log_.end() && !wanted_(*at->second)) {
      at = After(at);
    }
    at_ = at;
  }

  const Map& log_;
  const Wanted wanted_;
  Map::const_iterator at_ = log_.end();
  bool upwards_ = true;
};

// The state rows of one user. The tables must outlive it, unchanged.
class MemoryStates final : public store::StateCursor {
 public:
  MemoryStates(const MemoryTables& tables, std::string prefix)
      : tables_(tables), prefix_(std::move(prefix)) {}

  void SeekAfter(EntryId id) override {
    upwards_ = true;
    at_ = tables_.rows.lower_bound(Key(id + 1));
  }
  void SeekBefore(EntryId id) override {
    upwards_ = false;
    at_ = tables_.rows.lower_bound(Key(id));
    StepBack();
  }
  void Next() override {
    if (upwards_) {
      ++at_;
    } else {
      StepBack();
    }
  }
  std::optional<EntryId> id() const override {
    const bool there = at_ != tables_.rows.end() && at_->first.first == store::Table::kState &&
                       at_->first.second.size() == prefix_.size() + sizeof(EntryId) &&
                       at_->first.second.starts_with(prefix_);
    return there ? store::IdOf(at_->first.second) : std::nullopt;
  }
  std::size_t bytes() const override { return at_->second.size(); }
  Result<store::EntryState> state() const override {
    return store::DecodeEntryState(at_->second).value_or(store::EntryState{});
  }
  Status status() const override { return {}; }

 private:
  using Rows = std::map<std::pair<store::Table, std::string>, std::string>;
  std::pair<store::Table, std::string> Key(EntryId id) const {
    return {store::Table::kState, store::WithId(prefix_, id)};
  }
  void StepBack() { at_ = at_ == tables_.rows.begin() ? tables_.rows.end() : std::prev(at_); }

  const MemoryTables& tables_;
  const std::string prefix_;
  Rows::const_iterator at_ = tables_.rows.end();
  bool upwards_ = true;
};

// Not thread-safe: whoever shares the tables locks them for as long as a read takes.
class MemoryRows : public store::FeedRows {
 public:
  // `tables` must outlive it.
  explicit MemoryRows(const MemoryTables& tables) : tables_(tables) {}

  Partition partitions() const override { return static_cast<Partition>(tables_.positions.size()); }
  PartitionPosition HeadNow(Partition partition) const override {
    return tables_.positions[partition];
  }
  std::span<const store::LostInterval> Lost(Partition partition) const override {
    return tables_.lost[partition];
  }
  Result<store::FeedMoment> Look(const store::UserRef& user) const override {
    const std::string project(user.project);
    const std::string user_id(user.user_id);
    const auto& log = tables_.logs[user.partition];
    return store::FeedMoment{
        .position = tables_.positions[user.partition],
        .upgraded_at = 0,
        .user = tables_.User(store::UserPrefix(user.partition, project, user_id)),
        .project = tables_.Project(project),
        .user_entries = std::make_unique<MemoryCursor>(log,
                                                       [=](const Entry& entry) {
                                                         return entry.project == project &&
                                                                entry.user_id == user_id &&
                                                                !IsForEdges(entry.kind);
                                                       }),
        .project_entries = std::make_unique<MemoryCursor>(log,
                                                          [=](const Entry& entry) {
                                                            return entry.project == project &&
                                                                   entry.user_id.empty() &&
                                                                   !IsForEdges(entry.kind) &&
                                                                   entry.kind != EntryKind::kErased;
                                                          }),
        .states = std::make_unique<MemoryStates>(
            tables_, store::UserPrefix(user.partition, project, user_id))};
  }
  Result<std::unique_ptr<store::EntryCursor>> Log(Partition partition) const override {
    return std::unique_ptr<store::EntryCursor>(
        std::make_unique<MemoryCursor>(tables_.logs[partition], [](const Entry&) { return true; }));
  }

 private:
  const MemoryTables& tables_;
};

}  // namespace belfry::test
