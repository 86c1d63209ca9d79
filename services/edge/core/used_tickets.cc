// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/used_tickets.h"

#include <algorithm>
#include <utility>

namespace belfry::edge {
namespace {

// A token is accepted for some seconds after its end, because clocks differ.
constexpr std::int64_t kLeewayMaxS = 60;

}  // namespace

bool UsedTickets::Use(std::string_view ticket, std::int64_t expires_s, std::int64_t now_s) {
  // Without the signature, of which there may be more than one for the same claims.
  std::string claims(ticket.substr(0, ticket.rfind('.')));
  const MutexLock lock(mutex_);
  if (forget_at_s_.size() >= drop_at_size_) {
    std::erase_if(forget_at_s_, [now_s](const auto& kept) { return kept.second <= now_s; });
    drop_at_size_ = std::max<std::size_t>(1024, forget_at_s_.size() * 2);
  }
  return forget_at_s_.try_emplace(std::move(claims), expires_s + kLeewayMaxS).second;
}

std::size_t UsedTickets::size() const {
  const MutexLock lock(mutex_);
  return forget_at_s_.size();
}

}  // namespace belfry::edge
