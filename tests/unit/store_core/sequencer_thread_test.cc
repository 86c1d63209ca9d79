// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/sequencer_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

TEST(SequencerThread, AnswersCallsOfManyThreadsAndFinishesTheRestOnItsEnd) {
  Rig rig;
  const SystemClock clock;
  Retention retention({}, *rig.sequencer, rig.log, clock, {}, {});
  std::atomic<int> stored{0};
  constexpr int kThreads = 4;
  constexpr int kCalls = 200;
  {
    const SequencerThread running({}, *rig.sequencer, retention, clock);
    std::vector<std::thread> callers;
    for (int t = 0; t < kThreads; ++t) {
      callers.emplace_back([&, t] {
        for (int i = 0; i < kCalls; ++i) {
          AppendCall call;
          call.items.push_back(Item("u" + std::to_string(t), std::to_string(t * kCalls + i)));
          call.done = [&stored](Result<AppendResults> result) {
            stored += result.ok() && (*result)[0].ok() ? 1 : 0;
          };
          rig.sequencer->Append(std::move(call));
        }
      });
    }
    for (std::thread& caller : callers) {
      caller.join();
    }
  }
  EXPECT_EQ(stored, kThreads * kCalls);
  EXPECT_EQ(rig.log.entries(), static_cast<std::size_t>(kThreads * kCalls));
}

TEST(SequencerThread, FindsOutThatAnIdleDiskFails) {
  Rig rig;
  std::promise<void> failed;
  rig.log.next_commit = FakeEventLog::NextCommit::kFailsUnwritten;
  auto sequencer =
      std::move(*Sequencer::Make({}, rig.log, rig.listener, rig.disk, rig.clock,
                                 [&failed](const Error&) { failed.set_value(); }, {}, {}));
  const SystemClock clock;
  Retention retention({}, *sequencer, rig.log, clock, {}, {});
  const SequencerThread running({.probe_every = std::chrono::milliseconds(1)}, *sequencer,
                                retention, clock);
  EXPECT_EQ(failed.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_TRUE(sequencer->failed());
}

}  // namespace
}  // namespace belfry::store
