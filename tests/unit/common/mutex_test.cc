// SPDX-License-Identifier: Apache-2.0
#include "libs/common/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace belfry {
namespace {

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
    const MutexLock lock(shared.mutex);
    shared.number = 1;
    shared.changed.NotifyOne();
    while (shared.number != 2) {
      shared.changed.Wait(shared.mutex);
    }
    shared.number = 3;
    shared.changed.NotifyAll();
  });
  {
    const MutexLock lock(shared.mutex);
    shared.changed.Wait(shared.mutex,
                        [&shared]() BELFRY_REQUIRES(shared.mutex) { return shared.number == 1; });
    shared.number = 2;
    shared.changed.NotifyAll();
    EXPECT_TRUE(shared.changed.WaitFor(
        shared.mutex, std::chrono::seconds(60),
        [&shared]() BELFRY_REQUIRES(shared.mutex) { return shared.number == 3; }));
  }
  other.join();
}

TEST(CondVar, GivesUpAfterItsTimeoutAndHoldsTheLockAgain) {
  Shared shared;
  const MutexLock lock(shared.mutex);
  shared.changed.WaitFor(shared.mutex, std::chrono::milliseconds(1));
  EXPECT_FALSE(shared.changed.WaitFor(
      shared.mutex, std::chrono::milliseconds(1),
      [&shared]() BELFRY_REQUIRES(shared.mutex) { return shared.number == 1; }));
  shared.number = 1;
}

}  // namespace
}  // namespace belfry
