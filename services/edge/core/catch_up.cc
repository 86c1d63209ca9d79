// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/catch_up.h"

#include <algorithm>

#include "libs/common/check.h"

namespace belfry::edge {

bool CatchUpGate::Add(Ticket ticket) {
  if (waiting_.size() >= limits_.waiting_max) {
    return false;
  }
  waiting_.push_back(ticket);
  return true;
}

std::vector<CatchUpGate::Ticket> CatchUpGate::Next(SteadyTime now) {
  // After a failure one call is enough to find out whether the store is back.
  const std::size_t calls_max = failures_ > 0 ? 1 : limits_.calls_max;
  if (waiting_.empty() || calls_ >= calls_max || now < paused_until_) {
    return {};
  }
  const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), kBatchMax));
  std::vector<Ticket> tickets(waiting_.begin(), waiting_.begin() + count);
  waiting_.erase(waiting_.begin(), waiting_.begin() + count);
  ++calls_;
  return tickets;
}

void CatchUpGate::Answered() {
  BELFRY_CHECK_GT(calls_, 0);
  --calls_;
  failures_ = 0;
  paused_until_ = {};
  backoff_.Reset();
}

void CatchUpGate::Unavailable(const std::vector<Ticket>& tickets, SteadyTime now) {
  BELFRY_CHECK_GT(calls_, 0);
  --calls_;
  ++failures_;
  waiting_.insert(waiting_.begin(), tickets.begin(), tickets.end());
  paused_until_ = std::max(paused_until_, now + backoff_.Next());
}

}  // namespace belfry::edge
