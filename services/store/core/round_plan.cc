// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/round_plan.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/audience_plan.h"
#include "services/store/core/inbox_plan.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {
namespace {

Error NoIdsLeft() {
  return {Code::kResourceExhausted, "append: the store has no ids left", "IDS_EXHAUSTED"};
}

// Whose records an item changes besides its own user's: it makes them known, or unknown, or they do
// not get a broadcast.
std::vector<std::string_view> OthersOf(const AppendItem& item) {
  std::vector<std::string_view> users(item.excluded.begin(), item.excluded.end());
  if (item.audience && item.audience->op == AudienceOp::kUpsertUsers) {
    for (const AudienceUser& user : item.audience->users) {
      users.emplace_back(user.user_id);
    }
  } else if (item.audience && item.audience->op == AudienceOp::kEraseUser) {
    users.emplace_back(item.audience->user_ids.front());
  }
  return users;
}

// What is small and must not wait until an operator has made room.
bool MayUseReserve(const AppendItem& item) {
  return item.audience && (item.audience->op == AudienceOp::kEraseUser ||
                           item.audience->op == AudienceOp::kDropProject ||
                           item.audience->op == AudienceOp::kRevokeTokens ||
                           item.audience->op == AudienceOp::kCloseStreams);
}

// A project that is at its quota stores nothing new, but its users still read and archive what they
// have: changes of state may take so much more of what it may have.
constexpr std::uint64_t kStateShare = 10;

std::uint64_t WithShareOfState(std::uint64_t max) { return max + max / kStateShare; }

Error QuotaExceeded(const AppendItem& item, std::string_view why,
                    std::chrono::milliseconds retry_after) {
  Error error{Code::kResourceExhausted,
              "append: project \"" + item.project + "\" " + std::string(why), "QUOTA_EXCEEDED"};
  error.retry_after = retry_after;
  return error;
}

// Of Tables, and not the answer to one item.
bool IsOfTables(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDataLoss;
}

}  // namespace

std::size_t CommitBytesMax(const AppendItem& item, std::size_t partitions) {
  // A row's key repeats the names, with their lengths; its value is small, but for a user's record,
  // which holds up to kKindsMax counters. A partition's position moves with each entry.
  constexpr std::size_t kRowBytesMax = 160;
  constexpr std::size_t kRecordBytes = 1024;
  const std::size_t names = item.project.size() + item.user_id.size();
  const std::size_t per_entry =
      CommitBatch::EntryBytesMax(item.project, item.user_id, item.notification_kind) +
      kRowBytesMax + names;
  if (item.update) {
    const std::size_t ids = item.update->change.ids.size();
    return per_entry + 2 * kRecordBytes + ids * (kRowBytesMax + names);
  }
  if (item.audience && item.audience->user_ids.empty() && item.audience->users.empty()) {
    return 2 * item.bytes(static_cast<Partition>(partitions)) + partitions * per_entry;
  }
  if (item.audience) {
    return 2 * item.bytes(static_cast<Partition>(partitions));
  }
  const std::size_t key_row = kRowBytesMax + item.project.size() + item.idempotency_key.size();
  const std::size_t usage_row = kRowBytesMax + item.project.size();
  const std::size_t expiry_row = item.expires_us != 0 ? kRowBytesMax + names : 0;
  const std::size_t collapse =
      item.collapse_key.empty() ? 0 : 2 * (per_entry + kRecordBytes) + item.collapse_key.size();
  const std::size_t entries = item.kind == EntryKind::kBroadcast ? partitions : 1;
  const std::size_t excluded = item.excluded.size() * (kRecordBytes + kRowBytesMax);
  return item.payload.size() + entries * per_entry + key_row + usage_row + expiry_row + collapse +
         excluded;
}

Status RoundPlan::Decide(std::span<AppendItem* const> items) {
  if (Status looked_up = LookUpKeys(items); !looked_up.ok()) {
    return looked_up;
  }
  if (Status loaded = Load(items); !loaded.ok()) {
    return loaded;
  }
  results_.reserve(items.size());
  for (AppendItem* item : items) {
    if (has_changes() && Waits(*item)) {
      break;
    }
    auto decided = DecideItem(*item);
    if (!decided.ok() && IsOfTables(decided.error())) {
      if (!has_changes()) {
        return Fail(std::move(decided.error()));
      }
      break;  // the next round meets it again
    }
    results_.push_back(std::move(decided));
  }
  draft_.Finish();
  return {};
}

Status RoundPlan::LookUpKeys(std::span<AppendItem* const> items) {
  std::vector<KeyRef> asked;
  for (const AppendItem* item : items) {
    if (item->idempotency_key.empty()) {
      continue;
    }
    const auto [use, added] = keys_.try_emplace(Key(item->project, item->idempotency_key));
    if (added && !item->idempotency_key_fresh) {
      asked.push_back({item->project, item->idempotency_key});
    }
  }
  if (asked.empty() || Planted(PlantedFault::kIdempotencyForgotten)) {
    return {};
  }
  auto found = FindKeys(draft_.tables(), asked);
  if (!found.ok()) {
    return Fail(Wrap("look up idempotency keys", std::move(found.error())));
  }
  records_ = std::move(*found);
  BELFRY_CHECK_EQ(records_.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& record = records_[i];
    if (record && record->expires_us > rules_.times.passed_us) {
      keys_[Key(asked[i].project, asked[i].key)] = {true, record->id, record->created_us,
                                                    record->content_hash};
    }
  }
  return {};
}

Status RoundPlan::Load(std::span<AppendItem* const> items) {
  const auto partitions = static_cast<Partition>(draft_.state().positions.size());
  std::vector<UserRef> users;
  for (const AppendItem* item : items) {
    if (!item->user_id.empty()) {
      users.push_back(
          {PartitionOf(item->project, item->user_id, partitions), item->project, item->user_id});
    }
    for (const std::string_view user : OthersOf(*item)) {
      users.push_back({PartitionOf(item->project, user, partitions), item->project, user});
    }
    const bool counts = item->kind != EntryKind::kNotification || !item->collapse_key.empty();
    if (counts) {
      if (Status loaded = draft_.LoadProject(item->project); !loaded.ok()) {
        return loaded;
      }
    }
  }
  return draft_.LoadUsers(users);
}

bool RoundPlan::Waits(const AppendItem& item) {
  if (item.audience) {
    return draft_.batch().encoded_bytes() >= rules_.audience_bytes_max;
  }
  if (item.update && item.user_id.empty()) {
    return true;  // it may concern anybody
  }
  if (!item.update) {
    return false;
  }
  const CommitDraft::User& user = draft_.LoadedUser(item.project, item.user_id);
  return draft_.touched(user) && ReadsCommitted(draft_, user, item.update->change);
}

Result<Appended> RoundPlan::DecideItem(AppendItem& item) {
  if (draft_.state().operations.DropOf(item.project) != 0 &&
      !(item.audience && item.audience->op == AudienceOp::kDropProject)) {
    return Fail(Code::kFailedPrecondition,
                "append: project \"" + item.project + "\" is being dropped", "PROJECT_DROPPED");
  }
  const auto out_of_room = [] {
    Error error{Code::kResourceExhausted, "append: the disk's reserve is reached", "DISK_RESERVE"};
    error.retry_after = std::chrono::seconds(5);
    return Fail(std::move(error));
  };
  if (item.update) {
    const bool small = item.update->change.op == StateOp::kJoin;
    if (rules_.disk_low && !small) {
      return out_of_room();
    }
    if (auto over = small ? std::nullopt : OverQuota(item)) {
      return Fail(std::move(*over));
    }
    return DecideState(item);
  }
  const auto key = keys_.find(Key(item.project, item.idempotency_key));
  if (key != keys_.end() && key->second.used) {
    const KeyUse& use = key->second;
    if (use.content_hash != item.content_hash) {
      return Fail(Code::kFailedPrecondition,
                  "append: the idempotency key was used with other content",
                  "IDEMPOTENCY_KEY_REUSED");
    }
    return Repeat(item, use);
  }
  if (rules_.disk_low && !MayUseReserve(item)) {
    return out_of_room();
  }
  if (auto over = MayUseReserve(item) ? std::nullopt : OverQuota(item)) {
    return Fail(std::move(*over));
  }
  if (item.audience) {
    return DecideAudience(item);
  }
  if (item.kind == EntryKind::kBroadcast) {
    return DecideBroadcast(item);
  }
  return DecideNotification(item);
}

std::optional<Error> RoundPlan::OverQuota(const AppendItem& item) {
  constexpr std::chrono::seconds kUntilRetired(60);
  LogState& state = draft_.state();
  const ProjectQuota quota = rules_.quotas.Of(item.project);
  const Usage stored = state.usages.Of(item.project);
  const Usage more = UsageOf(item, static_cast<Partition>(state.positions.size()));
  const auto is_over = [&](std::uint64_t has, std::uint64_t adds, std::uint64_t max) {
    return max != 0 && has + adds > (item.update ? WithShareOfState(max) : max);
  };
  if (is_over(stored.entries, more.entries, quota.entries_max)) {
    return QuotaExceeded(item, "has as many entries as it may (store_project_entries_max)",
                         kUntilRetired);
  }
  if (is_over(stored.bytes, more.bytes, quota.bytes_max)) {
    return QuotaExceeded(item, "has stored as many bytes as it may (store_project_bytes_max)",
                         kUntilRetired);
  }
  if (item.update) {
    return std::nullopt;
  }
  const std::uint64_t projects = state.usages.of.size();
  if (rules_.disk_scarce &&
      stored.bytes > state.usages.all.bytes / std::max<std::uint64_t>(1, projects)) {
    return QuotaExceeded(item, "has more than an equal share of a disk that is nearly full",
                         kUntilRetired);
  }
  if (!rules_.rated) {
    return std::nullopt;
  }
  if (const auto wait = state.rates.Take(item.project, quota, more, rules_.times.passed_us)) {
    return QuotaExceeded(
        item, "publishes faster than it may (store_project_entries_rate, store_project_bytes_rate)",
        *wait);
  }
  return std::nullopt;
}

Result<Appended> RoundPlan::DecideState(const AppendItem& item) {
  auto updated = DecideUpdate(draft_, rules_.critical, *item.update);
  if (!updated.ok()) {
    return Fail(std::move(updated.error()));
  }
  return Appended{.updated = std::make_shared<const StateUpdated>(std::move(*updated))};
}

Appended RoundPlan::Repeat(const AppendItem& item, const KeyUse& use) {
  Appended repeat{.id = use.id, .created_us = use.created_us, .duplicate = true};
  if (item.audience) {
    const OperationRecord* const operation = draft_.state().operations.Find(use.id);
    repeat.audience = std::make_shared<const AudienceUpdated>(
        AudienceUpdated{.operation_id = use.id,
                        .recipients = operation == nullptr ? 0 : operation->told.total,
                        .duplicate = true});
  }
  return repeat;
}

Result<Appended> RoundPlan::DecideAudience(const AppendItem& item) {
  auto updated = store::DecideAudience(draft_, item);
  if (!updated.ok()) {
    return Fail(std::move(updated.error()));
  }
  Appended appended;
  if (updated->operation_id != 0 && !item.idempotency_key.empty()) {
    appended = Record(item, updated->operation_id);
  }
  appended.audience = std::make_shared<const AudienceUpdated>(std::move(*updated));
  return appended;
}

Result<Appended> RoundPlan::DecideNotification(AppendItem& item) {
  CommitDraft::User& user = draft_.UserOf(item.project, item.user_id);
  const bool critical = rules_.critical.Contain(item.project, item.notification_kind);
  if (!critical && IsMuted(user.record, item.notification_kind)) {
    return Appended{.suppressed = true};
  }
  auto replaced = FindReplaced(item, user);
  if (!replaced.ok()) {
    return Fail(std::move(replaced.error()));
  }
  const EntryId id = draft_.NextEntryId();
  if (id == 0 || (*replaced && id == kEntryIdMax)) {
    return Fail(NoIdsLeft());
  }
  const EntryRef ref{user.ref(), id};
  if (item.expires_us != 0) {
    SetExpiry(draft_.batch(), ref, item.expires_us, item.notification_kind);
  }
  if (!item.collapse_key.empty()) {
    SetCollapse(draft_.batch(), user.ref(), item.collapse_key, id);
  }
  user.record = OnNotification(std::move(user.record), id, item.notification_kind);
  draft_.Touch(user);
  Entry entry{.id = id,
              .kind = EntryKind::kNotification,
              .partition = user.partition,
              .project = item.project,
              .user_id = item.user_id,
              .created_us = rules_.times.now_us,
              .expires_us = item.expires_us,
              .notification_kind = std::move(item.notification_kind),
              .replaces = *replaced ? (*replaced)->entry.id : 0,
              .collapsed_count = *replaced ? (*replaced)->entry.collapsed_count + 1 : 0};
  if (!item.collapse_key.empty()) {
    collapsible_.insert_or_assign({item.project, item.user_id, item.collapse_key}, entry);
  }
  entry.payload = std::move(item.payload);
  draft_.AddEntry(std::move(entry));
  if (*replaced && !Planted(PlantedFault::kCollapsedCountedTwice)) {
    TakeAway(draft_, user, (*replaced)->entry, (*replaced)->state);
    StateChange change;
    change.op = StateOp::kReplaced;
    change.ids = {(*replaced)->entry.id};
    draft_.AddStateEntry(user, draft_.NextEntryId(), std::move(change));
  }
  return Record(item, id);
}

Result<std::optional<RoundPlan::Replaced>> RoundPlan::FindReplaced(const AppendItem& item,
                                                                   const CommitDraft::User& user) {
  if (item.collapse_key.empty()) {
    return std::optional<Replaced>();
  }
  std::optional<Entry> entry;
  const auto made = collapsible_.find({item.project, item.user_id, item.collapse_key});
  // What the user had before an erasure in this round is nobody's any more.
  if (made != collapsible_.end() && made->second.id > draft_.FloorOf(user)) {
    entry = made->second;
  } else {
    auto committed = FindCommitted(item, user);
    if (!committed.ok()) {
      return Fail(std::move(committed.error()));
    }
    entry = std::move(*committed);
  }
  if (!entry) {
    return std::optional<Replaced>();
  }
  const EntryRef ref{user.ref(), entry->id};
  const auto states = draft_.FindStates({&ref, 1});
  if (!states.ok()) {
    return Fail(states.error());
  }
  const EntryState& state = states->front();
  const bool live = !state.deleted && !state.gone &&
                    (entry->expires_us == 0 || entry->expires_us > rules_.times.passed_us);
  return live ? std::optional(Replaced{std::move(*entry), state}) : std::nullopt;
}

Result<std::optional<Entry>> RoundPlan::FindCommitted(const AppendItem& item,
                                                      const CommitDraft::User& user) {
  const auto id = ReadCollapse(draft_.tables(), user.ref(), item.collapse_key);
  if (!id.ok()) {
    return Fail(id.error());
  }
  if (*id <= draft_.FloorOf(user)) {
    return std::optional<Entry>();
  }
  const EntryRef ref{user.ref(), *id};
  auto entries = draft_.tables().ReadEntries({&ref, 1});
  if (!entries.ok()) {
    return Fail(std::move(entries.error()));
  }
  return std::move(entries->front());
}

Result<Appended> RoundPlan::DecideBroadcast(AppendItem& item) {
  ProjectRecord& project = draft_.ProjectOf(item.project);
  project = PruneLive(std::move(project), draft_.state().lowest_floor());
  if (project.live.size() >= rules_.broadcasts_live_max) {
    return Fail(Code::kResourceExhausted,
                "append: the project has " + std::to_string(project.live.size()) +
                    " live broadcasts; retract some, or let them expire",
                "BROADCASTS_LIVE");
  }
  const EntryId id = draft_.NextEntryId();
  if (id == 0) {
    return Fail(NoIdsLeft());
  }
  const bool critical = rules_.critical.Contain(item.project, item.notification_kind);
  if (item.expires_us != 0) {
    SetExpiry(draft_.batch(), {{0, item.project, {}}, id}, item.expires_us, item.notification_kind);
  }
  project =
      OnBroadcast(std::move(project), {id, item.expires_us, item.notification_kind, critical});
  for (const std::string& user_id : item.excluded) {
    CommitDraft::User& user = draft_.LoadedUser(item.project, user_id);
    if (draft_.IsKnown(user)) {  // whoever joins later has none of it
      user.record =
          OnBroadcastMark(std::move(user.record), id, StateOp::kDelete, {id, rules_.times.now_us});
      draft_.Touch(user);
    }
  }
  draft_.TouchProject(item.project);
  draft_.AddToAllPartitions({.id = id,
                             .kind = EntryKind::kBroadcast,
                             .project = item.project,
                             .created_us = rules_.times.now_us,
                             .expires_us = item.expires_us,
                             .broadcast_id = id,
                             .notification_kind = std::move(item.notification_kind),
                             .critical = critical,
                             .payload = std::move(item.payload)});
  return Record(item, id);
}

Appended RoundPlan::Record(const AppendItem& item, EntryId id) {
  const std::int64_t now = rules_.times.now_us;
  if (item.idempotency_key.empty()) {
    return {.id = id, .created_us = now};
  }
  keys_[Key(item.project, item.idempotency_key)] = {true, id, now, item.content_hash};
  SetKey(draft_.batch(), {item.project, item.idempotency_key},
         {id, now, rules_.times.passed_us + rules_.key_ttl_us, item.content_hash,
          item.user_id.empty() ? 0 : HashOf(item.project, item.user_id)});
  return {.id = id, .created_us = now};
}

}  // namespace belfry::store
