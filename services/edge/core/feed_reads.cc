// SPDX-License-Identifier: Apache-2.0
#include "services/edge/core/feed_reads.h"

#include <utility>

#include "libs/common/check.h"

namespace belfry::edge {
namespace {

bool WorthRetrying(Code code) {
  return code == Code::kUnavailable || code == Code::kDeadlineExceeded ||
         code == Code::kResourceExhausted || code == Code::kAborted || code == Code::kCancelled;
}

}  // namespace

FeedReads::FeedReads(const StreamOptions& options, const Clock& clock, const StreamMetrics& metrics,
                     Connections& connections, Delivery& delivery, std::uint64_t seed)
    : options_(options),
      clock_(clock),
      metrics_(metrics),
      connections_(connections),
      delivery_(delivery),
      gate_({static_cast<std::size_t>(options.catch_up_waiting_max),
             static_cast<std::size_t>(options.catch_up_calls_max)},
            seed) {}

std::size_t FeedReads::pending() const {
  std::size_t count = gate_.waiting();
  for (const auto& [call, tickets] : reading_) {
    count += tickets.size();
  }
  return count;
}

void FeedReads::Want(Connection& connection) {
  if (!connection.stream.wants_page() || connection.gated) {
    return;
  }
  if (!gate_.Add(Connections::HandleOf(connection))) {
    connections_.Refuse(connection, RefusalReason::kGate);
    return;
  }
  connection.gated = true;
}

FeedQuery FeedReads::QueryOf(Connection& connection) const {
  FeedQuery query;
  query.project = Hub::ProjectOf(connection);
  query.user_id = Hub::UserOf(connection);
  query.entries_max = static_cast<std::uint32_t>(options_.catch_up_entries_max);
  query.bytes_max = static_cast<std::uint32_t>(options_.catch_up_bytes_max);
  connection.stream.BeginRead(query);
  return query;
}

std::vector<PendingRead> FeedReads::Take() {
  std::vector<PendingRead> reads;
  const SteadyTime now = clock_.Now();
  while (true) {
    std::vector<CatchUpGate::Ticket> tickets = gate_.Next(now);
    if (tickets.empty()) {
      return reads;
    }
    PendingRead read;
    read.call = ++calls_;
    std::erase_if(tickets, [&](StreamHandle handle) {
      Connection* connection = connections_.Find(handle);
      if (connection == nullptr || connection->stream.state() != Stream::State::kWanting) {
        return true;  // it ended while it waited
      }
      metrics_.catch_ups[static_cast<std::size_t>(connection->stream.cause())].Add();
      read.queries.push_back(QueryOf(*connection));
      return false;
    });
    if (tickets.empty()) {
      gate_.Answered();
      continue;
    }
    metrics_.catch_up_batch.Observe(static_cast<double>(tickets.size()));
    reading_.emplace(read.call, std::move(tickets));
    reads.push_back(std::move(read));
  }
}

void FeedReads::OnPages(std::uint64_t call, const Result<std::vector<FeedPage>>& pages) {
  const auto at = reading_.find(call);
  BELFRY_CHECK(at != reading_.end());
  std::vector<CatchUpGate::Ticket> tickets = std::move(at->second);
  reading_.erase(at);
  const bool answered = pages.ok() && pages->size() == tickets.size();
  if (!answered) {
    metrics_.catch_up_failures.Add();
  }
  if (!pages.ok() && WorthRetrying(pages.error().code)) {
    std::erase_if(tickets, [this](StreamHandle handle) {
      Connection* connection = connections_.Find(handle);
      if (connection == nullptr || connection->stream.state() != Stream::State::kReading) {
        return true;
      }
      connection->stream.OnReadFailed();
      return false;
    });
    gate_.Unavailable(tickets, clock_.Now());
    return;
  }
  gate_.Answered();
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    Connection* connection = connections_.Find(tickets[i]);
    if (connection == nullptr || connection->stream.state() != Stream::State::kReading) {
      continue;
    }
    connection->gated = false;
    if (answered) {
      delivery_.Replay(*connection, (*pages)[i]);
    } else {
      connections_.SendBye(*connection, ByeReason::kOverloaded);
    }
  }
}

}  // namespace belfry::edge
