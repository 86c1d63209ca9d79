// SPDX-License-Identifier: Apache-2.0
#include "libs/http/server_state.h"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libs/http/connection.h"

namespace belfry::http {

ServerState::ServerState(asio::io_context& io_context, ServerOptions server_options,
                         Handler on_request, Metrics* metrics, Log its_log)
    : io(io_context),
      options(std::move(server_options)),
      log(std::move(its_log)),
      handler(std::move(on_request)) {
  if (metrics == nullptr || options.refused_metric.empty()) {
    return;
  }
  for (std::size_t reason = 0; reason < kReasons; ++reason) {
    refused_[reason] =
        metrics->AddCounter(options.refused_metric, "Requests and connections that were refused",
                            {{"reason", std::string(kReasonNames[reason])}});
  }
}

void ServerState::Run(std::function<void()> work) {
  {
    const MutexLock lock(mutex_);
    if (!reachable_) {
      return;
    }
    if (!io.get_executor().running_in_this_thread()) {
      asio::post(io, std::move(work));
      return;
    }
  }
  work();
}

void ServerState::Add(std::shared_ptr<Connection> connection) {
  const Connection* key = connection.get();
  connections_.emplace(key, std::move(connection));
  open_ = connections_.size();
}

void ServerState::Remove(const Connection* connection) {
  connections_.erase(connection);
  open_ = connections_.size();
}

bool ServerState::ReserveBody(std::size_t held, std::size_t more) {
  const bool alone = bodies_bytes_ == held;
  if (!alone && bodies_bytes_ + more > options.limits.bodies_bytes_max) {
    return false;
  }
  bodies_bytes_ += more;
  return true;
}

void ServerState::Stop() {
  stopping = true;
  std::vector<std::shared_ptr<Connection>> all;
  all.reserve(connections_.size());
  for (const auto& [key, connection] : connections_) {
    all.push_back(connection);
  }
  for (const auto& connection : all) {
    connection->CloseIfIdle();
  }
}

void ServerState::Shut() {
  {
    const MutexLock lock(mutex_);
    reachable_ = false;
  }
  const auto all = std::exchange(connections_, {});
  for (const auto& [key, connection] : all) {
    connection->Abandon();
  }
  open_ = 0;
  handler = nullptr;
}

}  // namespace belfry::http
