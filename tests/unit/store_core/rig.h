// SPDX-License-Identifier: Apache-2.0
// A sequencer on a fake log, stepped by hand.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/guarded_clock.h"
#include "services/store/core/sequencer.h"
#include "tests/unit/store_core/fake_event_log.h"

namespace belfry::store {

inline AppendItem Item(const std::string& user, const std::string& key,
                       const std::string& text = "hello") {
  AppendItem item;
  item.project = "acme";
  item.user_id = user;
  item.idempotency_key = key;
  item.content_hash = std::string(31, '#') + text.substr(0, 1);
  item.payload = text;
  return item;
}

inline AppendItem BroadcastItem(const std::string& key) {
  AppendItem item = Item("", key);
  item.kind = EntryKind::kBroadcast;
  return item;
}

// Collects what was announced to it.
class RecordingListener final : public CommitListener {
 public:
  void OnCommitted(std::span<const EntryPtr> entries) override {
    committed.insert(committed.end(), entries.begin(), entries.end());
  }
  std::vector<EntryPtr> committed;
};

using CallAnswer = std::shared_ptr<std::optional<Result<AppendResults>>>;

struct Rig {
  explicit Rig(SequencerOptions with = {}, Partition partitions = 4)
      : log(partitions), options(std::move(with)) {
    Restart();
  }

  // A new sequencer on what the log holds.
  void Restart() {
    sequencer.reset();
    failures.clear();
    auto made = Sequencer::Make(options, log, listener, disk, *time,
                                [this](const Error& error) { failures.push_back(error); }, {}, {});
    sequencer = std::move(*made);
  }

  CallAnswer Send(std::vector<AppendItem> items, SteadyTime deadline = SteadyTime::max(),
                  std::function<bool()> cancelled = {}) {
    auto answer = std::make_shared<std::optional<Result<AppendResults>>>();
    sequencer->Append({.items = std::move(items),
                       .accepted = clock.Now(),
                       .deadline = deadline,
                       .cancelled = std::move(cancelled),
                       .done = [answer](Result<AppendResults> result) {
                         ASSERT_FALSE(answer->has_value()) << "answered twice";
                         answer->emplace(std::move(result));
                       }});
    return answer;
  }

  // Sends one item, runs a round, returns its answer.
  Result<Appended> Append(AppendItem item) {
    std::vector<AppendItem> items;
    items.push_back(std::move(item));
    const CallAnswer answer = Send(std::move(items));
    sequencer->Round();
    if (!answer->has_value()) {
      return Fail(Code::kInternal, "no answer");
    }
    if (!(*answer)->ok()) {
      return Fail((*answer)->error());
    }
    return (***answer)[0];
  }

  ManualClock clock;
  const Clock* time = &clock;  // the sequencer's
  DiskGuard disk{1000, 2000};
  FakeEventLog log;
  RecordingListener listener;
  SequencerOptions options;
  std::vector<Error> failures;
  std::unique_ptr<Sequencer> sequencer;
};

// One whose wall clock is doubted when it jumps.
struct GuardedRig : Rig {
  explicit GuardedRig(Partition partitions = 4) : Rig({}, partitions) {
    guarded.Begin(std::nullopt);
    time = &guarded;
    Restart();
  }
  void Jump(std::chrono::microseconds by) { clock.SetUnixMicros(clock.UnixMicros() + by.count()); }
  GuardedClock guarded{{}, clock, {}, {}};
};

}  // namespace belfry::store
