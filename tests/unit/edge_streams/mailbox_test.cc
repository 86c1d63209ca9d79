// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/mailbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

namespace belfry::edge {
namespace {

constexpr std::chrono::seconds kPatience(5);

TEST(Mailbox, WakesWithoutItsLock) {
  std::unique_ptr<Mailbox> mailbox;
  std::promise<std::size_t> taken;
  std::future<std::size_t> count = taken.get_future();
  std::thread other;
  bool answered = false;
  mailbox = std::make_unique<Mailbox>([&] {
    other = std::thread([&] { taken.set_value(mailbox->TakeAll().size()); });
    answered = count.wait_for(kPatience) == std::future_status::ready;
  });
  mailbox->Put([] {});
  other.join();
  EXPECT_TRUE(answered);
  EXPECT_EQ(count.get(), 1u);
}

TEST(Mailbox, WakesOnceUntilItIsEmptied) {
  int wakes = 0;
  Mailbox mailbox([&wakes] { ++wakes; });
  mailbox.Put([] {});
  mailbox.Put([] {});
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(mailbox.TakeAll().size(), 2u);
  mailbox.Put([] {});
  EXPECT_EQ(wakes, 2);
}

TEST(Mailbox, DropsWhatWaitsWhenItCloses) {
  int wakes = 0;
  Mailbox mailbox([&wakes] { ++wakes; });
  auto work = std::make_shared<int>(1);
  mailbox.Put([work] {});
  mailbox.Close();
  EXPECT_EQ(work.use_count(), 1);
  mailbox.Put([work] {});
  EXPECT_EQ(work.use_count(), 1);
  EXPECT_EQ(wakes, 1);
}

TEST(Mailbox, ClosesOnlyAfterARunningWakeHasReturned) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<bool> returned = false;
  Mailbox mailbox([&] {
    begun.set_value();
    go_on.get_future().wait();
    returned = true;
  });
  std::thread putter([&] { mailbox.Put([] {}); });
  begun.get_future().wait();
  std::thread closer([&] {
    mailbox.Close();
    EXPECT_TRUE(returned);
  });
  go_on.set_value();
  putter.join();
  closer.join();
}

}  // namespace
}  // namespace belfry::edge
