// SPDX-License-Identifier: Apache-2.0
// What lives for one term of the writer is built and dropped as one.
#include "services/store/run/writer.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>

#include "tests/unit/store_core/fake_bus.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

// What outlives the terms, all of it on the machine's clock.
struct Store {
  std::unique_ptr<Writer> Begin(std::function<void(const Error&)> on_failure = [](const Error&) {
  }) {
    auto writer = Writer::Start({}, {log, log, bus, disk, clock}, known_time_us,
                                std::move(on_failure), {}, {});
    EXPECT_TRUE(writer.ok());
    return std::move(*writer);
  }
  // An append that is answered.
  static Result<Appended> Append(Writer& writer, const std::string& key) {
    std::promise<Result<Appended>> answered;
    PendingAppend call;
    call.items.push_back(Item("alice", key));
    call.done = [&answered](Result<AppendResults> results) {
      answered.set_value(results.ok() ? std::move((*results)[0])
                                      : Result<Appended>(Fail(results.error())));
    };
    writer.sequencer().Append(std::move(call));
    return answered.get_future().get();
  }

  const SystemClock machine_clock{};
  GuardedClock clock{{}, machine_clock, {}, {}};
  std::optional<std::int64_t> known_time_us;
  DiskGuard disk{1'000};
  FakeEventLog log;
  FakeBus bus;
};

TEST(Writer, ATermGoesOnWhereTheOneBeforeEnded) {
  Store store;
  EntryId last = 0;
  for (int term = 0; term < 3; ++term) {
    const auto writer = store.Begin();
    const auto stored = Store::Append(*writer, "key" + std::to_string(term));
    ASSERT_TRUE(stored.ok()) << stored.error().ToString();
    EXPECT_GT(stored->id, last);
    last = stored->id;
    EXPECT_TRUE(Store::Append(*writer, "key0")->duplicate || term == 0);
  }
  const Partition home = PartitionOf("acme", "alice", 4);
  EXPECT_EQ(store.bus.ids[home].size(), 3u) << "each term announces what it has committed";
  EXPECT_EQ(store.log.record("acme", "alice")->unread(), 3u);
}

TEST(Writer, WhatIsAcceptedBeforeStopIsAnsweredAndNothingAfterwards) {
  Store store;
  const auto writer = store.Begin();
  ASSERT_TRUE(Store::Append(*writer, "before").ok());
  writer->Stop();
  const auto late = Store::Append(*writer, "after");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::kUnavailable);
  EXPECT_EQ(store.log.entries(), 1u);
}

TEST(Writer, ATermWhoseCommitFailedIsDroppedAndTheNextOneReadsWhatIsTrue) {
  Store store;
  std::promise<void> failed;
  {
    const auto writer = store.Begin([&failed](const Error&) { failed.set_value(); });
    ASSERT_TRUE(Store::Append(*writer, "first").ok());
    writer->Stop();
  }
  store.log.next_commit = FakeEventLog::NextCommit::kFailsWritten;
  {
    const auto writer = store.Begin([&failed](const Error&) { failed.set_value(); });
    EXPECT_FALSE(Store::Append(*writer, "unknown").ok());
    failed.get_future().wait();
  }
  store.log.next_commit = FakeEventLog::NextCommit::kWorks;
  const auto writer = store.Begin();
  const auto again = Store::Append(*writer, "unknown");
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->duplicate) << "it had been written";
}

}  // namespace
}  // namespace belfry::store
