// SPDX-License-Identifier: Apache-2.0
#include "libs/http/server_state.h"

#include <boost/asio/post.hpp>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/address.h"
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

bool ServerState::Add(std::shared_ptr<Connection> connection, std::string_view address) {
  const auto at = addresses_.try_emplace(AddressBlock(address), 0).first;
  const bool full = at->second >= options.limits.connections_per_address_max;
  if (full && !(options.is_proxy && options.is_proxy(address))) {
    return false;
  }
  ++at->second;
  const Connection* key = connection.get();
  connections_.emplace(key, Open{std::move(connection), at});
  open_ = connections_.size();
  return true;
}

void ServerState::Remove(const Connection* connection) {
  const auto at = connections_.find(connection);
  if (at == connections_.end()) {
    return;
  }
  if (--at->second.address->second == 0) {
    addresses_.erase(at->second.address);
  }
  connections_.erase(at);
  open_ = connections_.size();
}

bool ServerState::CloseOldestIdle() {
  if (idle_.empty() || !idle_.front()->GivesWay()) {
    return false;
  }
  Count(Reason::kIdle);
  const auto oldest = idle_.front()->shared_from_this();
  oldest->Abandon();
  return true;
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
  for (const auto& [key, open] : connections_) {
    all.push_back(open.connection);
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
  addresses_.clear();
  for (const auto& [key, open] : all) {
    open.connection->Abandon();
  }
  open_ = 0;
  handler = nullptr;
}

}  // namespace belfry::http
