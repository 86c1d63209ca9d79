// SPDX-License-Identifier: Apache-2.0
// What lives for one term of a store's writer: from the moment when this process alone may write to
// the log until it no longer may. Built and dropped as one. On the local disk a term is as long as
// the process; with a replicated log it is as long as the lease (docs/adr/0002).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "services/store/core/announcer.h"
#include "services/store/core/disk_guard.h"
#include "services/store/core/guarded_clock.h"
#include "services/store/core/retention.h"
#include "services/store/core/sequencer.h"
#include "services/store/run/announcer_thread.h"
#include "services/store/run/sequencer_thread.h"

namespace belfry::store {

struct WriterOptions {
  SequencerOptions sequencer = {};
  AnnouncerOptions announcer = {};
  RetentionOptions retention = {};
  SequencerThreadOptions thread = {};
};

struct WriterMetrics {
  static WriterMetrics Make(Metrics& metrics);
  SequencerMetrics sequencer;
  AnnouncerMetrics announcer;
  Counter retired;
};

// They outlive the terms.
struct WriterPorts {
  EventLog& log;
  FeedStore& store;
  Bus& bus;
  const DiskGuard& disk;
  GuardedClock& clock;
};

// Stop and destruction: the owner's thread. The sequencer: see there.
class Writer {
 public:
  // Begins the clock where the term before has left it (GuardedClock::Begin), reads where the log
  // stands and starts to write and to announce. `on_failure`: see Sequencer::Make. Any error of
  // EventLog::LoadPositions.
  static Result<std::unique_ptr<Writer>> Start(const WriterOptions& options,
                                               const WriterPorts& ports,
                                               std::optional<std::int64_t> known_time_us,
                                               std::function<void(const Error&)> on_failure,
                                               const WriterMetrics& metrics, const Log& log);
  // As Stop.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Refuses new calls, commits and announces what waits, joins its threads.
  void Stop();

  Sequencer& sequencer() { return *sequencer_; }
  const Sequencer& sequencer() const { return *sequencer_; }

 private:
  Writer(const WriterOptions& options, const WriterPorts& ports, const WriterMetrics& metrics,
         const Log& log);

  // In dependency order: the last goes first.
  Announcer announcer_;
  std::unique_ptr<Sequencer> sequencer_;
  std::optional<Retention> retention_;
  std::optional<AnnouncerThread> announcer_thread_;
  std::optional<SequencerThread> sequencer_thread_;
};

}  // namespace belfry::store
