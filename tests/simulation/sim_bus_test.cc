// SPDX-License-Identifier: Apache-2.0
// The simulation's bus keeps what the port promises.
#include "tests/simulation/sim_bus.h"

#include <utility>

#include "tests/contract/bus_contract.h"

namespace belfry::sim {
namespace {

class SimBusSubject final : public BusListener {
 public:
  SimBusSubject() { bus_.Subscribe(*this); }

  store::Bus& bus() { return bus_; }
  void Disconnect() { bus_.SetOutage(true); }
  void Connect() { bus_.SetOutage(false); }
  std::vector<store::Heard> Hear(std::size_t /*n*/) {
    context_.scheduler.RunUntil(context_.scheduler.now() + std::chrono::seconds(1));
    return heard_;
  }

  void OnBody(EntryId broadcast_id, const Payload& body) override {
    heard_.push_back({.kind = store::Heard::Kind::kBody, .id = broadcast_id, .body = body.str()});
  }
  void OnAnnouncedEntries(Partition partition, const edge::SentEntries& sent) override {
    store::Heard message{.kind = store::Heard::Kind::kEntries,
                         .partition = partition,
                         .store_time_us = sent.store_time_us};
    for (const EntryPtr& entry : sent.entries) {
      message.entries.push_back(*entry);
    }
    heard_.push_back(std::move(message));
  }
  void OnAnnouncedHead(Partition partition, EntryId last_id) override {
    heard_.push_back({.kind = store::Heard::Kind::kHead, .partition = partition, .id = last_id});
  }

 private:
  Instruments instruments_;
  Context context_{Plan(), instruments_, nullptr};
  SimBus bus_{context_};
  std::vector<store::Heard> heard_;
};

}  // namespace
}  // namespace belfry::sim

namespace belfry::store {
INSTANTIATE_TYPED_TEST_SUITE_P(SimBus, BusContract, sim::SimBusSubject);
}  // namespace belfry::store
