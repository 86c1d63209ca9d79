// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_bus.h"

#include <utility>

#include "tests/support/announced.h"

namespace belfry::sim {
std::size_t SimBus::Subscribe(BusListener& listener) {
  listeners_.push_back({&listener});
  return listeners_.size() - 1;
}

void SimBus::SetOutage(bool outage) {
  if (outage_ && !outage) {
    ++connects_;
  }
  outage_ = outage;
}

// Each listener's copies take their own time, and so overtake each other.
template <typename Deliver>
void SimBus::Spread(Deliver deliver) {
  const Plan& plan = context_.plan;
  for (const Subscribed& subscribed : listeners_) {
    if (plan.bus_dead || silent_ || subscribed.off) {
      context_.coverage.Add(Seen::kBusUnheard);
      continue;
    }
    int copies = 1;
    if (context_.random.Chance(plan.bus_lost)) {
      context_.coverage.Add(Seen::kBusLost);
      copies = 0;
    } else if (context_.random.Chance(plan.bus_repeated)) {
      context_.coverage.Add(Seen::kBusRepeated);
      copies = 2;
    }
    for (int copy = 0; copy < copies; ++copy) {
      context_.scheduler.After(context_.random.UpTo(plan.bus_max),
                               [deliver, listener = subscribed.listener] { deliver(*listener); });
    }
  }
}

Status SimBus::Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) {
  if (outage_ || context_.random.Chance(context_.plan.bus_refused)) {
    return Fail(Code::kUnavailable, "announce: not sent");
  }
  context_.trace.Step("bus", "carries entries",
                      {{"partition", entries.front()->partition},
                       {"first", entries.front()->id},
                       {"last", entries.back()->id}});
  edge::SentEntries sent{{}, store_time_us};
  for (const EntryPtr& entry : entries) {
    sent.entries.push_back(test::AsAnnounced(entry));
  }
  Spread([partition = entries.front()->partition, sent = std::move(sent)](BusListener& listener) {
    listener.OnAnnouncedEntries(partition, sent);
  });
  return {};
}

Status SimBus::AnnounceBody(EntryId broadcast_id, const Payload& body) {
  if (outage_ || context_.random.Chance(context_.plan.bus_refused)) {
    return Fail(Code::kUnavailable, "announce a body: not sent");
  }
  context_.trace.Step("bus", "carries a body", {{"broadcast", broadcast_id}});
  Spread([broadcast_id, body](BusListener& listener) { listener.OnBody(broadcast_id, body); });
  return {};
}

Status SimBus::AnnounceHead(Partition partition, EntryId last_id) {
  if (outage_) {
    return Fail(Code::kUnavailable, "announce a head: not connected");
  }
  Spread([partition, last_id](BusListener& listener) {
    listener.OnAnnouncedHead(partition, last_id);
  });
  return {};
}

}  // namespace belfry::sim
