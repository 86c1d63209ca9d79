// SPDX-License-Identifier: Apache-2.0
// The simulation's bus keeps what the port promises.
#include "tests/simulation/sim_bus.h"

#include <utility>
#include <variant>

#include "services/edge/follow/announced.h"
#include "tests/contract/bus_contract.h"

namespace belfry::sim {
namespace {

class SimBusSubject final : public BusListener {
 public:
  static Plan WithPartitions() {
    Plan plan;
    plan.partitions = 4;
    return plan;
  }
  SimBusSubject() { bus_.Subscribe(*this); }

  store::Bus& bus() { return bus_; }
  void Disconnect() { bus_.SetOutage(true); }
  void Connect() { bus_.SetOutage(false); }
  std::vector<store::Heard> Hear(std::size_t /*n*/) {
    context_.scheduler.RunUntil(context_.scheduler.now() + std::chrono::seconds(1));
    return heard_;
  }

  void OnMessage(const std::string& subject, const std::string& message) override {
    const auto read = edge::ReadAnnouncement(bus_.keys(), subject, message);
    ASSERT_TRUE(std::holds_alternative<edge::Announced>(read));
    std::visit([this](const auto& one) { Note(one); }, std::get<edge::Announced>(read).what);
  }

 private:
  void Note(const edge::AnnouncedBody& body) {
    heard_.push_back(
        {.kind = store::Heard::Kind::kBody, .id = body.broadcast_id, .body = body.body.str()});
  }
  void Note(const edge::AnnouncedEntries& entries) {
    store::Heard message{.kind = store::Heard::Kind::kEntries,
                         .partition = entries.partition,
                         .store_time_us = entries.sent.store_time_us};
    for (const EntryPtr& entry : entries.sent.entries) {
      message.entries.push_back(*entry);
    }
    heard_.push_back(std::move(message));
  }
  void Note(const edge::AnnouncedHead& head) {
    heard_.push_back({.kind = store::Heard::Kind::kHead,
                      .partition = head.partition,
                      .id = head.last_id,
                      .sent_us = head.sent_us});
  }

  Instruments instruments_;
  Context context_{WithPartitions(), instruments_, nullptr};
  SimBus bus_{context_};
  std::vector<store::Heard> heard_;
};

}  // namespace
}  // namespace belfry::sim

namespace belfry::store {
INSTANTIATE_TYPED_TEST_SUITE_P(SimBus, BusContract, sim::SimBusSubject);
}  // namespace belfry::store
