// SPDX-License-Identifier: Apache-2.0
// From items that callers append to one CommitBatch and every item's answer. Decides by what Tables
// say; the caller commits.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/common/keyed_hash.h"
#include "services/store/core/append.h"
#include "services/store/core/commit_draft.h"
#include "services/store/core/critical_kinds.h"
#include "services/store/core/event_log.h"
#include "services/store/core/project_quotas.h"

namespace belfry::store {

struct RoundRules {
  CommitTimes times = {};
  std::int64_t key_ttl_us = 0;
  bool disk_low = false;     // repeats are still answered, nothing new is taken
  bool disk_scarce = false;  // a project that has more than an equal share is refused
  bool rated = true;         // projects' rates hold
  std::size_t broadcasts_live_max = 1'000;  // of a project
  // A commit of this encoded size takes no further change of an audience.
  std::size_t audience_bytes_max = 256u << 10;
  const CriticalKinds& critical;
  const ProjectQuotas& quotas;
};

// What `item` adds to a commit's encoded_bytes(), its rows included, at most; but for a user's
// record with more in it than kinds usually make it, and for a change of an audience, which adds as
// much as its users' records have (RoundRules::audience_bytes_max).
std::size_t CommitBytesMax(const AppendItem& item, std::size_t partitions);

// Not thread-safe. The items must outlive it.
class RoundPlan {
 public:
  RoundPlan(LogState& state, Tables& tables, const RoundRules& rules)
      : rules_(rules), draft_(state, tables, rules.times) {}

  // Decides items in their order and changes the state accordingly: at least the first one, and not
  // one that has to count or walk over what an earlier one changes, nor a change of an audience
  // behind so many that the commit would grow too large; that begins the next commit. On an error
  // nothing is decided and the state is as before.
  Status Decide(std::span<AppendItem* const> items);

  // What Decide made; empty() when there is nothing to commit.
  CommitBatch& batch() { return draft_.batch(); }
  bool empty() const { return draft_.batch().empty(); }
  // One per item that was decided.
  AppendResults& results() { return results_; }

 private:
  using Key = std::pair<std::string_view, std::string_view>;
  // What an idempotency key stands for: as recorded earlier, or by this round.
  struct KeyUse {
    bool used = false;
    EntryId id = 0;
    std::int64_t created_us = 0;
    std::string_view content_hash;
  };
  // A collapse key of a user.
  struct CollapseRef {
    std::string_view project;
    std::string_view user_id;
    std::string_view collapse_key;
    auto operator<=>(const CollapseRef&) const = default;
  };
  // The notification that a new one replaces; without its payload.
  struct Replaced {
    Entry entry;
    EntryState state;
  };

  Status LookUpKeys(std::span<AppendItem* const> items);
  Status Load(std::span<AppendItem* const> items);
  // Must `item` wait for the next commit?
  bool Waits(const AppendItem& item);
  // The item's answer, or an error of Tables: then nothing was changed.
  Result<Appended> DecideItem(AppendItem& item);
  // Why the item's project may not have it stored; std::nullopt: it may.
  std::optional<Error> OverQuota(const AppendItem& item);
  Result<Appended> DecideState(const AppendItem& item);
  Result<Appended> DecideAudience(const AppendItem& item);
  // The answer to a repeat.
  Appended Repeat(const AppendItem& item, const KeyUse& use);
  Result<Appended> DecideNotification(AppendItem& item);
  Result<Appended> DecideBroadcast(AppendItem& item);
  Result<std::optional<Replaced>> FindReplaced(const AppendItem& item,
                                               const CommitDraft::User& user);
  // The newest notification of the item's collapse key that an earlier commit made.
  Result<std::optional<Entry>> FindCommitted(const AppendItem& item, const CommitDraft::User& user);
  Appended Record(const AppendItem& item, EntryId id);
  bool has_changes() const { return !results_.empty(); }

  const RoundRules rules_;
  std::unordered_map<Key, KeyUse, KeyedHash> keys_;
  std::vector<std::optional<IdempotencyRecord>> records_;  // keys_ point into their hashes
  // The newest notification of each collapse key, if this round made it; without its payload.
  // Ordered: nobody can make it slow.
  std::map<CollapseRef, Entry> collapsible_;
  CommitDraft draft_;
  AppendResults results_;
};

}  // namespace belfry::store
