// SPDX-License-Identifier: Apache-2.0
#include "tests/support/checker/ledger.h"

#include <algorithm>
#include <set>

#include "tests/support/checker/excerpt.h"

namespace belfry::test {

std::int64_t Committed::expires_us() const {
  return stored != nullptr ? stored->expires_us : publish != nullptr ? publish->expires_us : 0;
}

bool Committed::MayBeLeftOut(std::int64_t at_us) const {
  return taken_away || (expires_us() != 0 && expires_us() <= at_us);
}

std::string Committed::Lines() const {
  return (publish == nullptr ? "" : LineOf(*publish)) + (stored == nullptr ? "" : LineOf(*stored));
}

Ledger::Ledger(const History& history, Partition partitions) : partitions_(partitions) {
  for (const StoredLog& log : history.stored) {
    AddLog(log);
  }
  for (const Publish& publish : history.publishes) {
    AddPublish(publish);
  }
  for (const Joined& joined : history.joined) {
    joins_[{joined.project, joined.user_id}].push_back(joined.id);
  }
  for (const ClientHistory& client : history.clients) {
    for (const StreamEvent& event : client.events) {
      NoteTime(event.at_us);
    }
  }
}

void Ledger::AddLog(const StoredLog& log) {
  logs_[log.partition] = &log;
  Ids& ids = entries_[log.partition];
  for (const auto* entries : {&log.retired, &log.entries}) {
    for (const Stored& entry : *entries) {
      if (entry.change.op != StateOp::kUnspecified) {
        changes_[log.partition].push_back(&entry);
      }
    }
  }
  for (const Stored& entry : log.retired) {
    if (!entry.tag.empty()) {
      retired_.emplace(std::pair(log.partition, entry.id), &entry);
    }
  }
  for (const Stored& entry : log.entries) {
    ids.emplace(entry.id, &entry);
    if (entry.tag.empty()) {
      continue;
    }
    copies_[entry.tag].push_back(&entry);
    stored_[{entry.project, entry.user_id}].push_back(&entry);
  }
}

void Ledger::AddPublish(const Publish& publish) {
  by_tag_.emplace(publish.tag, &publish);
  NoteTime(publish.answered_us);
  if (publish.outcome != Publish::Outcome::kAcknowledged || publish.ids.empty()) {
    return;
  }
  acknowledged_[{publish.project, publish.user_id}].push_back(&publish);
  for (const Partition home : HomesOf(publish)) {
    promised_.emplace(std::pair(home, IdIn(home, publish)), &publish);
  }
}

std::vector<Partition> Ledger::HomesOf(const Publish& publish) const {
  if (!publish.user_id.empty()) {
    return {HomeOf(publish.project, publish.user_id)};
  }
  std::vector<Partition> all(partitions_);
  for (Partition p = 0; p < partitions_; ++p) {
    all[p] = p;
  }
  return all;
}

const Publish* Ledger::ByTag(const std::string& tag) const {
  const auto found = by_tag_.find(tag);
  return found == by_tag_.end() ? nullptr : found->second;
}

const StoredLog* Ledger::LogOf(Partition partition) const {
  const auto found = logs_.find(partition);
  return found == logs_.end() ? nullptr : found->second;
}

const Stored* Ledger::At(Partition partition, EntryId id) const {
  const auto ids = entries_.find(partition);
  if (ids == entries_.end()) {
    return nullptr;
  }
  const auto found = ids->second.find(id);
  return found == ids->second.end() ? nullptr : found->second;
}

const Publish* Ledger::PromisedAt(Partition partition, EntryId id) const {
  const auto found = promised_.find({partition, id});
  return found == promised_.end() ? nullptr : found->second;
}

const std::vector<const Stored*>& Ledger::CopiesOf(const std::string& tag) const {
  static const std::vector<const Stored*> none;
  const auto found = copies_.find(tag);
  return found == copies_.end() ? none : found->second;
}

const Stored* Ledger::CopyIn(Partition partition, const std::string& tag) const {
  const Publish* publish = ByTag(tag);
  const Stored* first = nullptr;
  for (const Stored* copy : CopiesOf(tag)) {
    if (copy->partition != partition) {
      continue;
    }
    if (first == nullptr) {
      first = copy;
    }
    const EntryId id = copy->broadcast_id != 0 ? copy->broadcast_id : copy->id;
    if (publish != nullptr && std::count(publish->ids.begin(), publish->ids.end(), id) > 0) {
      return copy;
    }
  }
  return first;
}

EntryId Ledger::IdIn(Partition partition, const Publish& publish) const {
  const Stored* copy = publish.user_id.empty() ? CopyIn(partition, publish.tag) : nullptr;
  return copy != nullptr ? copy->id : publish.ids.front();
}

bool Ledger::IsLost(Partition partition, EntryId id) const {
  const StoredLog* log = LogOf(partition);
  return log != nullptr &&
         std::any_of(log->lost.begin(), log->lost.end(), [id](const auto& interval) {
           return interval.first < id && id <= interval.second;
         });
}

bool Ledger::MustBeStored(Partition partition, EntryId id, std::int64_t at_us) const {
  const StoredLog* log = LogOf(partition);
  return log != nullptr && id > log->floor && !IsLost(partition, id) &&
         (log->read_us == 0 || at_us < log->read_us);
}

std::vector<Committed> Ledger::OfFeed(const std::string& project,
                                      const std::string& user_id) const {
  const Partition home = HomeOf(project, user_id);
  std::map<EntryId, Committed> feed;
  for (const std::string& user : {user_id, std::string()}) {
    if (const auto found = stored_.find({project, user}); found != stored_.end()) {
      for (const Stored* entry : found->second) {
        const Publish* publish = ByTag(entry->tag);
        const bool wanted =
            publish != nullptr && publish->project == project && publish->user_id == user &&
            publish->outcome != Publish::Outcome::kRejected && CopyIn(home, entry->tag) == entry;
        if (wanted) {
          feed.emplace(entry->id, Committed{entry->id, publish, entry});
        }
      }
    }
    if (const auto found = acknowledged_.find({project, user}); found != acknowledged_.end()) {
      for (const Publish* publish : found->second) {
        // Under another id than the OK said it is in the feed already.
        if (CopyIn(home, publish->tag) != nullptr) {
          continue;
        }
        const EntryId id = publish->ids.front();
        feed.emplace(id, Committed{id, publish, nullptr});
      }
    }
  }
  std::set<EntryId> taken_away;
  const std::vector<const Stored*> changes = ChangesOf(project, user_id);
  for (const Stored* entry : changes) {
    const StateOp op = entry->change.op;
    if (op == StateOp::kDelete || op == StateOp::kRetracted || op == StateOp::kReplaced ||
        op == StateOp::kExpired) {
      taken_away.insert(entry->change.ids.begin(), entry->change.ids.end());
    }
  }
  std::vector<const Stored*> kept = changes;
  std::erase_if(kept, [&](const Stored* change) { return IsLost(home, change->id); });
  const std::vector<EntryId> joins = JoinsOf(project, user_id);
  const EntryId joined = joins.empty() ? 0 : *std::max_element(joins.begin(), joins.end());
  std::vector<Committed> result;
  for (const auto& [id, committed] : feed) {
    if (committed.publish->user_id.empty() && id <= joined) {
      continue;  // from before the user joined
    }
    const auto retired = retired_.find({home, id});
    const Stored* entry = committed.stored != nullptr ? committed.stored
                          : retired != retired_.end() ? retired->second
                                                      : nullptr;
    // What was lost had been in force for what was lost with it.
    if (entry != nullptr && IsMuted(IsLost(home, id) ? changes : kept, *entry)) {
      continue;
    }
    result.push_back(committed);
    result.back().taken_away = taken_away.contains(id);
  }
  return result;
}

std::vector<const Stored*> Ledger::ChangesOf(const std::string& project,
                                             const std::string& user_id) const {
  std::vector<const Stored*> changes;
  const auto all = changes_.find(HomeOf(project, user_id));
  if (all == changes_.end()) {
    return changes;
  }
  for (const Stored* entry : all->second) {
    if (entry->project == project && (entry->user_id.empty() || entry->user_id == user_id)) {
      changes.push_back(entry);
    }
  }
  std::sort(changes.begin(), changes.end(),
            [](const Stored* a, const Stored* b) { return a->id < b->id; });
  return changes;
}

bool Ledger::IsMuted(const std::vector<const Stored*>& changes, const Stored& broadcast) {
  const Stored* in_force = nullptr;
  for (const Stored* change : changes) {
    if (change->id < broadcast.id && change->change.op == StateOp::kPreferences) {
      in_force = change;
    }
  }
  return broadcast.user_id.empty() && in_force != nullptr &&
         std::any_of(in_force->change.muted_kinds.begin(), in_force->change.muted_kinds.end(),
                     [&](const std::string& muted) { return broadcast.kind.starts_with(muted); });
}

std::vector<EntryId> Ledger::JoinsOf(const std::string& project, const std::string& user_id) const {
  const auto found = joins_.find({project, user_id});
  return found == joins_.end() ? std::vector<EntryId>() : found->second;
}

}  // namespace belfry::test
