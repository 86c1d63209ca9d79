// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/sequencer_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

// What a thread drives, all of it on the machine's clock: Rig's stands still.
struct Machine {
  explicit Machine(std::function<void(const Error&)> on_failure = [](const Error&) {})
      : sequencer(std::move(
            *Sequencer::Make({}, log, listener, disk, clock, std::move(on_failure), {}, {}))),
        retention({}, *sequencer, log, clock, {}, {}) {}

  const SystemClock clock;
  DiskGuard disk{1000};
  FakeEventLog log;
  RecordingListener listener;
  const std::unique_ptr<Sequencer> sequencer;
  Retention retention;
};

TEST(SequencerThread, AnswersCallsOfManyThreadsAndFinishesTheRestOnItsEnd) {
  Machine machine;
  std::atomic<int> stored{0};
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  {
    const SequencerThread running({}, *machine.sequencer, machine.retention, machine.clock, {});
    std::vector<std::thread> callers;
    for (int t = 0; t < kThreads; ++t) {
      callers.emplace_back([&, t] {
        for (int i = 0; i < kCalls; ++i) {
          PendingAppend call;
          call.items.push_back(Item("u" + std::to_string(t), std::to_string(t * kCalls + i)));
          call.done = [&stored](Result<AppendResults> result) {
            stored += result.ok() && (*result)[0].ok() ? 1 : 0;
          };
          machine.sequencer->Append(std::move(call));
        }
      });
    }
    for (std::thread& caller : callers) {
      caller.join();
    }
  }
  EXPECT_EQ(stored, kThreads * kCalls);
  EXPECT_EQ(machine.log.entries(), static_cast<std::size_t>(kThreads * kCalls));
}

TEST(SequencerThread, FindsOutThatAnIdleDiskFails) {
  std::promise<void> failed;
  Machine machine([&failed](const Error&) { failed.set_value(); });
  machine.log.next_commit = FakeEventLog::NextCommit::kFailsUnwritten;
  const SequencerThread running({.probe_every = std::chrono::milliseconds(1)}, *machine.sequencer,
                                machine.retention, machine.clock, {});
  EXPECT_EQ(failed.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_TRUE(machine.sequencer->failed());
}

}  // namespace
}  // namespace belfry::store
