// SPDX-License-Identifier: Apache-2.0
// The fake bus keeps what the port promises.
#include "tests/contract/bus_contract.h"

#include "tests/unit/store_core/fake_bus.h"

namespace belfry::store {
namespace {

class FakeBusSubject {
 public:
  Bus& bus() { return bus_; }
  void Disconnect() { bus_.Down(); }
  void Connect() { bus_.Up(); }
  std::vector<Heard> Hear(std::size_t /*n*/) {
    std::vector<Heard> heard;
    for (const auto& [id, body] : bus_.bodies) {
      heard.push_back({.kind = Heard::Kind::kBody, .id = id, .body = body.str()});
    }
    for (std::size_t i = 0; i < bus_.messages.size(); ++i) {
      Heard message{.kind = Heard::Kind::kEntries,
                    .partition = bus_.messages[i].front()->partition,
                    .store_time_us = bus_.store_times_us[i]};
      for (const EntryPtr& entry : bus_.messages[i]) {
        message.entries.push_back(*entry);
      }
      heard.push_back(std::move(message));
    }
    for (const auto& [partition, heads] : bus_.heads) {
      for (std::size_t i = 0; i < heads.size(); ++i) {
        heard.push_back({.kind = Heard::Kind::kHead,
                         .partition = partition,
                         .id = heads[i],
                         .sent_us = bus_.heads_sent_us.at(partition)[i]});
      }
    }
    return heard;
  }

 private:
  FakeBus bus_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, BusContract, FakeBusSubject);

}  // namespace
}  // namespace belfry::store
