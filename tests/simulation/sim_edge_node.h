// SPDX-License-Identifier: Apache-2.0
// An edge's process: the real follower and, per core, the real streams on simulated sockets. It
// does what app.cc, the threads and the gRPC and HTTP rooms do in the product, and it dies.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/edge/core/options.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_bus.h"
#include "tests/simulation/sim_connection.h"
#include "tests/simulation/sim_store_node.h"
#include "tests/simulation/stream_record.h"

namespace belfry::sim {

// A request for a stream.
struct StreamAsk {
  std::string project;
  std::string user_id;
  std::optional<EntryId> cursor;
  Millis batch{0};
  std::int64_t issued_s = 0;  // its token's "iat"
};

class SimEdgeNode final : public BusListener {
 public:
  // All must outlive it.
  SimEdgeNode(Context& context, std::string name, Network& network, SimBus& bus,
              SimStoreNode& store);
  ~SimEdgeNode() override;

  void Start();
  // The process dies, and is started again after `pause`.
  void Kill(Duration pause);
  // Says bye to its streams over `window`, then stops, and is started again after `pause`.
  void Drain(Millis window, Duration pause);
  // SIGSTOP, and SIGCONT after `time`.
  void Freeze(Duration time);

  // A client connects, to the process with this life; null: nobody listens.
  std::shared_ptr<const EdgeLife> Accept(const StreamAsk& ask,
                                         std::shared_ptr<SimConnection> connection);

  // BusListener.
  void OnMessage(const std::string& subject, const std::string& message) override;

  const std::string& name() const { return name_; }
  bool up() const { return process_ != nullptr; }
  // Streams that are open now.
  std::size_t streams() const;
  Link& store_link() { return store_link_; }
  SimClock& clock() { return clock_; }

 private:
  // What a process has in memory; a new one for each life.
  struct Process;
  class Core;

  // See SimStoreNode::Post.
  void Post(Duration delay, std::function<void()> work);
  void PutToFollower(std::function<void()> work, bool announced);
  void RunFollower();
  void TickFollower();
  void Pulse();
  void AwaitDrained(SteadyTime deadline, Duration pause);
  void End(Duration pause);

  Context& context_;
  const std::string name_;
  Network& network_;
  SimBus& bus_;
  SimStoreNode& store_;
  SimClock clock_;
  const edge::StreamOptions options_;
  Link store_link_;
  SteadyTime frozen_until_{};
  std::uint64_t lives_ = 0;
  std::unique_ptr<Process> process_;  // null while it is down
};

}  // namespace belfry::sim
