// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/round_plan.h"

#include <algorithm>
#include <memory>
#include <string>

#include "libs/common/check.h"
#include "libs/common/planted_fault.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {

EntryId NextId(EntryId last, std::int64_t now_us) {
  EntryId next = last + 1;
  if (now_us > 0 && static_cast<EntryId>(now_us) <= kEntryIdMax) {
    next = std::max(next, static_cast<EntryId>(now_us));
  }
  return next <= kEntryIdMax ? next : 0;
}

std::size_t CommitBytesMax(const AppendItem& item, std::size_t partitions) {
  // A row's key repeats the names, with their lengths; its value is small. A partition's position
  // moves with each entry.
  constexpr std::size_t kRowBytesMax = 160;
  const std::size_t names = item.project.size() + item.user_id.size();
  const std::size_t per_entry =
      CommitBatch::EntryBytesMax(item.project, item.user_id) + kRowBytesMax + names;
  const std::size_t key_row = kRowBytesMax + item.project.size() + item.idempotency_key.size();
  const std::size_t entries = item.kind == EntryKind::kBroadcast ? partitions : 1;
  return item.payload.size() + entries * per_entry + key_row;
}

RoundPlan::RoundPlan(LogState& state, Tables& tables, const RoundRules& rules)
    : state_(state), tables_(tables), rules_(rules), touched_partitions_(state.positions.size()) {
  ++state_.rounds;
}

Status RoundPlan::Decide(std::span<AppendItem* const> items) {
  if (Status looked_up = LookUpKeys(items); !looked_up.ok()) {
    return looked_up;
  }
  if (Status loaded = LoadUsers(items); !loaded.ok()) {
    return loaded;
  }
  if (Status loaded = LoadProjects(items); !loaded.ok()) {
    return loaded;
  }
  results_.reserve(items.size());
  for (AppendItem* item : items) {
    results_.push_back(DecideItem(*item));
  }
  CollectChanges();
  return {};
}

Status RoundPlan::LookUpKeys(std::span<AppendItem* const> items) {
  std::vector<KeyRef> asked;
  for (const AppendItem* item : items) {
    const auto [use, added] = keys_.try_emplace(Key(item->project, item->idempotency_key));
    if (added && !item->idempotency_key_fresh) {
      asked.push_back({item->project, item->idempotency_key});
    }
  }
  if (asked.empty() || Planted(PlantedFault::kIdempotencyForgotten)) {
    return {};
  }
  auto found = FindKeys(tables_, asked);
  if (!found.ok()) {
    return Fail(Wrap("look up idempotency keys", std::move(found.error())));
  }
  records_ = std::move(*found);
  BELFRY_CHECK_EQ(records_.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& record = records_[i];
    if (record && record->expires_us > rules_.passed_us) {
      keys_[Key(asked[i].project, asked[i].key)] = {true, record->id, record->created_us,
                                                    record->content_hash};
    }
  }
  return {};
}

Status RoundPlan::LoadUsers(std::span<AppendItem* const> items) {
  const auto partitions = static_cast<Partition>(state_.positions.size());
  std::vector<UserRef> users;
  for (const AppendItem* item : items) {
    if (item->kind == EntryKind::kNotification) {
      users.push_back(
          {PartitionOf(item->project, item->user_id, partitions), item->project, item->user_id});
    }
  }
  return state_.users.Load(users, tables_);
}

Status RoundPlan::LoadProjects(std::span<AppendItem* const> items) {
  for (const AppendItem* item : items) {
    if (item->kind != EntryKind::kBroadcast || state_.projects.contains(item->project)) {
      continue;
    }
    auto project = ReadProject(tables_, item->project);
    if (!project.ok()) {
      return Fail(Wrap("read a project", std::move(project.error())));
    }
    state_.projects.emplace(item->project, std::move(*project));
  }
  return {};
}

Result<Appended> RoundPlan::DecideItem(AppendItem& item) {
  KeyUse& use = keys_[Key(item.project, item.idempotency_key)];
  if (use.used) {
    if (use.content_hash != item.content_hash) {
      return Fail(Code::kFailedPrecondition,
                  "append: the idempotency key was used with another content",
                  "IDEMPOTENCY_KEY_REUSED");
    }
    return Appended{use.id, use.created_us, true};
  }
  if (rules_.disk_low) {
    Error error{Code::kResourceExhausted, "append: the disk's reserve is reached", "DISK_RESERVE"};
    error.retry_after = std::chrono::seconds(5);
    return Fail(std::move(error));
  }
  const EntryId id =
      item.kind == EntryKind::kBroadcast ? AddBroadcast(item) : AddNotification(item);
  if (id == 0) {
    return Fail(Code::kResourceExhausted, "append: the store has no ids left", "IDS_EXHAUSTED");
  }
  use = {true, id, rules_.now_us, item.content_hash};
  SetKey(batch_, {item.project, item.idempotency_key},
         {id, rules_.now_us, rules_.passed_us + rules_.key_ttl_us, item.content_hash});
  return Appended{id, rules_.now_us, false};
}

EntryId RoundPlan::AddNotification(AppendItem& item) {
  UsersCache::User* user = state_.users.Find(item.project, item.user_id);
  BELFRY_CHECK(user != nullptr);
  const EntryId id = NextId(state_.last_id, id_time_us());
  if (id == 0) {
    return 0;
  }
  AddEntry({.id = id,
            .kind = EntryKind::kNotification,
            .partition = user->partition,
            .project = item.project,
            .user_id = item.user_id,
            .created_us = rules_.now_us,
            .expires_us = item.expires_us,
            .payload = std::move(item.payload)});
  user->record = OnNotification(std::move(user->record), id, std::nullopt);
  if (user->touched != state_.rounds) {
    user->touched = state_.rounds;
    touched_users_.push_back(user);
  }
  return id;
}

EntryId RoundPlan::AddBroadcast(AppendItem& item) {
  const EntryId id = NextId(state_.last_id, id_time_us());
  if (id == 0) {
    return 0;
  }
  const auto project = state_.projects.find(item.project);
  BELFRY_CHECK(project != state_.projects.end());
  project->second = OnBroadcast(std::move(project->second), id);
  touched_projects_.insert(project->first);
  const Payload body(std::move(item.payload));  // one copy, which all partitions' entries share
  for (Partition partition = 0; partition < state_.positions.size(); ++partition) {
    AddEntry({.id = id,
              .kind = EntryKind::kBroadcast,
              .partition = partition,
              .project = item.project,
              .created_us = rules_.now_us,
              .expires_us = item.expires_us,
              .broadcast_id = id,
              .broadcast_ordinal = project->second.broadcasts,
              .payload = body});
  }
  return id;
}

void RoundPlan::AddEntry(Entry entry) {
  PartitionHead& position = state_.positions[entry.partition];
  BELFRY_CHECK_GT(entry.id, position.last_id);
  entry.prev = position.last_id;
  position.last_id = entry.id;
  state_.last_id = entry.id;
  touched_partitions_[entry.partition] = true;
  batch_.Add(std::make_shared<const Entry>(std::move(entry)));
}

void RoundPlan::CollectChanges() {
  for (const UsersCache::User* user : touched_users_) {
    SetUser(batch_, user->ref(), user->record);
  }
  for (const std::string_view project : touched_projects_) {
    SetProject(batch_, project, state_.projects.find(std::string(project))->second);
  }
  for (std::size_t i = 0; i < touched_partitions_.size(); ++i) {
    if (touched_partitions_[i]) {
      batch_.Move(state_.positions[i]);
    }
  }
}

}  // namespace belfry::store
