// SPDX-License-Identifier: Apache-2.0
// Random operations on a sequencer and on a plain model, compared after every step: counts, lists,
// replays. Crashes, restarts, retention, expiry and compaction happen in between.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/key_codec.h"
#include "tests/unit/store_core/ledger_model.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {

class LedgerRun {
 public:
  explicit LedgerRun(std::uint32_t seed)
      : random_(seed),
        kinds_(seed % 3 == 0 ? 90 : 4),
        rig_({.users_cached_max = seed % 2 == 0 ? 2u : 100u,
              .broadcasts_live_max = kLiveMax,
              .operation_step = {.entries_max = 3, .rows_max = 4},
              .critical_kinds = ReadCriticalKinds({"security."})},
             kPartitions) {
    model_.floors.resize(kPartitions);
    for (const char* project : {"acme", "globex"}) {
      for (const char* name : {"alice", "bob", "carol"}) {
        model_.users.push_back({.project = project,
                                .name = name,
                                .partition = PartitionOf(project, name, kPartitions)});
      }
    }
  }

  // Empty: all was as the model says. Else what was not, and the steps that led there.
  std::string Run(int steps) {
    for (int step = 0; step < steps && wrong_.empty(); ++step) {
      steps_ << "\n" << step << ": ";
      Step();
      if (wrong_.empty()) {
        Compare();
      }
    }
    return wrong_.empty() ? "" : wrong_ + steps_.str();
  }

 private:
  static constexpr Partition kPartitions = 2;
  static constexpr std::size_t kLiveMax = 12;
  static constexpr EntryId kForEver = kEntryIdMax;

  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }
  template <typename... Parts>
  void Wrong(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    wrong_ = wrong_.empty() ? out.str() : wrong_;
  }

  std::string Kind() {
    if (Chance(5)) {
      return "";
    }
    if (Chance(10)) {
      return "security.login";
    }
    return "k" + std::to_string(Pick(0, kinds_ - 1)) + ".x";
  }
  std::int64_t Expiry() { return Chance(30) ? model_.now_us + Pick(0, 20) * 1'000'000 : 0; }
  ModelUser& AnyUser() { return model_.users[static_cast<std::size_t>(Pick(0, 5))]; }
  // One of the user's, of any age, or one that nobody has; most often a new one.
  EntryId AnyId(const ModelUser& user) {
    if (user.items.empty() || Chance(3)) {
      const ModelUser& other = AnyUser();
      return other.items.empty() ? 12345 : other.items.back().id;
    }
    const int newest = static_cast<int>(user.items.size()) - 1;
    return user
        .items[static_cast<std::size_t>(Pick(Chance(70) ? std::max(0, newest - 8) : 0, newest))]
        .id;
  }
  EntryId AnyMark(const ModelUser& user) { return Chance(25) ? kForEver : AnyId(user); }

  void Step() {
    rig_.clock.Advance(std::chrono::milliseconds(Pick(0, 2'000)));
    model_.now_us = rig_.clock.ExpiryMicros();
    const int op = Pick(1, 100);
    StepOperations();
    if (op <= 84) {
      Round();
    } else if (op <= 91) {
      Expire();
    } else if (op <= 95) {
      Retire();
    } else {
      Restart();
    }
  }

  // One operation: the item that asks for it, and what the model makes of its answer.
  struct Op {
    AppendItem item;
    std::function<void(const Result<Appended>&, bool again)> then;
  };

  // Some operations in one call.
  void Round() {
    std::vector<Op> ops;
    std::vector<AppendItem> items;
    const bool fails = Chance(4);
    for (int i = fails || Chance(60) ? 1 : Pick(2, 5); i > 0; --i) {
      ops.push_back(AnyOp());
      items.push_back(ops.back().item);
    }
    if (fails && Chance(40)) {
      steps_ << " (the disk cannot be read)";
      rig_.log.reads_fail = true;
    } else if (fails) {
      steps_ << " (the commit fails)";
      rig_.log.next_commit = Chance(50) ? FakeEventLog::NextCommit::kFailsUnwritten
                                        : FakeEventLog::NextCommit::kFailsWritten;
    }
    bool again = false;
    auto answer = Send(items);
    rig_.log.reads_fail = false;
    rig_.log.next_commit = FakeEventLog::NextCommit::kWorks;
    if (!answer.ok()) {
      if (!fails) {
        return Wrong("a call failed: ", answer.error().ToString());
      }
      again = true;
      rig_.Restart();
      answer = Send(items);
    }
    if (!answer.ok()) {
      return Wrong("a call failed again: ", answer.error().ToString());
    }
    for (std::size_t i = 0; i < ops.size(); ++i) {
      ops[i].then((*answer)[i], again);
    }
  }
  Result<AppendResults> Send(const std::vector<AppendItem>& items) {
    const CallAnswer answer = rig_.Send(items);
    while (rig_.sequencer->Round()) {
    }
    return answer->has_value() ? **answer : Result<AppendResults>(Fail(Code::kInternal, "none"));
  }

  Op AnyOp() {
    const int op = Pick(1, 100);
    if (op <= 34) {
      return Notify(AnyUser());
    }
    if (op <= 42) {
      return Broadcast();
    }
    if (op <= 70) {
      return Mark(AnyUser());
    }
    if (op <= 84) {
      return MarkAll(AnyUser());
    }
    if (op <= 89) {
      return Seen(AnyUser());
    }
    if (op <= 94) {
      return Mute(AnyUser());
    }
    if (op <= 95) {
      return Erase(AnyUser());
    }
    return op <= 98 ? Retract(AnyUser()) : RetractBroadcast();
  }

  Op Notify(ModelUser& user) {
    AppendItem item = Item(user.name, "key" + std::to_string(++keys_));
    item.project = user.project;
    item.notification_kind = Kind();
    item.expires_us = Expiry();
    item.collapse_key = Chance(25) ? "thread" + std::to_string(Pick(1, 2)) : "";
    steps_ << " notify " << user.project << "/" << user.name << " " << item.notification_kind
           << (item.collapse_key.empty() ? "" : " collapse ") << item.collapse_key
           << (item.expires_us == 0 ? "" : " expires ");
    ModelItem made{.kind = item.notification_kind,
                   .expires_us = item.expires_us,
                   .collapse_key = item.collapse_key};
    return {std::move(item), [this, &user, made](const Result<Appended>& answer, bool) {
              user.known = true;
              const bool critical = made.kind.starts_with("security.");
              if (!answer.ok()) {
                return Wrong("notify: ", answer.error().ToString());
              }
              if (answer->suppressed != (!critical && user.Mutes(made.kind))) {
                return Wrong("suppressed: ", answer->suppressed);
              }
              if (!answer->suppressed) {
                ModelItem one = made;
                one.id = answer->id;
                model_.Notify(user, one);
              }
            }};
  }

  Op Broadcast() {
    const std::string project = Chance(70) ? "acme" : "globex";
    AppendItem item = BroadcastItem("key" + std::to_string(++keys_));
    item.project = project;
    item.notification_kind = Kind();
    item.expires_us = Expiry();
    steps_ << " broadcast " << project << " " << item.notification_kind
           << (item.expires_us == 0 ? "" : " expires ");
    ModelItem made{
        .kind = item.notification_kind, .broadcast = true, .expires_us = item.expires_us};
    if (Chance(20)) {
      item.excluded = {"bob", "nobody"};
      steps_ << " but not bob ";
    }
    const std::vector<std::string> excluded = item.excluded;
    return {std::move(item), [this, project, made, excluded](const Result<Appended>& answer, bool) {
              if (!answer.ok()) {
                if (answer.error().reason != "BROADCASTS_LIVE" || Live(project) < kLiveMax) {
                  Wrong("broadcast: ", answer.error().ToString());
                }
                return;
              }
              if (Live(project) >= kLiveMax) {
                Wrong("more broadcasts than may be live");
              }
              ModelItem one = made;
              one.id = answer->id;
              broadcasts_.push_back({project, one});
              model_.Broadcast(project, one, one.kind.starts_with("security."), excluded);
            }};
  }
  bool IsLive(EntryId id) const {
    return std::any_of(broadcasts_.begin(), broadcasts_.end(),
                       [id](const auto& one) { return one.second.id == id && !one.second.gone; });
  }
  std::size_t Live(const std::string& project) const {
    const EntryId floor = *std::min_element(model_.floors.begin(), model_.floors.end());
    return static_cast<std::size_t>(
        std::count_if(broadcasts_.begin(), broadcasts_.end(), [&](const auto& one) {
          return one.first == project && !one.second.gone && one.second.id > floor;
        }));
  }

  Op Update(ModelUser& user, StateChange change,
            std::function<void(const Result<StateUpdated>&, bool again)> then) {
    steps_ << " " << NameOf(change.op) << " " << user.project << "/" << user.name;
    for (const EntryId id : change.ids) {
      steps_ << " " << id;
    }
    if (change.up_to != 0) {
      steps_ << " up to " << change.up_to << " " << change.kind
             << (change.only_read ? " only read" : "");
    }
    StateUpdate update{.project = user.project, .user_id = user.name, .change = std::move(change)};
    return {UpdateItem(std::move(update)),
            [this, &user, then](const Result<Appended>& answer, bool again) {
              user.known = true;
              then(answer.ok() ? Result<StateUpdated>(*answer->updated)
                               : Result<StateUpdated>(Fail(answer.error())),
                   again);
              if (answer.ok()) {
                CompareCounts(user, answer->updated->counts);
              }
            }};
  }

  Op Mark(ModelUser& user) {
    StateChange change;
    change.op = static_cast<StateOp>(Pick(1, Chance(25) ? 5 : 4));
    for (int i = Chance(80) ? 1 : 3; i > 0; --i) {
      change.ids.push_back(AnyId(user));
    }
    return Update(user, change, [this, &user, change](const auto& answer, bool again) {
      if (!answer.ok()) {
        return Wrong("mark: ", answer.error().ToString());
      }
      std::vector<EntryId> not_found;
      bool changed = false;
      std::vector<EntryId> ids = change.ids;
      std::sort(ids.begin(), ids.end());
      ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
      for (const EntryId id : ids) {
        ModelItem* const item = user.Find(id);
        const EntryId floor = std::max(model_.floors[user.partition], user.erased);
        const bool was_deleted = id > floor && ((item != nullptr && item->deleted && !item->gone) ||
                                                (user.excluded.contains(id) && IsLive(id)));
        if (change.op == StateOp::kDelete && was_deleted) {
          continue;  // it is so already
        }
        if (item == nullptr || !model_.There(user, *item)) {
          not_found.push_back(id);
        } else {
          changed = LedgerModel::Mark(*item, change.op) || changed;
        }
      }
      if (!again && (answer->changed != changed || answer->not_found != not_found)) {
        Wrong("mark: changed ", answer->changed, ", not found ", answer->not_found.size());
      }
    });
  }

  Op MarkAll(ModelUser& user) {
    StateChange change;
    change.op = Chance(65) ? StateOp::kReadAll : StateOp::kArchiveAll;
    change.up_to = AnyMark(user);
    change.kind = Chance(25) ? "k" + std::to_string(Pick(0, 2)) : "";
    change.only_read = change.op == StateOp::kArchiveAll && Chance(50);
    return Update(user, change, [this, &user, change](const auto& answer, bool again) {
      if (!answer.ok()) {
        return Wrong("mark all: ", answer.error().ToString());
      }
      // A mark that only moves up is a change too.
      if (model_.MarkAll(user, change) && !answer->changed && !again) {
        Wrong("mark all changed nothing");
      }
    });
  }

  Op Seen(ModelUser& user) {
    StateChange change;
    change.op = StateOp::kSeen;
    change.up_to = AnyMark(user);
    return Update(user, change, [this, &user, change](const auto& answer, bool) {
      if (!answer.ok()) {
        return Wrong("seen: ", answer.error().ToString());
      }
      EntryId there = answer->counts.up_to;  // what comes later is not seen
      user.seen = std::max(user.seen, std::min(change.up_to, there));
    });
  }

  Op Mute(ModelUser& user) {
    StateChange change;
    change.op = StateOp::kPreferences;
    for (int i = Pick(0, 2); i > 0; --i) {
      change.muted_kinds.push_back(
          Chance(10) ? "security." : "k" + std::to_string(Pick(0, 3)) + (Chance(50) ? "." : ""));
      steps_ << " (" << change.muted_kinds.back() << ")";
    }
    return Update(user, change, [this, &user, change](const auto& answer, bool) {
      const std::set<std::string> muted(change.muted_kinds.begin(), change.muted_kinds.end());
      if (answer.ok() == muted.contains("security.")) {
        return Wrong("preferences: a critical kind");
      }
      if (answer.ok()) {
        user.muted = muted;
      }
    });
  }

  Op Retract(ModelUser& user) {
    StateChange change;
    change.op = StateOp::kRetracted;
    change.ids = {AnyId(user)};
    return Update(user, change, [this, &user, change](const auto& answer, bool again) {
      ModelItem* const item = user.Find(change.ids[0]);
      const bool there =
          item != nullptr && !item->broadcast && item->id > model_.floors[user.partition];
      if (answer.ok() != there) {
        return Wrong("retract: found ", answer.ok());
      }
      if (there) {
        if (!again && answer->changed == (item->gone || item->deleted)) {
          Wrong("retract: changed ", answer->changed);
        }
        item->gone = true;
      }
    });
  }

  Op RetractBroadcast() {
    StateUpdate update;
    update.project = "acme";
    update.change.op = StateOp::kRetracted;
    EntryId id = 12345;
    if (!broadcasts_.empty()) {
      const auto& one =
          broadcasts_[static_cast<std::size_t>(Pick(0, static_cast<int>(broadcasts_.size()) - 1))];
      update.project = one.first;
      id = one.second.id;
    }
    update.change.ids = {id};
    steps_ << " retract broadcast " << id;
    const std::string project = update.project;
    return {UpdateItem(std::move(update)),
            [this, project, id](const Result<Appended>& answer, bool) {
              const EntryId floor = *std::min_element(model_.floors.begin(), model_.floors.end());
              for (auto& [of, one] : broadcasts_) {
                if (one.id == id) {
                  if (answer.ok() != (id > floor)) {
                    Wrong("retract broadcast: found ", answer.ok());
                  }
                  one.gone = true;
                }
              }
              model_.TakeBroadcastAway(project, id);
            }};
  }

  Op Erase(ModelUser& user) {
    steps_ << " erase " << user.project << "/" << user.name;
    AudienceUpdate update{
        .op = AudienceOp::kEraseUser, .project = user.project, .user_ids = {user.name}};
    AppendItem item;
    item.kind = EntryKind::kUnspecified;
    return {AudienceItem(std::move(update), std::move(item)),
            [this, &user](const Result<Appended>& answer, bool again) {
              if (!answer.ok() || (!again && answer->audience->changed != user.known)) {
                return Wrong("erase: ", answer.ok());
              }
              if (user.known) {
                user.erased = rig_.log.record(user.project, user.name)->erased_up_to;
              }
              user.known = false;
              user.items.clear();
              user.muted.clear();
              user.excluded.clear();
              user.seen = 0;
            }};
  }

  // Erasures go on, one step at a time.
  void StepOperations() {
    for (int i = Pick(0, 3); i > 0; --i) {
      if (Chance(5)) {
        rig_.log.next_commit = Chance(50) ? FakeEventLog::NextCommit::kFailsUnwritten
                                          : FakeEventLog::NextCommit::kFailsWritten;
      }
      const auto stepped = rig_.sequencer->StepOperation();
      const bool failed = rig_.log.next_commit != FakeEventLog::NextCommit::kWorks;
      rig_.log.next_commit = FakeEventLog::NextCommit::kWorks;
      if (!stepped.ok() && !failed) {
        return Wrong("operation: ", stepped.error().ToString());
      }
      if (!stepped.ok()) {
        rig_.Restart();
      }
    }
  }

  void Expire() {
    steps_ << " expire";
    const auto rows_max = static_cast<std::size_t>(Pick(1, 5));
    if (Chance(15)) {
      steps_ << " (the commit fails)";
      rig_.log.next_commit = Chance(50) ? FakeEventLog::NextCommit::kFailsUnwritten
                                        : FakeEventLog::NextCommit::kFailsWritten;
      static_cast<void>(rig_.sequencer->Expire(rows_max));
      rig_.log.next_commit = FakeEventLog::NextCommit::kWorks;
      rig_.Restart();
    }
    for (bool more = true; more;) {
      const auto expired = rig_.sequencer->Expire(rows_max);
      if (!expired.ok()) {
        return Wrong("expire: ", expired.error().ToString());
      }
      more = *expired;
    }
    model_.Expire();
    for (auto& [project, one] : broadcasts_) {
      one.gone = one.gone || (one.expires_us != 0 && one.expires_us <= model_.now_us);
    }
  }

  void Retire() {
    const auto partition = static_cast<Partition>(Pick(0, kPartitions - 1));
    std::vector<EntryPtr> oldest;
    for (const EntryPtr& entry : rig_.log.log(partition)) {
      if (entry->id > model_.floors[partition]) {
        oldest.push_back(entry);
      }
    }
    oldest.resize(std::min<std::size_t>(oldest.size(), static_cast<std::size_t>(Pick(1, 25))));
    if (oldest.empty()) {
      return;
    }
    const EntryId floor = oldest.back()->id;
    steps_ << " retire " << partition << " up to " << floor;
    if (Chance(15)) {
      steps_ << " (the commit fails)";
      const bool written = Chance(50);
      rig_.log.next_commit = written ? FakeEventLog::NextCommit::kFailsWritten
                                     : FakeEventLog::NextCommit::kFailsUnwritten;
      static_cast<void>(rig_.sequencer->Retire(partition, oldest));
      rig_.log.next_commit = FakeEventLog::NextCommit::kWorks;
      rig_.Restart();
      if (!written) {
        return;
      }
    } else if (Status retired = rig_.sequencer->Retire(partition, oldest); !retired.ok()) {
      return Wrong("retire: ", retired.error().ToString());
    }
    model_.floors[partition] = floor;
    if (Chance(50)) {
      Compact(partition, floor);
    }
  }
  // As compaction does.
  void Compact(Partition partition, EntryId floor) {
    test::MemoryTables& tables = rig_.log.tables();
    auto& log = tables.logs[partition];
    log.erase(log.begin(), log.upper_bound(floor));
    std::erase_if(tables.rows, [&](const auto& row) {
      if (row.first.first != Table::kState) {
        return false;
      }
      const auto names = ParseUserKey(row.first.second);
      return names && names->partition == partition && names->id <= floor;
    });
  }

  void Restart() {
    const int back = Pick(0, 3);
    steps_ << " restart, the clock set back by " << back << " s";
    rig_.clock.SetUnixMicros(rig_.clock.UnixMicros() - back * 1'000'000);
    model_.now_us = rig_.clock.ExpiryMicros();
    rig_.Restart();
  }

  void CompareCounts(const ModelUser& user, const Counts& counts) {
    std::map<std::string, std::uint64_t> kinds;
    std::uint64_t unread = 0;
    std::uint64_t unseen = 0;
    for (const ModelItem& item : user.items) {
      if (model_.Counts(user, item)) {
        ++unread;
        ++kinds[item.kind];
        unseen += item.id > user.seen ? 1 : 0;
      }
    }
    if (counts.unread != unread || counts.unseen != unseen) {
      Wrong(user.project, "/", user.name, ": unread ", counts.unread, " and not ", unread,
            ", unseen ", counts.unseen, " and not ", unseen);
    }
    std::uint64_t sum = 0;
    for (const KindCount& kind : counts.by_kind) {
      sum += kind.count;
      const bool rest = kind.kind.empty() && kinds_ > static_cast<int>(kKindsMax);
      if (kind.count == 0 || (!rest && kinds[kind.kind] != kind.count)) {
        Wrong(user.project, "/", user.name, ": ", kind.count, " of kind ", kind.kind, " and not ",
              kinds[kind.kind]);
      }
    }
    if (sum != unread || counts.by_kind.size() > kKindsMax + 1) {
      Wrong(user.project, "/", user.name, ": ", sum, " by kind");
    }
  }

  void Compare() {
    rig_.log.now_us = model_.now_us;
    for (const ModelUser& user : model_.users) {
      const auto record = rig_.log.record(user.project, user.name);
      if ((record && !IsErased(*record)) != user.known) {
        Wrong(user.project, "/", user.name, ": known ", !user.known);
      }
      CompareList(user);
      CompareReplay(user);
    }
  }

  // What of a list's filters is asked of an item.
  bool Fits(const ModelUser& user, const ModelItem& item, const ListQuery& query) const {
    return model_.There(user, item) && item.archived == query.archived &&
           (!query.unread || *query.unread != item.read) && item.kind.starts_with(query.kind);
  }
  void CompareList(const ModelUser& user) {
    ListQuery query{.project = user.project, .user_id = user.name};
    query.limit = static_cast<std::uint32_t>(Pick(1, 6));
    query.archived = Chance(30);
    query.unread = Chance(50) ? std::optional(Chance(60)) : std::nullopt;
    query.kind = Chance(30) ? "k" + std::to_string(Pick(0, 3)) : "";
    std::vector<const ModelItem*> wanted;
    for (const ModelItem& item : user.items) {
      if (Fits(user, item, query)) {
        wanted.insert(wanted.begin(), &item);
      }
    }
    std::size_t next = 0;
    for (bool first = true; first || query.before != 0; first = false) {
      const auto page = rig_.log.List(query);
      if (!page.ok()) {
        return Wrong("list: ", page.error().ToString());
      }
      CompareCounts(user, page->counts);
      for (const Entry& entry : page->entries) {
        if (next == wanted.size() || !Same(entry, *wanted[next])) {
          return Wrong(user.project, "/", user.name, ": listed ", entry.id, " where ",
                       next == wanted.size() ? 0 : wanted[next]->id, " belongs; archived ",
                       query.archived, " unread ", query.unread ? *query.unread : 2, " kind ",
                       query.kind);
        }
        ++next;
      }
      if (page->entries.size() > query.limit ||
          (query.before != 0 && page->next_before >= query.before)) {
        return Wrong("a list's page has no end");
      }
      query.before = page->next_before;
    }
    if (next != wanted.size()) {
      Wrong(user.project, "/", user.name, ": not listed ", wanted[next]->id, "; archived ",
            query.archived, " unread ", query.unread ? *query.unread : 2, " kind ", query.kind);
    }
  }
  static bool Same(const Entry& entry, const ModelItem& item) {
    return entry.id == item.id && (entry.read_at_us != 0) == item.read &&
           (entry.archived_at_us != 0) == item.archived &&
           entry.collapsed_count == item.collapsed_count && entry.notification_kind == item.kind &&
           (entry.kind == EntryKind::kBroadcast) == item.broadcast;
  }

  void CompareReplay(const ModelUser& user) {
    const EntryId floor = std::max(model_.floors[user.partition], user.erased);
    FeedQuery query{.project = user.project,
                    .user_id = user.name,
                    .after = Chance(30) ? floor : std::max(floor, AnyId(user)),
                    .entries_max = static_cast<std::uint32_t>(Pick(1, 30))};
    std::vector<const ModelItem*> wanted;
    for (const ModelItem& item : user.items) {
      if (model_.There(user, item) && item.id > query.after) {
        wanted.push_back(&item);
      }
    }
    std::size_t next = 0;
    for (bool more = true; more;) {
      const auto page = rig_.log.ReadFeed(query);
      if (!page.ok() || page->fault == CursorFault::kWindowPassed) {
        return Wrong("replay");
      }
      if (page->fault != CursorFault::kNone) {
        return;  // an id of the other partition may be ahead
      }
      CompareCounts(user, page->counts);
      for (const Entry& entry : page->entries) {
        if (entry.kind == EntryKind::kState) {
          continue;
        }
        if (next == wanted.size() || !Same(entry, *wanted[next])) {
          return Wrong(user.project, "/", user.name, ": replayed ", entry.id);
        }
        ++next;
      }
      query.after = page->up_to;
      more = page->more;
    }
    if (next != wanted.size()) {
      Wrong(user.project, "/", user.name, ": not replayed ", wanted[next]->id);
    }
  }

  std::mt19937 random_;
  const int kinds_;
  Rig rig_;
  LedgerModel model_;
  std::vector<std::pair<std::string, ModelItem>> broadcasts_;
  int keys_ = 0;
  std::ostringstream steps_;
  std::string wrong_;
};

}  // namespace belfry::store
