// SPDX-License-Identifier: Apache-2.0
// One core of an edge, and what the edge's process has in memory. Included by sim_edge_*.cc only.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "services/edge/core/caps.h"
#include "services/edge/core/follower.h"
#include "services/edge/core/revocation_loader.h"
#include "services/edge/core/streams.h"
#include "tests/simulation/sim_edge_node.h"

namespace belfry::sim {

// As http/core.cc: a mailbox, turns, ticks; and the sockets.
class SimEdgeNode::Core final : public edge::Transport {
 public:
  Core(SimEdgeNode& node, edge::Caps& caps, edge::Revocations& revocations, Mortal life,
       std::uint64_t seed);
  ~Core() override;

  // Does `work` in one of the coming turns, in the order of putting.
  void Put(std::function<void()> work);
  void Attach(const StreamAsk& ask, std::shared_ptr<SimConnection> connection);
  edge::Streams& streams() { return streams_; }

  // edge::Transport.
  bool Watch(int socket, edge::StreamHandle handle) override;
  std::optional<std::size_t> Write(int socket, std::string_view bytes) override;
  void FinishWriting(int socket) override { connections_.at(socket)->FinishWriting(); }
  void Close(int socket) override;

 private:
  void TakeMail();
  void EndTurn();
  void Read(edge::PendingRead read);
  std::int64_t TokenEnd();

  SimEdgeNode& node_;
  const Mortal life_;
  std::map<int, std::shared_ptr<SimConnection>> connections_;  // by socket
  int sockets_ = 0;
  edge::Streams streams_;
  std::vector<std::function<void()>> mail_;
  bool awake_ = false;
  bool ticking_ = false;
};

struct SimEdgeNode::Process final : edge::FollowerPort, edge::RevocationSource {
  explicit Process(SimEdgeNode& owner, std::uint64_t seed);

  void Started(Partition partitions) override;
  void Deliver(edge::BatchPtr batch) override;
  void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max) override;
  void ReadHeads() override;
  void ReadRevocations(const std::string& after, OnRevocations done) override;

  SimEdgeNode& node;
  const Life life = NewLife();
  const std::shared_ptr<EdgeLife> record = std::make_shared<EdgeLife>();
  edge::Caps caps;
  edge::Revocations revocations;
  edge::RevocationLoader loader;
  bool loaded = false;  // once
  std::vector<std::unique_ptr<Core>> cores;
  edge::Follower follower;
  // What waits for the follower's thread.
  std::vector<std::function<void()>> queue;
  std::size_t announced = 0;  // of them
  bool overflowed = false;
  bool following = false;  // its thread has been woken
  bool draining = false;
};

}  // namespace belfry::sim
