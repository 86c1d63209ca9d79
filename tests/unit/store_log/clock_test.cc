// SPDX-License-Identifier: Apache-2.0
// The store on a clock that jumps: what it drops, and what it notes for the next process.
#include <gtest/gtest.h>

#include "services/store/core/guarded_clock.h"
#include "services/store/core/typed_rows.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

constexpr std::chrono::hours kYear{24 * 365};

// A process of a store whose clock is guarded, from its start on.
struct Guarded : Disk {
  Guarded() {
    Close();
    Start();
  }
  void Start() {
    Close();
    guarded = std::make_unique<GuardedClock>(GuardedClockOptions{}, clock, Gauge(), Log());
    time = guarded.get();
    Open();
    guarded->Begin(store->noted_time_us());
  }
  ~Guarded() { Close(); }
  void Jump(std::chrono::microseconds by) { clock.SetUnixMicros(clock.UnixMicros() + by.count()); }
  std::unique_ptr<GuardedClock> guarded;
};

TEST(StoreClock, NotesTheTimeForTheNextProcess) {
  Guarded disk;
  EXPECT_EQ(disk.store->noted_time_us(), std::nullopt);
  const std::int64_t first = disk.clock.UnixMicros();
  disk.Append("alice");
  disk.clock.Advance(std::chrono::seconds(1));
  disk.Append("alice");
  disk.Start();
  EXPECT_EQ(disk.store->noted_time_us(), first) << "not with every commit";
  disk.clock.Advance(std::chrono::seconds(10));
  const std::int64_t later = disk.clock.UnixMicros();
  disk.Append("alice");
  disk.Start();
  EXPECT_EQ(disk.store->noted_time_us(), later);
  disk.clock.Advance(std::chrono::seconds(10));
  const std::int64_t idle = disk.clock.UnixMicros();
  ASSERT_TRUE(disk.sequencer->Probe().ok());
  disk.Start();
  EXPECT_EQ(disk.store->noted_time_us(), idle);
}

TEST(StoreClock, AClockAYearAheadDropsNothingThroughARestart) {
  Guarded disk;
  AppendItem item;
  item.project = "acme";
  item.user_id = "alice";
  item.idempotency_key = "once";
  item.content_hash = std::string(32, 'h');
  item.expires_us = disk.clock.UnixMicros() + 60'000'000;
  const Appended first = disk.Append(item);
  const KeyRef key{"acme", "once"};
  disk.Jump(kYear);
  for (int process = 0; process < 2; ++process) {
    Retention retention({std::chrono::hours(1), 1'000}, *disk.sequencer, *disk.store, *disk.guarded,
                        {}, {});
    EXPECT_FALSE(retention.Step());
    ASSERT_TRUE(disk.store->CompactDropped().ok());
    EXPECT_TRUE((*FindKeys(*disk.store, {&key, 1}))[0].has_value());
    EXPECT_EQ(disk.Append(item).id, first.id);
    EXPECT_EQ(disk.ReadAll("alice", 0), std::vector<EntryId>{first.id});
    disk.Start();
  }
}

}  // namespace
}  // namespace belfry::store
