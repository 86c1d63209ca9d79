// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/batcher.h"

#include <algorithm>

#include "libs/common/check.h"

namespace belfry::ingest {
namespace {

bool Waited(const ItemPtr& item) { return static_cast<bool>(item->on_answer); }

Error NeverSent(std::string_view why) {
  return {Code::kUnavailable,
          "append to the store: not sent before the deadline: " + std::string(why),
          "STORE_UNAVAILABLE",
          {},
          {}};
}

}  // namespace

Error CallError(Error error) {
  error = Wrap("append to the store", std::move(error));
  error.violations.clear();
  switch (error.code) {
    case Code::kUnavailable:
      error.reason = "STORE_UNAVAILABLE";
      return error;
    case Code::kCancelled:
    case Code::kDeadlineExceeded:
      error.reason = error.reason.empty() ? "STORE_TIMEOUT" : error.reason;
      return error;
    default:
      error.reason = error.reason.empty() ? "STORE_FAILED" : error.reason;
      error.code = Code::kUnknown;
      error.retry_after.reset();
      return error;
  }
}

Error ItemError(Error error, bool first) {
  switch (error.code) {
    case Code::kFailedPrecondition:
      return error;
    case Code::kInvalidArgument:
    case Code::kResourceExhausted:
      if (first) {
        return error;
      }
      error.code = Code::kUnavailable;
      return Wrap("an earlier attempt may have stored it", std::move(error));
    default:
      return CallError(std::move(error));
  }
}

Batcher::Batcher(BatchLimits limits, std::uint64_t seed)
    : limits_(limits), seed_(seed), unordered_(std::make_shared<OrderedGroup>()) {
  unordered_->ordered = false;
}

void Batcher::Answer(ItemPtr item, Result<PublishResult> result, SteadyTime now, Actions* actions) {
  if (!Waited(item)) {
    return;
  }
  deadlines_.erase({item->deadline, item->number});
  const auto append = appends_.find(item->append_id);
  if (append != appends_.end()) {
    append->second.unanswered -= 1;
  } else if (item->group != nullptr) {
    std::exchange(item->group, nullptr)->waiting.erase(item->place);
    waiting_ -= 1;
  }
  if (append == appends_.end() || !append->second.sent) {
    item->permit = InFlight::Permit();
  }
  actions->answers.push_back(
      {std::exchange(item->on_answer, nullptr), std::move(result), now - item->accepted});
}

void Batcher::AnswerLast(const ItemPtr& item, Result<PublishResult> result, SteadyTime now,
                         Actions* actions) {
  item->permit = InFlight::Permit();
  Answer(item, std::move(result), now, actions);
}

Error Batcher::Late(const Item& item) const {
  const auto append = appends_.find(item.append_id);
  if (append == appends_.end()) {
    return NeverSent("the store is slow or away");
  }
  if (append->second.sent) {
    return {Code::kDeadlineExceeded,
            "append to the store: no answer before the deadline",
            "STORE_TIMEOUT",
            {},
            {}};
  }
  return append->second.last_error;
}

void Batcher::Add(const OrderedGroupPtr& group, std::vector<ItemPtr> items, SteadyTime now,
                  Actions* actions) {
  const OrderedGroupPtr& target = group ? group : unordered_;
  for (const ItemPtr& item : items) {
    if (!Waited(item)) {
      continue;  // cancelled before it came
    }
    item->number = next_number_++;
    deadlines_.emplace_hint(deadlines_.end(), std::pair(item->deadline, item->number), item);
    item->group = target.get();
    item->place = target->waiting.insert(target->waiting.end(), item);
    waiting_ += 1;
  }
  MakeReady(target);
  Fill(now, actions);
}

void Batcher::Cancel(const std::vector<ItemPtr>& items, SteadyTime now, Actions* actions) {
  for (const ItemPtr& item : items) {
    Answer(item, Fail(Code::kCancelled, "the caller went away"), now, actions);
  }
  for (auto next = appends_.begin(); next != appends_.end();) {
    CancelIfAbandoned(next++, actions);
  }
  Fill(now, actions);
}

void Batcher::OnAppend(std::uint64_t append_id, AppendAnswer answer, SteadyTime now,
                       Actions* actions) {
  const auto found = appends_.find(append_id);
  BELFRY_CHECK(found != appends_.end() && found->second.sent);
  Append& append = found->second;
  if (answer.ok() && answer->size() != append.items.size()) {
    answer = Fail(Code::kUnknown, "answered " + std::to_string(answer->size()) + " of " +
                                      std::to_string(append.items.size()) + " items");
  }
  if (!answer.ok()) {
    if (answer.error().code == Code::kUnavailable) {
      RetryLater(found, CallError(std::move(answer.error())), now, actions);
    } else {
      const Error error = CallError(std::move(answer.error()));
      for (const ItemPtr& item : append.items) {
        AnswerLast(item, Fail(error), now, actions);
      }
      Finish(found);
    }
    Fill(now, actions);
    return;
  }
  const bool first = append.attempt == 1;
  std::vector<ItemPtr> again;
  Error unavailable;
  for (std::size_t i = 0; i < append.items.size(); ++i) {
    const ItemPtr& item = append.items[i];
    Result<PublishResult>& result = (*answer)[i];
    if (result.ok()) {
      // A key that we made for this item alone can only be repeated by our own retry.
      if (item->content.key_made) {
        result->duplicate = false;
      }
      AnswerLast(item, std::move(result), now, actions);
    } else if (result.error().code == Code::kUnavailable) {
      unavailable = CallError(std::move(result.error()));
      again.push_back(item);
    } else {
      AnswerLast(item, Fail(ItemError(std::move(result.error()), first)), now, actions);
    }
  }
  append.items = std::move(again);
  if (append.items.empty()) {
    Finish(found);
  } else {
    RetryLater(found, std::move(unavailable), now, actions);
  }
  Fill(now, actions);
}

void Batcher::Tick(SteadyTime now, Actions* actions) {
  while (!deadlines_.empty() && deadlines_.begin()->first.first <= now) {
    examined_ += 1;
    const ItemPtr item = deadlines_.begin()->second;
    Answer(item, Fail(Late(*item)), now, actions);
  }
  // At most limits_.appends_max.
  for (auto next = appends_.begin(); next != appends_.end();) {
    const auto current = next++;
    Append& append = current->second;
    if (append.unanswered == 0) {
      CancelIfAbandoned(current, actions);
    } else if (!append.sent && append.retry_at <= now) {
      examined_ += append.items.size();
      DropAnswered(append);
      append.sent = true;
      append.attempt += 1;
      retries_ += 1;
      Transmit(current->first, append, now, actions);
    }
  }
  Fill(now, actions);
}

void Batcher::MakeReady(const OrderedGroupPtr& group) {
  if (group->ready || group->waiting.empty() || (group->ordered && group->appends > 0)) {
    return;
  }
  group->ready = true;
  ready_.push_back(group);
}

void Batcher::Fill(SteadyTime now, Actions* actions) {
  while (!ready_.empty() && appends_.size() < limits_.appends_max) {
    const std::uint64_t id = next_append_id_;
    Append append;
    std::size_t bytes = 0;
    while (!ready_.empty() && append.items.size() < limits_.items_max &&
           bytes < limits_.bytes_max) {
      const OrderedGroupPtr group = std::move(ready_.front());
      ready_.pop_front();
      group->ready = false;
      const std::size_t before = append.items.size();
      TakeFrom(group, id, &append, &bytes, now, actions);
      if (append.items.size() > before) {
        group->appends += 1;
        append.groups.push_back(group);
      }
      const bool full = !group->waiting.empty();
      MakeReady(group);
      if (full) {
        break;
      }
    }
    if (append.items.empty()) {
      continue;
    }
    next_append_id_ += 1;
    append.unanswered = append.items.size();
    Transmit(id, append, now, actions);
    appends_.emplace(id, std::move(append));
  }
}

void Batcher::TakeFrom(const OrderedGroupPtr& group, std::uint64_t append_id, Append* append,
                       std::size_t* bytes, SteadyTime now, Actions* actions) {
  while (!group->waiting.empty() && append->items.size() < limits_.items_max) {
    const ItemPtr item = group->waiting.front();
    if (item->deadline <= now) {
      Answer(item, Fail(NeverSent("the store is slow")), now, actions);
      continue;
    }
    const std::size_t more = item->content.bytes();
    if (!append->items.empty() && *bytes + more > limits_.bytes_max) {
      return;
    }
    *bytes += more;
    group->waiting.pop_front();
    waiting_ -= 1;
    item->group = nullptr;
    item->append_id = append_id;
    append->items.push_back(item);
  }
}

void Batcher::Transmit(std::uint64_t append_id, const Append& append, SteadyTime now,
                       Actions* actions) {
  SteadyTime latest = now;
  for (const ItemPtr& item : append.items) {
    latest = std::max(latest, item->deadline);
  }
  actions->sends.push_back({append_id, append.items, append.attempt == 1, latest - now});
}

void Batcher::RetryLater(Appends::iterator current, Error error, SteadyTime now, Actions* actions) {
  Append& append = current->second;
  if (!append.backoff) {
    append.backoff =
        std::make_unique<Backoff>(limits_.retry_wait_min, limits_.retry_wait_max, seed_++);
  }
  append.sent = false;
  append.retry_at = now + append.backoff->Next();
  append.last_error = std::move(error);
  for (const ItemPtr& item : append.items) {
    // No time for another attempt: say so now.
    if (item->deadline <= append.retry_at) {
      Answer(item, Fail(append.last_error), now, actions);
    }
  }
  DropAnswered(append);
  if (append.items.empty()) {
    Finish(current);
  }
}

void Batcher::Finish(Appends::iterator current) {
  const std::vector<OrderedGroupPtr> groups = std::move(current->second.groups);
  appends_.erase(current);
  for (const OrderedGroupPtr& group : groups) {
    group->appends -= 1;
    MakeReady(group);
  }
}

void Batcher::CancelIfAbandoned(Appends::iterator current, Actions* actions) {
  Append& append = current->second;
  if (append.unanswered > 0) {
    return;
  }
  if (!append.sent) {
    Finish(current);
  } else if (!append.cancelled) {
    append.cancelled = true;
    actions->cancels.push_back(current->first);
  }
}

void Batcher::DropAnswered(Append& append) {
  std::erase_if(append.items, [](const ItemPtr& item) { return !Waited(item); });
}

}  // namespace belfry::ingest
