// SPDX-License-Identifier: Apache-2.0
// One accepted notification on its way to the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "services/ingest/core/in_flight.h"

namespace belfry::ingest {

// What the store made of it.
struct PublishResult {
  EntryId id = 0;
  std::int64_t created_us = 0;
  bool duplicate = false;
  bool suppressed = false;  // the user has muted this kind: nothing was stored, there is no id
  bool operator==(const PublishResult&) const = default;
};

// Called exactly once, on any thread, without a lock held; must not block.
using OnAnswer = std::function<void(Result<PublishResult>)>;

// What is appended: as belfry.v1.AppendItem. Never changes once the item is made.
struct ItemContent {
  EntryKind kind = EntryKind::kNotification;
  std::string project;
  std::string user_id;
  std::string idempotency_key;
  bool key_made = false;  // by us, for this item: the producer gave none
  std::string content_hash;
  std::int64_t expires_us = 0;
  std::string payload;
  std::string notification_kind = {};
  std::string collapse_key = {};
  std::vector<std::string> exclude_user_ids = {};  // who do not get it; sorted, each once

  // What it counts for in limits.
  std::size_t bytes() const {
    std::size_t sum = project.size() + user_id.size() + idempotency_key.size() +
                      content_hash.size() + payload.size() + notification_kind.size() +
                      collapse_key.size() + 32;
    for (const std::string& user : exclude_user_ids) {
      sum += user.size() + 2;
    }
    return sum;
  }
};

// One caller's items in their order; see Batcher.
struct OrderedGroup;
using OrderedGroupPtr = std::shared_ptr<OrderedGroup>;
struct Item;
using ItemPtr = std::shared_ptr<Item>;

// Made when it is accepted, shared with the Batcher until it is answered.
struct Item {
  Item(ItemContent c, SteadyTime at, SteadyTime until, InFlight::Permit p, OnAnswer answer)
      : content(std::move(c)),
        accepted(at),
        deadline(until),
        permit(std::move(p)),
        on_answer(std::move(answer)) {}

  const ItemContent content;
  const SteadyTime accepted;
  const SteadyTime deadline;  // the caller's

  // The Batcher's.
  InFlight::Permit permit;               // empty once it is in no Append any more
  OnAnswer on_answer;                    // empty once answered
  std::uint64_t number = 0;              // in the order of their coming, from 1
  std::uint64_t append_id = 0;           // the Append it is part of; 0: none
  OrderedGroup* group = nullptr;         // in which it waits
  std::list<ItemPtr>::iterator place{};  // in `group`, if there is one
};

}  // namespace belfry::ingest
