// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/sequencer_thread.h"

#include <algorithm>

namespace belfry::store {

SequencerThread::SequencerThread(const SequencerThreadOptions& options, Sequencer& sequencer,
                                 Retention& retention, const Clock& clock)
    : options_(options), sequencer_(sequencer), retention_(retention), clock_(clock) {
  thread_ = std::thread([this] { Run(); });
}

SequencerThread::~SequencerThread() {
  stopping_ = true;
  sequencer_.Close();
  thread_.join();
}

void SequencerThread::Run() {
  SteadyTime retention_due = clock_.Now();
  while (true) {
    const bool worked = sequencer_.Round();
    if (stopping_ || sequencer_.failed()) {
      if (!worked) {
        return;  // the queue is closed and empty
      }
      continue;
    }
    const SteadyTime now = clock_.Now();
    if (now >= retention_due) {
      // One bounded step between two rounds, so that publishing goes on beside it.
      retention_due = retention_.Step() ? now : now + options_.retention_every;
    }
    if (worked) {
      continue;
    }
    if (now - sequencer_.last_commit() >= options_.probe_every) {
      // The sequencer reports a failure itself.
      static_cast<void>(sequencer_.Probe());
    }
    const SteadyTime wake =
        std::min(retention_due, sequencer_.last_commit() + Duration(options_.probe_every));
    sequencer_.queue().Wait(std::max(wake - clock_.Now(), Duration(0)));
  }
}

}  // namespace belfry::store
