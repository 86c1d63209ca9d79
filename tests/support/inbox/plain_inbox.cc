// SPDX-License-Identifier: Apache-2.0
#include "tests/support/inbox/plain_inbox.h"

#include <algorithm>
#include <tuple>

namespace belfry::test {
namespace {

bool Names(const StateChange& change, EntryId id) {
  return std::find(change.ids.begin(), change.ids.end(), id) != change.ids.end();
}

void ApplyTo(PlainItem& item, const StateChange& change) {
  switch (change.op) {
    case StateOp::kRead:
    case StateOp::kReadAll:
      item.read = true;
      break;
    case StateOp::kUnread:
      item.read = false;
      break;
    case StateOp::kArchive:
    case StateOp::kArchiveAll:
      item.read = item.archived = true;
      break;
    case StateOp::kUnarchive:
      item.archived = false;
      break;
    case StateOp::kDelete:
    case StateOp::kRetracted:
    case StateOp::kExpired:
    case StateOp::kReplaced:
      item.gone = true;
      break;
    default:
      break;
  }
}

}  // namespace

std::string TextOf(const Counts& counts) {
  std::string text =
      "unread " + std::to_string(counts.unread) + ", unseen " + std::to_string(counts.unseen);
  for (const KindCount& kind : counts.by_kind) {
    text += ", " + (kind.kind.empty() ? "\"\"" : kind.kind) + " " + std::to_string(kind.count);
  }
  return text + " at " + std::to_string(counts.up_to);
}

std::string TextOf(const StateChange& change) {
  std::string text = std::string(NameOf(change.op)) + " (" + change.operation + ")";
  for (const EntryId id : change.ids) {
    text += " " + std::to_string(id);
  }
  if (change.up_to != 0) {
    text += " up to " + std::to_string(change.up_to);
  }
  if (!change.kind.empty()) {
    text += " of kind " + change.kind;
  }
  return text + (change.only_read ? " only read" : "");
}

std::string PlainInbox::HistoryOf(const std::vector<EntryId>& ids) const {
  std::string text;
  for (const EntryId id : ids) {
    const auto item = items_.find(id);
    text += "\n  " + std::to_string(id) +
            (item == items_.end() ? " is none of theirs" : item->second.history);
  }
  return text;
}

std::string PlainInbox::Take(const Stored& entry, const std::string& collapse_key) {
  up_to_ = entry.id;
  if (entry.project != project_ || (!entry.user_id.empty() && entry.user_id != user_id_)) {
    return {};
  }
  const std::string name = std::to_string(entry.id);
  if (replaced_next_ != 0) {
    const EntryId replaced = std::exchange(replaced_next_, 0);
    if (entry.change.op != StateOp::kReplaced || !Names(entry.change, replaced)) {
      return "before " + name + " nothing says that " + std::to_string(replaced) + " is replaced";
    }
  }
  known_ = known_ || !entry.user_id.empty();
  if (!entry.tag.empty()) {
    return Arrives(entry, collapse_key);
  }
  const StateChange& change = entry.change;
  if (change.op == StateOp::kSeen) {
    seen_ = std::max(seen_, change.up_to);
  } else if (change.op == StateOp::kPreferences) {
    muted_ = change.muted_kinds;
  } else if (!Apply(change) && !entry.user_id.empty() && change.op != StateOp::kReadAll &&
             change.op != StateOp::kArchiveAll) {
    return name + " says that something was done, and nothing was: " + TextOf(change) +
           HistoryOf(change.ids);
  }
  if (change.counts) {
    Counts said = *change.counts;
    if (said != counts()) {
      return name + " holds other counts than a walk gives";
    }
  }
  return {};
}

std::string PlainInbox::Arrives(const Stored& entry, const std::string& collapse_key) {
  const bool broadcast = entry.user_id.empty();
  if (broadcast && (!known_ || Mutes(entry.kind))) {
    return {};
  }
  if (Mutes(entry.kind)) {
    return std::to_string(entry.id) + " is of a muted kind";
  }
  if (!collapse_key.empty()) {
    for (const auto& [id, item] : items_) {
      // What has expired by its clock is not replaced, whether or not an entry says so already.
      if (item.collapse_key == collapse_key && !item.gone && item.expires_us == 0) {
        replaced_next_ = id;
      }
    }
  }
  items_.emplace(entry.id, PlainItem{.tag = entry.tag,
                                     .kind = entry.kind,
                                     .collapse_key = collapse_key,
                                     .expires_us = entry.expires_us});
  return {};
}

bool PlainInbox::Apply(const StateChange& change) {
  bool changed = false;
  for (auto& [id, item] : items_) {
    const bool all = change.op == StateOp::kReadAll || change.op == StateOp::kArchiveAll;
    const bool meant = all ? id <= change.up_to && item.kind.starts_with(change.kind) &&
                                 (item.read || !change.only_read)
                           : Names(change, id);
    if (!meant || item.gone) {
      continue;
    }
    const auto before = std::tuple(item.read, item.archived, item.gone);
    ApplyTo(item, change);
    item.history += ", " + std::to_string(up_to_) + " " + std::string(NameOf(change.op));
    changed = changed || before != std::tuple(item.read, item.archived, item.gone);
  }
  return changed;
}

bool PlainInbox::WouldChange(const StateChange& change) const {
  if (change.op == StateOp::kSeen) {
    return std::min(change.up_to, up_to_) > seen_;
  }
  if (change.op == StateOp::kPreferences) {
    std::vector<std::string> wanted = change.muted_kinds;
    std::sort(wanted.begin(), wanted.end());
    return wanted != muted_;
  }
  PlainInbox copy = *this;
  return copy.Apply(change);
}

Counts PlainInbox::counts() const {
  std::map<std::string, std::uint64_t> kinds;
  Counts counts;
  for (const auto& [id, item] : items_) {
    if (!item.gone && !item.read && !item.archived) {
      ++counts.unread;
      counts.unseen += id > seen_ ? 1 : 0;
      ++kinds[item.kind];
    }
  }
  for (const auto& [kind, count] : kinds) {
    counts.by_kind.push_back({kind, count});
  }
  counts.up_to = up_to_;
  return counts;
}

bool PlainInbox::Expires() const {
  return std::any_of(items_.begin(), items_.end(), [](const auto& one) {
    return one.second.expires_us != 0 && !one.second.gone;
  });
}

bool PlainInbox::Mutes(const std::string& kind) const {
  return std::any_of(muted_.begin(), muted_.end(),
                     [&](const std::string& muted) { return kind.starts_with(muted); });
}

}  // namespace belfry::test
