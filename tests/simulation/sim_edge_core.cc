// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/sim_edge_core.h"

#include <string>
#include <utility>
#include <vector>

namespace belfry::sim {
namespace {

constexpr Duration kTurnsAfterMax = std::chrono::microseconds(200);
constexpr Millis kTick{40};
constexpr Millis kFeedsTimeout{2'000};
constexpr std::int64_t kForever = 4'000'000'000;  // unix seconds

// Enough JSON to know a notification by.
class SimRenderer final : public edge::Renderer {
 public:
  std::vector<std::string> Excluded(const Entry& /*broadcast*/) const override { return {}; }
  std::string Json(const Entry& entry) const override {
    return R"({"id":")" + std::to_string(entry.id) + R"(","project":")" + entry.project +
           R"(","userId":")" + entry.user_id + R"(","title":")" + entry.payload.str() +
           R"(","broadcastId":")" + std::to_string(entry.broadcast_id) + R"("})";
  }
};

const SimRenderer kRenderer;

}  // namespace

SimEdgeNode::Core::Core(SimEdgeNode& node, edge::Caps& caps, edge::Revocations& revocations,
                        Mortal life, std::uint64_t seed)
    : node_(node),
      life_(std::move(life)),
      streams_(node.options_, caps, revocations, *this, kRenderer, node.clock_,
               node.context_.instruments.streams, seed) {}

// The process has died: its sockets end with it, each in its own way.
SimEdgeNode::Core::~Core() {
  for (const auto& [socket, connection] : connections_) {
    if (node_.context_.random.Chance(25)) {
      connection->LoseEdge();
    } else if (node_.context_.random.Chance(50)) {
      connection->Cut();
    } else {
      connection->CloseByEdge();
    }
  }
  connections_.clear();
}

void SimEdgeNode::Core::Put(std::function<void()> work) {
  mail_.push_back(std::move(work));
  if (!std::exchange(awake_, true)) {
    node_.Post(node_.context_.random.UpTo(kTurnsAfterMax), [this] { TakeMail(); });
  }
}

void SimEdgeNode::Core::TakeMail() {
  awake_ = false;
  for (const auto& work : std::exchange(mail_, {})) {
    work();
  }
  EndTurn();
}

void SimEdgeNode::Core::EndTurn() {
  edge::Streams::Turn turn = streams_.EndTurn();
  for (edge::PendingRead& read : turn.reads) {
    Read(std::move(read));
  }
  if (turn.more) {
    Put([] {});
  }
  if (streams_.needs_ticks() && !std::exchange(ticking_, true)) {
    node_.Post(kTick, [this] {
      ticking_ = false;
      streams_.Tick();
      EndTurn();
    });
  }
}

void SimEdgeNode::Core::Read(edge::PendingRead read) {
  for (const FeedQuery& query : read.queries) {
    node_.context_.trace.Step(node_.name_, "reads a feed",
                              {{"after", query.after}, Trace::Text("user", query.user_id)});
  }
  node_.network_.Call<std::vector<FeedPage>>(
      node_.store_.server(), node_.store_link_, life_, kFeedsTimeout,
      [&store = node_.store_, queries = std::move(read.queries)](
          const CallerPtr&, Network::Done<std::vector<FeedPage>> done) {
        store.ReadFeeds(queries, std::move(done));
      },
      [this, call = read.call](Result<std::vector<FeedPage>> pages) {
        if (!pages.ok() && pages.error().code == Code::kDeadlineExceeded) {
          // Lost without a word, as no network that works does; its streams have waited for it.
          const std::int64_t now = node_.context_.scheduler.micros();
          node_.context_.troubles.push_back({"a feed that was asked for never came",
                                             now - std::chrono::microseconds(kFeedsTimeout).count(),
                                             now});
        }
        Put([this, call, pages = std::move(pages)] { streams_.OnPages(call, pages); });
      });
}

void SimEdgeNode::Core::Attach(const StreamAsk& ask, std::shared_ptr<SimConnection> connection) {
  const int socket = ++sockets_;
  connections_.emplace(socket, std::move(connection));
  Put([this, ask, socket] {
    edge::StreamRequest request;
    request.socket = socket;
    request.project = ask.project;
    request.user_id = ask.user_id;
    request.address = "10.0.0.1";
    request.cursor = ask.cursor;
    request.batch = ask.batch;
    request.expires_s = TokenEnd();
    request.issued_s = ask.issued_s;
    request.http_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    request.chunked = true;
    streams_.Attach(std::move(request));
  });
}

std::int64_t SimEdgeNode::Core::TokenEnd() {
  const Millis life = node_.context_.plan.token_life;
  if (life.count() == 0) {
    return kForever;
  }
  const auto half_us = std::chrono::duration_cast<std::chrono::microseconds>(life).count() / 2;
  return (node_.clock_.UnixMicros() + node_.context_.random.Pick(half_us, 3 * half_us)) / 1'000'000;
}

bool SimEdgeNode::Core::Watch(int socket, edge::StreamHandle handle) {
  // The connection may outlive this core.
  const auto when_alive = [this, handle](auto work) {
    return [this, handle, life = life_, work] {
      if (!life.expired()) {
        Put([this, handle, work] { work(streams_, handle); });
      }
    };
  };
  connections_.at(socket)->Watch(
      {when_alive([](edge::Streams& streams, edge::StreamHandle h) { streams.OnWritable(h); }),
       when_alive([](edge::Streams& streams, edge::StreamHandle h) { streams.OnGone(h); })});
  return true;
}

std::optional<std::size_t> SimEdgeNode::Core::Write(int socket, std::string_view bytes) {
  return connections_.at(socket)->Write(bytes);
}

void SimEdgeNode::Core::Close(int socket) {
  const auto at = connections_.find(socket);
  if (at != connections_.end()) {  // else the process is dying
    at->second->CloseByEdge();
    connections_.erase(at);
  }
}

}  // namespace belfry::sim
