// SPDX-License-Identifier: Apache-2.0
#include "libs/common/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace belfry {
namespace {

using std::chrono::steady_clock;

struct Shared {
  Mutex mutex;
  CondVar changed;
  int number BELFRY_GUARDED_BY(mutex) = 0;
};

TEST(Mutex, OneThreadAtATime) {
  Shared shared;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&shared] {
      for (int add = 0; add < 1000; ++add) {
        MutexLock lock(shared.mutex);
        ++shared.number;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  MutexLock lock(shared.mutex);
  EXPECT_EQ(shared.number, 4000);
}

TEST(MutexLock, LetsGoForAWhile) {
  Shared shared;
  MutexLock lock(shared.mutex);
  lock.Unlock();
  std::thread([&shared] {
    MutexLock inner(shared.mutex);
    shared.number = 7;
  }).join();
  lock.Lock();
  EXPECT_EQ(shared.number, 7);
}

TEST(MutexLock, MayEndWhileItHasLetGo) {
  Shared shared;
  {
    MutexLock lock(shared.mutex);
    lock.Unlock();
  }
  MutexLock again(shared.mutex);
}

TEST(CondVar, WakesWhoWaits) {
  Shared shared;
  std::thread other([&shared] {
    MutexLock lock(shared.mutex);
    shared.number = 1;
    shared.changed.NotifyOne();
    while (shared.number != 2) {
      shared.changed.Wait(shared.mutex);
    }
    shared.number = 3;
    shared.changed.NotifyAll();
  });
  {
    MutexLock lock(shared.mutex);
    while (shared.number != 1) {
      shared.changed.Wait(shared.mutex);
    }
    shared.number = 2;
    shared.changed.NotifyAll();
    const auto deadline = steady_clock::now() + std::chrono::seconds(60);
    while (shared.number != 3) {
      ASSERT_TRUE(shared.changed.WaitUntil(shared.mutex, deadline));
    }
  }
  other.join();
}

TEST(CondVar, GivesUpAtItsDeadlineAndHoldsTheLockAgain) {
  Shared shared;
  MutexLock lock(shared.mutex);
  const auto deadline = steady_clock::now() + std::chrono::milliseconds(1);
  while (shared.changed.WaitUntil(shared.mutex, deadline)) {
  }
  EXPECT_GE(steady_clock::now(), deadline);
  shared.number = 1;
}

}  // namespace
}  // namespace belfry
