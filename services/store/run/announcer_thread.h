// SPDX-License-Identifier: Apache-2.0
// The thread on which the announcer runs.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "services/store/core/announcer.h"

namespace belfry::store {

class AnnouncerThread {
 public:
  // Starts the thread; `announcer` must outlive it.
  explicit AnnouncerThread(Announcer& announcer);
  // Gives what is committed up to 500 ms to be announced, then joins.
  ~AnnouncerThread();
  AnnouncerThread(const AnnouncerThread&) = delete;
  AnnouncerThread& operator=(const AnnouncerThread&) = delete;

 private:
  void Run();

  Announcer& announcer_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace belfry::store
