// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/writer.h"

#include <utility>

namespace belfry::store {

WriterMetrics WriterMetrics::Make(Metrics& metrics) {
  return {.sequencer = SequencerMetrics::Make(metrics),
          .announcer = AnnouncerMetrics::Make(metrics),
          .retired = metrics.AddCounter("belfry_store_retired_entries_total",
                                        "Entries that fell out of the retention window")};
}

Writer::Writer(const WriterOptions& options, const WriterPorts& ports, const WriterMetrics& metrics,
               const Log& log)
    : announcer_(options.announcer, ports.bus, ports.store, ports.clock, metrics.announcer,
                 log.Room("announcer")) {}

Result<std::unique_ptr<Writer>> Writer::Start(const WriterOptions& options,
                                              const WriterPorts& ports,
                                              std::optional<std::int64_t> known_time_us,
                                              std::function<void(const Error&)> on_failure,
                                              const WriterMetrics& metrics, const Log& log) {
  ports.clock.Begin(known_time_us);
  std::unique_ptr<Writer> writer(new Writer(options, ports, metrics, log));
  auto sequencer =
      Sequencer::Make(options.sequencer, ports.log, writer->announcer_, ports.disk, ports.clock,
                      std::move(on_failure), metrics.sequencer, log.Room("sequencer"));
  if (!sequencer.ok()) {
    return Fail(std::move(sequencer.error()));
  }
  writer->sequencer_ = std::move(*sequencer);
  writer->retention_.emplace(options.retention, *writer->sequencer_, ports.store, ports.clock,
                             metrics.retired, log.Room("retention"));
  writer->announcer_thread_.emplace(writer->announcer_);
  writer->sequencer_thread_.emplace(options.thread, *writer->sequencer_, *writer->retention_,
                                    ports.clock, log.Room("sequencer"));
  return writer;
}

Writer::~Writer() { Stop(); }

void Writer::Stop() {
  sequencer_thread_.reset();
  announcer_thread_.reset();
}

}  // namespace belfry::store
