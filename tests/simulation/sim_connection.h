// SPDX-License-Identifier: Apache-2.0
// One TCP connection between an edge and a client: bytes take time and space, and either end may
// vanish without the other one's knowing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/simulation/context.h"

namespace belfry::sim {

// Shared by both ends and by what is on its way.
class SimConnection final : public std::enable_shared_from_this<SimConnection> {
 public:
  // Called from events of their own, never from within a call.
  struct EdgeEnd {
    std::function<void()> writable;
    std::function<void()> gone;
  };
  struct ClientEnd {
    std::function<void(std::string_view)> bytes;
    std::function<void()> closed;
  };

  SimConnection(Context& context, ClientEnd client)
      : context_(context), client_(std::move(client)) {}

  // The edge's end.
  void Watch(EdgeEnd edge) { edge_ = std::move(edge); }
  // As Transport::Write.
  std::optional<std::size_t> Write(std::string_view bytes);
  void FinishWriting();
  void CloseByEdge();

  // The client's end.
  void CloseByClient();
  // From now on it reads so many bytes now and then; 0: nothing.
  void ReadSlowly(std::size_t bytes, Duration every);
  void ReadAll();

  // Both ends learn of it, soon; what is on its way is lost.
  void Cut();
  // The client is gone and its machine with it: the edge learns of it late.
  void LoseClient();
  // The edge's end is gone, and the client learns of it late.
  void LoseEdge();

 private:
  Duration Latency() { return context_.random.UpTo(context_.plan.connection_max); }
  void Arrive(const std::string& bytes);
  void Consume(std::size_t bytes);
  void ReadSome();
  void TellEdge(Duration after);
  void TellClient(Duration after);

  Context& context_;
  EdgeEnd edge_;      // empty: it has closed, or knows that the other one has
  ClientEnd client_;  // the same
  bool edge_told_ = false;
  SteadyTime arrives_{};         // of what was written last
  std::size_t outstanding_ = 0;  // bytes taken from the edge and not read by the client
  bool blocked_ = false;         // the edge waits for room
  bool lost_ = false;            // nothing arrives any more
  std::string received_;         // has arrived, and the client has not read it
  bool ended_ = false;           // nothing comes after received_
  bool slow_ = false;
  std::size_t slow_bytes_ = 0;
  Duration slow_every_{};
  bool reading_ = false;  // ReadSome is to come
};

}  // namespace belfry::sim
