// SPDX-License-Identifier: Apache-2.0
// The thread on which the sequencer and retention run.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "libs/common/clock.h"
#include "services/store/core/retention.h"
#include "services/store/core/sequencer.h"

namespace belfry::store {

struct SequencerThreadOptions {
  std::chrono::milliseconds retention_every{60'000};
  // An idle store commits nothing and would not notice a disk that fails: it probes.
  std::chrono::milliseconds probe_every{5'000};
};

class SequencerThread {
 public:
  // Starts the thread; the others must outlive it.
  SequencerThread(const SequencerThreadOptions& options, Sequencer& sequencer, Retention& retention,
                  const Clock& clock);
  // Refuses new calls, finishes those that wait, joins.
  ~SequencerThread();
  SequencerThread(const SequencerThread&) = delete;
  SequencerThread& operator=(const SequencerThread&) = delete;

 private:
  void Run();

  const SequencerThreadOptions options_;
  Sequencer& sequencer_;
  Retention& retention_;
  const Clock& clock_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace belfry::store
