// SPDX-License-Identifier: Apache-2.0
// A browser's tab: connects to any edge, reads the stream as EventSource does, and comes back with
// the last id it has seen whenever the connection ends. When its token is refused it gets another
// one, at once or late. It writes down what it saw, and now and then it changes what its user has:
// reads, archives, mutes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/inbox.h"
#include "libs/http/response_reader.h"
#include "libs/http/sse_parser.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_backend.h"
#include "tests/simulation/sim_connection.h"
#include "tests/simulation/sim_edge_node.h"
#include "tests/simulation/sim_store_node.h"
#include "tests/simulation/stream_record.h"
#include "tests/support/checker/history.h"

namespace belfry::sim {

class SimClient {
 public:
  struct Identity {
    std::string name;
    std::string project;
    std::string user_id;
    std::optional<EntryId> cursor;  // that it comes with; nothing: it starts now
    Millis batch{0};
    bool keeps_token = false;  // for ever, even if it is refused
  };
  // `edges`, `network`, `store` and `backend` must outlive it. Its changes go to the store by
  // themselves: what an edge adds on the way decides nothing.
  SimClient(Context& context, Identity identity,
            const std::vector<std::unique_ptr<SimEdgeNode>>& edges, Network& network,
            SimStoreNode& store, const SimBackend& backend);

  // The tab is opened.
  void Start();
  // Faults of the connection it has; without one nothing happens.
  void Cut();
  void LoseEdge();
  void LoseItself();
  void ReadSlowly(std::size_t bytes, Duration every);
  void ReadAll();
  // No wandering from now on: it stays where it is.
  void Settle();

  bool connected() const { return connection_ != nullptr; }
  test::ClientHistory& history() { return history_; }
  // All its connections, in order.
  const std::vector<StreamRecord>& streams() const { return streams_; }

 private:
  static constexpr Millis kRetry{500};  // until a stream says otherwise
  using Kind = test::StreamEvent::Kind;

  void Connect();
  void Open(SimEdgeNode& edge);
  void OnBytes(std::string_view bytes);
  void OnEvent(const http::SseEvent& event);
  void OnData(const http::SseEvent& event);
  void OnBye(std::string_view reason);
  void OnRevoked();
  void RecordEnd(std::string_view bye);
  void OnReset(const http::SseEvent& event);
  void OnClosed();
  // Goes to another edge by its own will, or is closed for good.
  void Wander();
  void Leave();
  // Gives the connection up by its own will.
  void Close();
  void ConnectAgain(Duration after);
  void WatchSilence();
  void ChangeLater();
  void Change();
  StateChange MakeChange();
  test::StreamEvent& Record(Kind kind);

  Context& context_;
  const Identity identity_;
  const std::vector<std::unique_ptr<SimEdgeNode>>& edges_;
  Network& network_;
  SimStoreNode& store_;
  const SimBackend& backend_;
  const Link store_link_;
  const Life life_ = NewLife();
  test::ClientHistory history_;
  std::vector<EntryId> told_;  // what it has received
  std::optional<EntryId> cursor_;
  Millis retry_ = kRetry;
  bool gone_ = false;  // for good
  bool settled_ = false;
  std::size_t connections_ = 0;
  std::vector<StreamRecord> streams_;
  std::optional<std::int64_t> token_;  // its "iat"

  // Of the connection under way.
  std::shared_ptr<SimConnection> connection_;
  Life connected_life_;  // what is to happen to this connection
  std::unique_ptr<http::ResponseReader> response_;
  http::SseParser parser_;
  bool within_frame_ = false;
  SteadyTime heard_{};
};

}  // namespace belfry::sim
