// SPDX-License-Identifier: Apache-2.0
// What the store's process has in memory. Included by sim_store_*.cc only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "services/store/core/guarded_clock.h"
#include "tests/simulation/sim_store_node.h"

namespace belfry::sim {

struct SimStoreNode::Process final : store::CommitListener {
  explicit Process(SimStoreNode& owner);

  // What the sequencer tells while it believes that its commit has ended waits until it has.
  void OnCommitted(std::span<const EntryPtr> entries) override;

  SimStoreNode& node;
  const Life life = NewLife();
  store::GuardedClock clock;  // everybody's in it
  SimLog log;
  store::Announcer announcer;
  std::unique_ptr<store::Sequencer> sequencer;
  std::optional<store::Retention> retention;
  SteadyTime retention_due = SteadyTime::max();
  SteadyTime expiry_due{};
  bool sequencing = false;       // its thread has been woken
  std::uint64_t idling = 0;      // the wait of the sequencer's thread that counts
  std::uint64_t announcing = 0;  // and of the announcer's
  bool stopping = false;
  // Of the commit under way.
  std::vector<EntryPtr> committed;
  std::vector<std::function<void()>> answers;
};

}  // namespace belfry::sim
