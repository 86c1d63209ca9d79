// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/retention.h"

#include <algorithm>
#include <utility>

namespace belfry::store {

Retention::Retention(const RetentionOptions& options, Sequencer& sequencer, FeedStore& store,
                     const Clock& clock, Counter retired, Log log)
    : options_(options),
      sequencer_(sequencer),
      store_(store),
      clock_(clock),
      retired_(retired),
      log_(std::move(log)),
      oldest_(sequencer.positions().size()) {}

bool Retention::Step() {
  // Entries have the wall clock's time: while that lies behind, so does the window.
  const std::int64_t horizon =
      std::min(clock_.UnixMicros(), clock_.ExpiryMicros()) -
      std::chrono::duration_cast<std::chrono::microseconds>(options_.window).count();
  if (horizon <= 0) {
    return false;
  }
  for (std::size_t looked = 0; looked < oldest_.size(); ++looked) {
    const Partition partition = next_;
    next_ = (next_ + 1) % static_cast<Partition>(oldest_.size());
    if (StepPartition(partition, static_cast<EntryId>(horizon))) {
      return true;
    }
  }
  return false;
}

bool Retention::StepPartition(Partition partition, EntryId horizon) {
  const PartitionPosition head = sequencer_.positions()[partition];
  if (head.floor == head.last_id || oldest_[partition] > horizon) {
    return false;
  }
  const auto page = store_.ReadLog({.partition = partition,
                                    .after = head.floor,
                                    .entries_max = options_.step_entries_max,
                                    .bytes_max = 4u << 20,
                                    .across_losses = true});
  if (!page.ok()) {
    log_.Error("retention cannot read the log",
               {{"partition", partition}, {"error", page.error()}});
    return false;
  }
  std::size_t old = 0;
  while (old < page->entries.size() && page->entries[old]->id <= horizon) {
    ++old;
  }
  oldest_[partition] = old < page->entries.size() ? page->entries[old]->id : 0;
  if (old == 0) {
    return false;
  }
  const std::span<const EntryPtr> retired(page->entries.data(), old);
  if (const Status done = sequencer_.Retire(partition, retired); !done.ok()) {
    log_.Error("retention cannot retire", {{"partition", partition}, {"error", done.error()}});
    oldest_[partition] = 0;
    return false;
  }
  retired_.Add(static_cast<double>(old));
  return true;
}

}  // namespace belfry::store
