// SPDX-License-Identifier: Apache-2.0
// The thread on which the sequencer, expiry and retention run.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "services/store/core/retention.h"
#include "services/store/core/sequencer.h"

namespace belfry::store {

struct SequencerThreadOptions {
  std::chrono::milliseconds retention_every{60'000};
  // How late the counts learn that something has expired.
  std::chrono::milliseconds expiry_every{1'000};
  // How soon an operation is looked for when none could go on.
  std::chrono::milliseconds operations_every{1'000};
  // An idle store commits nothing and would not notice a disk that fails: it probes.
  std::chrono::milliseconds probe_every{5'000};
};

class SequencerThread {
 public:
  // Starts the thread; the others must outlive it.
  SequencerThread(const SequencerThreadOptions& options, Sequencer& sequencer, Retention& retention,
                  const Clock& clock, Log log);
  // Refuses new calls, finishes those that wait, joins.
  ~SequencerThread();
  SequencerThread(const SequencerThread&) = delete;
  SequencerThread& operator=(const SequencerThread&) = delete;

 private:
  void Run();
  // Between two rounds, so that publishing goes on beside it; when it is due again.
  SteadyTime Expire(SteadyTime now);
  // Likewise.
  SteadyTime StepOperation(SteadyTime now);

  const SequencerThreadOptions options_;
  Sequencer& sequencer_;
  Retention& retention_;
  const Clock& clock_;
  const Log log_;
  bool expiry_failing_ = false;  // the thread's
  bool operations_failing_ = false;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace belfry::store
