// SPDX-License-Identifier: Apache-2.0
// An ingest's process: the real batcher between producers and the store. It dies.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "services/ingest/core/batcher.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_store_node.h"

namespace belfry::sim {

class SimIngestNode {
 public:
  // All must outlive it.
  SimIngestNode(Context& context, std::string name, Network& network, SimStoreNode& store);

  void Start();
  // The process dies, and is started again after `pause`.
  void Kill(Duration pause);

  // A call, as it arrives; see Network::Serve. `group`: whose order it keeps; 0: nobody's.
  void Notify(const CallerPtr& caller, const ingest::ItemContent& content, int group,
              Network::Done<ingest::PublishResult> done);

  Server& server() { return server_; }
  Link& store_link() { return store_link_; }
  bool up() const { return process_ != nullptr; }

 private:
  struct Process {
    Process(ingest::BatchLimits limits, std::uint64_t seed) : batcher(limits, seed) {}
    const Life life = NewLife();
    ingest::Batcher batcher;
    std::map<int, ingest::OrderedGroupPtr> groups;
    std::map<std::uint64_t, std::function<void()>> cancels;  // by append
    bool ticking = false;
  };

  void Perform(ingest::Actions& actions);
  void Send(ingest::Actions::Send& send);
  void Tick();

  Context& context_;
  const std::string name_;
  Network& network_;
  SimStoreNode& store_;
  Server server_;
  Link store_link_;
  std::uint64_t lives_ = 0;
  std::unique_ptr<Process> process_;  // null while it is down
};

}  // namespace belfry::sim
