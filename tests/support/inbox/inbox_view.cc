// SPDX-License-Identifier: Apache-2.0
#include "tests/support/inbox/inbox_view.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace belfry::test {
namespace {

bool IsMark(StateOp op) { return op == StateOp::kReadAll || op == StateOp::kArchiveAll; }
bool TakesAway(StateOp op) {
  return op == StateOp::kDelete || op == StateOp::kRetracted || op == StateOp::kExpired ||
         op == StateOp::kReplaced;
}

// The objects of a JSON array.
std::vector<std::string> ElementsOf(const std::string& json) {
  std::vector<std::string> elements;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      i += c == '\\' ? 1 : 0;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' && depth++ == 0) {
      begin = i;
    } else if (c == '}' && --depth == 0) {
      elements.push_back(json.substr(begin, i + 1 - begin));
    }
  }
  return elements;
}

}  // namespace

void InboxView::OnEvent(const http::SseEvent& event) {
  const std::lock_guard lock(mutex_);
  if (event.kind != http::SseEvent::Kind::kEvent) {
    return;
  }
  log_.push_back("id " + event.id + " " + event.event + " " + event.data);
  if (event.event == "connected" || event.event == "reset") {
    const auto counts = ReadCounts(event.data);
    if (!counts) {
      unreadable_ = event.data;
      return;
    }
    if (event.event == "reset") {
      ++resets_;
      heard_.clear();
      wants_list_ = true;
      ++wants_;
      counts_ = *counts;
    }
    Renew(*counts);
  } else if (event.event == "notification") {
    Arrives(event.data);
  } else if (event.event == "notifications") {
    for (const std::string& one : ElementsOf(event.data)) {
      Arrives(one);
    }
  } else if (event.event == "state") {
    auto told = ReadState(event.data);
    if (!told) {
      unreadable_ = event.data;
      return;
    }
    // Not the counts' position: those of a broadcast's end are as of when the store was asked.
    Hear({.id = std::strtoull(event.id.c_str(), nullptr, 10), .told = std::move(told)});
  }
}

void InboxView::Arrives(const std::string& json) {
  auto shown = ReadShown(json);
  if (!shown || shown->id == 0) {
    unreadable_ = json;
    return;
  }
  const EntryId id = shown->id;
  // Everything before it was received, so the counts with it are true at its id.
  if (id > counts_.up_to) {
    ++counts_.unread;
    ++counts_.unseen;
    const auto at = std::lower_bound(
        counts_.by_kind.begin(), counts_.by_kind.end(), shown->kind,
        [](const KindCount& one, const std::string& kind) { return one.kind < kind; });
    if (at != counts_.by_kind.end() && at->kind == shown->kind) {
      ++at->count;
    } else {
      counts_.by_kind.insert(at, {shown->kind, 1});
    }
    counts_.up_to = id;
  }
  Hear({.id = id, .shown = std::move(shown)});
}

void InboxView::Hear(Heard heard) {
  if (heard.told) {
    Renew(*heard.told->change.counts);
  }
  newest_ = std::max(newest_, heard.shown ? heard.id : 0);
  heard_.push_back(std::move(heard));
  Apply(heard_.back());
}

void InboxView::Apply(const Heard& heard) {
  if (heard.shown) {
    items_.emplace(heard.id, Item{*heard.shown, heard.id});
  } else {
    ApplyState(heard.id, *heard.told);
  }
}

void InboxView::ApplyState(EntryId id, const StateTold& told) {
  const StateChange& change = told.change;
  if (!IsMark(change.op)) {
    for (const EntryId changed : change.ids) {
      const auto item = items_.find(changed);
      if (item == items_.end()) {
        // What it does not have may be what its list shows from now on.
        if (change.op == StateOp::kUnarchive) {
          wants_list_ = true;
          ++wants_;
        }
      } else if (id > item->second.as_of) {
        TakesAway(change.op) ? void(items_.erase(item)) : Change(item->second, told);
      }
    }
    return;
  }
  for (auto& [changed, item] : items_) {
    if (changed <= change.up_to && id > item.as_of && item.shown.kind.starts_with(change.kind)) {
      Change(item, told);
    }
  }
}

void InboxView::Change(Item& item, const StateTold& told) {
  Shown& shown = item.shown;
  switch (told.change.op) {
    case StateOp::kUnread:
      shown.read_at_us = 0;
      return;
    case StateOp::kUnarchive:
      shown.archived = false;
      return;
    case StateOp::kArchiveAll:
      // In replay a notification comes as it is by now: what was read later was not meant.
      if (told.change.only_read && (shown.read_at_us == 0 || shown.read_at_us >= told.at_us)) {
        return;
      }
      break;
    case StateOp::kRead:
    case StateOp::kReadAll:
    case StateOp::kArchive:
      break;
    default:
      return;
  }
  shown.read_at_us = shown.read_at_us == 0 ? told.at_us : shown.read_at_us;
  if (told.change.op == StateOp::kArchive || told.change.op == StateOp::kArchiveAll) {
    shown.archived = true;
  }
}

void InboxView::Renew(const Counts& counts) {
  if (counts.up_to >= counts_.up_to) {
    counts_ = counts;
  }
}

bool InboxView::wants_list() const {
  const std::lock_guard lock(mutex_);
  return wants_list_;
}

std::size_t InboxView::BeginList() {
  const std::lock_guard lock(mutex_);
  return wants_;
}

void InboxView::TakeList(std::size_t begun, const std::vector<ShownPage>& pages) {
  const std::lock_guard lock(mutex_);
  wants_list_ = begun != wants_;
  items_.clear();
  const EntryId first_as_of = pages.front().counts.up_to;
  for (const ShownPage& page : pages) {
    Renew(page.counts);
    for (const Shown& shown : page.items) {
      items_.emplace(shown.id, Item{shown, page.counts.up_to});
      newest_ = std::max(newest_, shown.id);
    }
  }
  const bool wanted = wants_list_;
  const std::size_t wants = wants_;
  for (const Heard& heard : heard_) {
    // Older notifications are in the list, or are not to be.
    if (!heard.shown || heard.id > first_as_of) {
      Apply(heard);
    }
  }
  // An unarchiving from before the list was begun is in it.
  if (!wanted) {
    wants_list_ = false;
    wants_ = wants;
  }
}

void InboxView::TakeCounts(const Counts& counts) {
  const std::lock_guard lock(mutex_);
  Renew(counts);
}

Counts InboxView::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::map<EntryId, Shown> InboxView::items() const {
  const std::lock_guard lock(mutex_);
  std::map<EntryId, Shown> items;
  for (const auto& [id, item] : items_) {
    if (!item.shown.archived) {
      items.emplace(id, item.shown);
    }
  }
  return items;
}

EntryId InboxView::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

std::size_t InboxView::resets() const {
  const std::lock_guard lock(mutex_);
  return resets_;
}

std::string InboxView::unreadable() const {
  const std::lock_guard lock(mutex_);
  return unreadable_;
}

std::string InboxView::Tail(std::size_t count) const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (std::size_t i = log_.size() - std::min(count, log_.size()); i < log_.size(); ++i) {
    text += "  " + log_[i] + "\n";
  }
  return text;
}

}  // namespace belfry::test
