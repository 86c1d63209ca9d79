// SPDX-License-Identifier: Apache-2.0
// Decides what goes into which Append, when one is sent again and what its callers are answered.
// What arrives while Appends are in flight goes together in the next one, so that batches grow
// with the load and no item waits for one to fill.
// Sans-I/O and not thread-safe: events in, Actions out (see Appender).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/common/backoff.h"
#include "libs/common/clock.h"
#include "libs/common/random.h"
#include "libs/common/result.h"
#include "services/ingest/core/item.h"
#include "services/ingest/core/store_link.h"

namespace belfry::ingest {

struct BatchLimits {
  std::size_t items_max = 1000;                  // per Append, at most the store's own 1,000
  std::size_t bytes_max = 1024 * 1024;           // per Append; a single larger item goes alone
  std::size_t appends_max = 2;                   // in flight or waiting for their next attempt
  std::chrono::milliseconds retry_wait_min{20};  // before the second attempt
  std::chrono::milliseconds retry_wait_max{500};
};

// The items of one caller that keep their order: they are committed in the order they came, so at
// most one Append at a time holds items of a group. Items without a group have no order among them.
struct OrderedGroup {
  std::list<ItemPtr> waiting;  // none of them answered
  std::size_t appends = 0;     // that hold items of it
  bool ordered = true;         // false: the Batcher's own, for items without a group
  bool ready = false;          // is in the Batcher's queue
};

// What to do now, in any order.
struct Actions {
  struct Send {
    std::uint64_t append_id = 0;
    std::vector<ItemPtr> items;
    bool fresh = false;  // the first attempt
    Duration timeout{};  // until the latest deadline among its callers
  };
  struct Answer {
    OnAnswer on_answer;
    Result<PublishResult> result;
    Duration waited{};  // since the item was accepted
  };
  std::vector<Send> sends;
  std::vector<std::uint64_t> cancels;  // of Sends given out before
  std::vector<Answer> answers;
};

class Batcher {
 public:
  explicit Batcher(BatchLimits limits, std::uint64_t seed = RandomSeed());

  static OrderedGroupPtr OpenGroup() { return std::make_shared<OrderedGroup>(); }

  // Queues `items` behind what waits in `group`; none = without order.
  void Add(const OrderedGroupPtr& group, std::vector<ItemPtr> items, SteadyTime now,
           Actions* actions);

  // Their caller has gone. What has not been sent never is; an Append that nobody waits for any
  // more is cancelled. Each is answered with kCancelled unless it was answered before.
  void Cancel(const std::vector<ItemPtr>& items, SteadyTime now, Actions* actions);

  // A Send has ended.
  void OnAppend(std::uint64_t append_id, AppendAnswer answer, SteadyTime now, Actions* actions);

  // Time has passed: retries that are due, callers whose deadline has come. Call about every 10 ms
  // while there is anything. Its work grows with what is due, not with what waits.
  void Tick(SteadyTime now, Actions* actions);

  // Nothing waits and nothing is in flight.
  bool idle() const { return waiting_ == 0 && appends_.empty(); }
  std::size_t appends() const { return appends_.size(); }
  std::size_t waiting() const { return waiting_; }
  // How often an Append was sent again.
  std::uint64_t retries() const { return retries_; }
  // Items without an answer, and how many of them Ticks have examined so far.
  std::size_t unanswered() const { return deadlines_.size(); }
  std::uint64_t examined() const { return examined_; }

 private:
  struct Append {
    std::vector<ItemPtr> items;
    std::size_t unanswered = 0;  // of items
    std::vector<OrderedGroupPtr> groups;
    int attempt = 1;
    bool sent = true;  // false: waits until retry_at
    bool cancelled = false;
    SteadyTime retry_at{};
    std::unique_ptr<Backoff> backoff;  // from the second attempt on
    Error last_error = {};
  };
  using Appends = std::map<std::uint64_t, Append>;
  // By the time, then by the number of the item.
  using Deadlines = std::map<std::pair<SteadyTime, std::uint64_t>, ItemPtr>;

  // Unless it has been answered before. What waits leaves its group.
  void Answer(ItemPtr item, Result<PublishResult> result, SteadyTime now, Actions* actions);
  // The same for an item that is in no Append any more: its room is given back first, so that its
  // caller may send the next.
  void AnswerLast(const ItemPtr& item, Result<PublishResult> result, SteadyTime now,
                  Actions* actions);
  // The answer to `item` when its deadline has come.
  Error Late(const Item& item) const;
  void MakeReady(const OrderedGroupPtr& group);
  void Fill(SteadyTime now, Actions* actions);
  void TakeFrom(const OrderedGroupPtr& group, std::uint64_t append_id, Append* append,
                std::size_t* bytes, SteadyTime now, Actions* actions);
  void Transmit(std::uint64_t append_id, const Append& append, SteadyTime now, Actions* actions);
  void RetryLater(Appends::iterator append, Error error, SteadyTime now, Actions* actions);
  void Finish(Appends::iterator append);
  static void DropAnswered(Append& append);
  // Ends an Append that nobody waits for any more.
  void CancelIfAbandoned(Appends::iterator append, Actions* actions);

  const BatchLimits limits_;
  std::uint64_t seed_;
  const OrderedGroupPtr unordered_;
  // Groups with something to send that no Append holds; each once.
  std::deque<OrderedGroupPtr> ready_;
  // Groups with waiting items that an Append holds are found through appends_.
  Appends appends_;
  std::uint64_t next_append_id_ = 1;
  std::size_t waiting_ = 0;  // in all groups
  Deadlines deadlines_;      // of all items that have not been answered, and of no others
  std::uint64_t next_number_ = 1;
  std::uint64_t retries_ = 0;
  std::uint64_t examined_ = 0;
};

// The answer to every item of an Append that failed as a call. The store's codes that would promise
// "not stored" become kUnknown, since the call's failure leaves open what became of the items.
Error CallError(Error error);

// The answer to an item that failed in an answered Append; `first` = first attempt. After
// an attempt whose end is unknown, "not stored" is only certain when it follows from the
// idempotency key.
Error ItemError(Error error, bool first);

}  // namespace belfry::ingest
