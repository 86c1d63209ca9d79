// SPDX-License-Identifier: Apache-2.0
// A commit as it is decided: gives ids, links entries, and knows what of users, projects and single
// entries has changed so far. Rounds, expiry and retirement make their commits with it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/inbox.h"
#include "libs/common/keyed_hash.h"
#include "services/store/core/broadcast_lookback.h"
#include "services/store/core/event_log.h"
#include "services/store/core/operations.h"
#include "services/store/core/pending_rows.h"
#include "services/store/core/project_quotas.h"
#include "services/store/core/project_record.h"
#include "services/store/core/project_usage.h"
#include "services/store/core/users_cache.h"

namespace belfry::store {

// What outlives a commit. The sequencer's thread only.
struct LogState {
  explicit LogState(std::size_t users_max) : users(users_max) {}

  std::vector<PartitionPosition> positions;  // by number
  EntryId last_id = 0;                       // the greatest of all positions: one sequence for all
  UsersCache users;
  // Forgotten whole when there are too many.
  TextMap<ProjectRecord> projects;
  std::uint64_t rounds = 0;
  EntryId upgraded_at = 0;  // see JoinsAt
  Operations operations;
  BroadcastLookback lookback;
  Usages usages;
  ProjectRates rates;

  EntryId lowest_floor() const;
};

// The id that follows `last`, the store's greatest, when the wall clock says `now_us`; 0 when there
// is none left. The clock can only push ids ahead, never back, and not beyond kEntryIdMax: a clock
// that says so is not believed. Every id of a store is made here; several stores could share one
// sequence by each taking the ids of its own residue (id % stores), and this is the place for it.
EntryId NextId(EntryId last, std::int64_t now_us);

struct CommitTimes {
  std::int64_t now_us = 0;     // the wall clock
  std::int64_t passed_us = 0;  // what surely has passed: things expire by it (Clock)
};

// Not thread-safe. `state` changes with it, before the commit: a draft is committed, or the state
// is not used any more.
class CommitDraft {
 public:
  using User = UsersCache::User;

  // All must outlive it.
  CommitDraft(LogState& state, Tables& tables, const CommitTimes& times);
  CommitDraft(const CommitDraft&) = delete;
  CommitDraft& operator=(const CommitDraft&) = delete;

  LogState& state() { return state_; }
  const LogState& state() const { return state_; }
  Tables& tables() { return tables_; }
  // Rows as this draft leaves them so far; not those that Finish adds.
  RowReader& pending() { return pending_; }
  const CommitTimes& times() const { return times_; }
  CommitBatch& batch() { return batch_; }
  const CommitBatch& batch() const { return batch_; }

  // Reads into `state` what is not there: on an error of Tables nothing was added.
  Status LoadUsers(std::span<const UserRef> users) { return state_.users.Load(users, tables_); }
  Status LoadProject(std::string_view project);
  // The user or project must be loaded. Who is not known joins.
  User& UserOf(std::string_view project, std::string_view user_id);
  // Likewise, but nobody joins: of whom time takes something away.
  User& LoadedUser(std::string_view project, std::string_view user_id);
  ProjectRecord& ProjectOf(std::string_view project);

  // Has anybody heard of the user, this draft included?
  bool IsKnown(const User& user) const {
    return (user.known || touched(user)) && !IsErased(user.record);
  }
  // Has this draft changed the user?
  bool touched(const User& user) const { return user.touched == state_.rounds; }
  void Touch(User& user);
  void TouchProject(std::string_view project);
  // Nothing is kept of the user any more; this draft has not touched them.
  void Forget(User& user);

  // The next entry's; 0: there is none left.
  EntryId NextEntryId() const;
  // `entry` has all but its link.
  void AddEntry(Entry entry);
  // One entry per partition, with one id and one body.
  void AddToAllPartitions(const Entry& entry);
  // What `entry` took is free: it is retired. Its body is there, if it has one.
  void TakeOff(const Entry& entry);
  // The entry that tells this user's streams of `change`, with the counts that are so after it.
  // `id`: NextEntryId's. The user is touched, their project loaded.
  void AddStateEntry(User& user, EntryId id, StateChange change);
  Counts CountsNow(const User& user);
  // See user_ledger.h.
  EntryId FloorOf(const User& user) const {
    return store::FloorOf(user.record, state_.positions[user.partition].floor);
  }

  // What was done to entries, by this draft or before.
  Result<std::vector<EntryState>> FindStates(std::span<const EntryRef> entries);
  void SetState(const EntryRef& entry, const EntryState& state);

  // Adds the rows of what was touched. Last.
  void Finish();

 private:
  void TouchUsage(std::string_view project);

  LogState& state_;
  Tables& tables_;
  const CommitTimes times_;
  std::vector<User*> touched_users_;
  std::vector<bool> touched_partitions_;
  std::vector<std::string> touched_projects_;
  std::set<std::string, std::less<>> touched_usages_;  // by project
  std::map<std::string, EntryState>
      states_;  // by the key of their row, in whose order they go into the batch
  CommitBatch batch_;
  PendingRows pending_{batch_, tables_};
};

}  // namespace belfry::store
