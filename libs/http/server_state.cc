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
  const std::list<Connection*>& idle = idle_.empty() ? known_idle_ : idle_;
  if (idle.empty() || !idle.front()->GivesWay()) {
    return false;
  }
  Count(Reason::kIdle);
  const auto oldest = idle.front()->shared_from_this();
  oldest->Abandon();
  return true;
}

bool ServerState::ReserveBody(const std::string& account, std::size_t held, std::size_t more) {
  const auto fits = [held, more](std::size_t reserved, std::size_t bytes_max) {
    const bool alone = reserved == held;
    return alone || reserved + more <= bytes_max;
  };
  const auto found = accounts_.find(account);
  const std::size_t accounts_own = found == accounts_.end() ? 0 : found->second;
  if (!fits(bodies_bytes_, options.limits.bodies_bytes_max) ||
      (!account.empty() && !fits(accounts_own, options.limits.account_bytes_max))) {
    return false;
  }
  bodies_bytes_ += more;
  if (!account.empty()) {
    accounts_[account] += more;
  }
  return true;
}

void ServerState::ReleaseBody(const std::string& account, std::size_t bytes) {
  if (bytes == 0) {
    return;
  }
  bodies_bytes_ -= bytes;
  const auto found = accounts_.find(account);
  if (found == accounts_.end()) {
    return;  // of no account
  }
  found->second -= bytes;
  if (found->second == 0) {
    accounts_.erase(found);
  }
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
