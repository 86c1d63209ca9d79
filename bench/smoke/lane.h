// SPDX-License-Identifier: Apache-2.0
// A thread with a Receiver and a descriptor table of its own: 20,000 descriptors are the hard limit
// of a table, and two fleets of 10,000 are compared side by side. What the lane's thread starts
// shares its table, so everything else, gRPC above all, belongs to other threads.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "bench/smoke/receiver.h"

namespace belfry::bench {

// Make it before anything else opens descriptors: its table starts as a copy.
class Lane {
 public:
  Lane();
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs `work` on the lane's thread. One at a time: Wait for it.
  void Begin(std::function<void(Receiver&)> work);
  void Wait();
  void Do(std::function<void(Receiver&)> work) {
    Begin(std::move(work));
    Wait();
  }

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::function<void(Receiver&)> work_;
  bool busy_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace belfry::bench
