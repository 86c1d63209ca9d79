// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/sequencer_thread.h"

#include <algorithm>
#include <utility>

namespace belfry::store {
namespace {

constexpr std::size_t kExpiredAtOnceMax = 1'000;

}  // namespace

SequencerThread::SequencerThread(const SequencerThreadOptions& options, Sequencer& sequencer,
                                 Retention& retention, const Clock& clock, Log log)
    : options_(options),
      sequencer_(sequencer),
      retention_(retention),
      clock_(clock),
      log_(std::move(log)) {
  thread_ = std::thread([this] { Run(); });
}

SequencerThread::~SequencerThread() {
  stopping_ = true;
  sequencer_.Close();
  thread_.join();
}

void SequencerThread::Run() {
  SteadyTime retention_due = clock_.Now();
  SteadyTime expiry_due = retention_due;
  SteadyTime operation_due = retention_due;
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
    if (now >= expiry_due) {
      expiry_due = Expire(now);
    }
    if (worked || now >= operation_due) {
      operation_due = StepOperation(now);
    }
    if (worked) {
      continue;
    }
    if (now - sequencer_.last_commit() >= options_.probe_every) {
      // The sequencer reports a failure itself.
      static_cast<void>(sequencer_.Probe());
    }
    const SteadyTime wake = std::min({retention_due, expiry_due, operation_due,
                                      sequencer_.last_commit() + Duration(options_.probe_every)});
    sequencer_.queue().Wait(std::max(wake - clock_.Now(), Duration(0)));
  }
}

SteadyTime SequencerThread::StepOperation(SteadyTime now) {
  const auto more = sequencer_.StepOperation();
  if (!more.ok() && !operations_failing_) {
    log_.Error("cannot go on with an operation", {{"error", more.error()}});
  }
  operations_failing_ = !more.ok();
  return more.ok() && *more ? now : now + options_.operations_every;
}

SteadyTime SequencerThread::Expire(SteadyTime now) {
  const auto more = sequencer_.Expire(kExpiredAtOnceMax);
  if (!more.ok() && !expiry_failing_) {
    log_.Error("cannot take what has expired off the counts", {{"error", more.error()}});
  }
  expiry_failing_ = !more.ok();
  return more.ok() && *more ? now : now + options_.expiry_every;
}

}  // namespace belfry::store
