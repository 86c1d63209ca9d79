// SPDX-License-Identifier: Apache-2.0
// A bus that loses, repeats, reorders, delays and is away.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "services/edge/core/sent_entries.h"
#include "services/store/core/bus.h"
#include "tests/simulation/context.h"

namespace belfry::sim {

// Whoever subscribes.
class BusListener {
 public:
  virtual ~BusListener() = default;
  virtual void OnBody(EntryId broadcast_id, const Payload& body) = 0;
  virtual void OnAnnouncedEntries(Partition partition, const edge::SentEntries& sent) = 0;
  virtual void OnAnnouncedHead(Partition partition, EntryId last_id) = 0;
};

class SimBus final : public store::Bus {
 public:
  explicit SimBus(Context& context) : context_(context) {}

  // `listener` must outlive it. Returns its number.
  std::size_t Subscribe(BusListener& listener);

  // store::Bus, the announcer's.
  Status AnnounceBody(EntryId broadcast_id, const Payload& body) override;
  Status Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) override;
  Status AnnounceHead(Partition partition, EntryId last_id) override;
  bool connected() const override { return !outage_; }
  std::uint64_t connects() const override { return connects_; }

  // The store is not connected, and knows it.
  void SetOutage(bool outage);
  // Nothing arrives, and the store does not know it.
  void SetSilence(bool silent) { silent_ = silent; }
  // One listener hears nothing.
  void SetOff(std::size_t listener, bool off) { listeners_[listener].off = off; }

 private:
  struct Subscribed {
    BusListener* listener;
    bool off = false;
  };
  template <typename Deliver>
  void Spread(Deliver deliver);

  Context& context_;
  std::vector<Subscribed> listeners_;
  bool outage_ = false;
  bool silent_ = false;
  std::uint64_t connects_ = 1;
};

}  // namespace belfry::sim
