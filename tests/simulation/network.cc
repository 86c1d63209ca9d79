// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/network.h"

namespace belfry::sim {

void Network::Died(Server& server) {
  server.up = false;
  for (const auto& [number, broken] : std::exchange(server.open, {})) {
    if (context_.random.Chance(80)) {
      broken();
    }
  }
}

}  // namespace belfry::sim
