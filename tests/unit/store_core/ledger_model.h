// SPDX-License-Identifier: Apache-2.0
// What a user's inbox is, said plainly: a list of items and a loop. No mark, no counter, no cache:
// a broadcast is an item in the list of everybody who is known when it comes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"

namespace belfry::store {

struct ModelItem {
  EntryId id = 0;
  std::string kind = {};
  bool broadcast = false;
  std::int64_t expires_us = 0;
  std::string collapse_key = {};
  std::uint32_t collapsed_count = 0;
  bool read = false;
  bool archived = false;
  bool deleted = false;
  bool gone = false;  // expired, replaced or retracted
};

struct ModelUser {
  std::string project = {};
  std::string name = {};
  Partition partition = 0;
  bool known = false;
  std::vector<ModelItem> items = {};  // by id
  std::set<std::string> muted = {};
  EntryId seen = 0;
  EntryId erased = 0;
  std::set<EntryId> excluded = {};  // broadcasts that were never theirs

  bool Mutes(std::string_view kind) const {
    return std::any_of(muted.begin(), muted.end(),
                       [&](const std::string& prefix) { return kind.starts_with(prefix); });
  }
  ModelItem* Find(EntryId id) {
    const auto at = std::find_if(items.begin(), items.end(),
                                 [id](const ModelItem& item) { return item.id == id; });
    return at == items.end() ? nullptr : &*at;
  }
};

struct LedgerModel {
  std::vector<ModelUser> users = {};
  std::vector<EntryId> floors = {};  // by partition
  std::int64_t now_us = 0;

  bool Kept(const ModelUser& user, const ModelItem& item) const {
    return !item.deleted && !item.gone && item.id > floors[user.partition];
  }
  bool There(const ModelUser& user, const ModelItem& item) const {
    return Kept(user, item) && (item.expires_us == 0 || item.expires_us > now_us);
  }
  bool Counts(const ModelUser& user, const ModelItem& item) const {
    return Kept(user, item) && !item.read && !item.archived;
  }

  void Notify(ModelUser& user, ModelItem item) {
    if (!item.collapse_key.empty()) {
      for (ModelItem& other : user.items) {
        if (other.collapse_key == item.collapse_key && There(user, other)) {
          other.gone = true;
          item.collapsed_count = other.collapsed_count + 1;
        }
      }
    }
    user.items.push_back(std::move(item));
  }
  void Broadcast(const std::string& project, const ModelItem& item, bool critical,
                 const std::vector<std::string>& excluded) {
    for (ModelUser& user : users) {
      const bool gets_it = std::find(excluded.begin(), excluded.end(), user.name) == excluded.end();
      if (!gets_it && user.project == project && user.known) {
        user.excluded.insert(item.id);
      }
      if (gets_it && user.project == project && user.known &&
          (critical || !user.Mutes(item.kind))) {
        user.items.push_back(item);
      }
    }
  }
  // True: something is otherwise than before.
  static bool Mark(ModelItem& item, StateOp op) {
    const std::tuple before(item.read, item.archived, item.deleted);
    item.read = op == StateOp::kUnread
                    ? false
                    : item.read || op == StateOp::kRead || op == StateOp::kArchive;
    item.archived = op == StateOp::kArchive || (item.archived && op != StateOp::kUnarchive);
    item.deleted = item.deleted || op == StateOp::kDelete;
    return before != std::tuple(item.read, item.archived, item.deleted);
  }
  bool MarkAll(ModelUser& user, const StateChange& change) const {
    const StateOp op = change.op == StateOp::kReadAll ? StateOp::kRead : StateOp::kArchive;
    bool changed = false;
    for (ModelItem& item : user.items) {
      if (Kept(user, item) && item.id <= change.up_to && item.kind.starts_with(change.kind) &&
          !(change.only_read && !item.read)) {
        changed = Mark(item, op) || changed;
      }
    }
    return changed;
  }
  // A broadcast, of everybody's.
  void TakeBroadcastAway(const std::string& project, EntryId id) {
    for (ModelUser& user : users) {
      ModelItem* const item = user.project == project ? user.Find(id) : nullptr;
      if (item != nullptr && item->broadcast) {
        item->gone = true;
      }
    }
  }
  void Expire() {
    for (ModelUser& user : users) {
      for (ModelItem& item : user.items) {
        item.gone = item.gone || (item.expires_us != 0 && item.expires_us <= now_us);
      }
    }
  }
};

}  // namespace belfry::store
