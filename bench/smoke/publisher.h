// SPDX-License-Identifier: Apache-2.0
// Producers that push: as fast as acknowledgements come back, or at a fixed rate whatever comes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/cluster/socket.h"

namespace belfry::bench {

struct Published {
  std::size_t acknowledged = 0;
  std::size_t failed = 0;
  double per_second = 0;  // acknowledged
};

// Blocking calls; thread-safe.
class Publisher {
 public:
  Publisher(const test::Endpoint& ingest, std::string api_key);
  ~Publisher();

  // `streams` NotifyStream calls, each with at most `window` unacknowledged.
  Published SaturateStreams(std::size_t streams, std::size_t window, std::chrono::seconds time);
  // `callers` NotifyBatch calls at a time, each of `batch` notifications.
  Published SaturateBatches(std::size_t callers, std::size_t batch, std::chrono::seconds time);

  // One NotifyStream; the nth request is meant to leave n / per_second after the beginning, and its
  // title is that moment (steady nanoseconds) even when it leaves later. Each goes to one of
  // `users`, in an order without pattern.
  Published AtRate(double per_second, std::chrono::seconds time,
                   const std::vector<std::string>& users);

  // Tells each user `times` things; returns when all are acknowledged.
  Published TellEach(const std::vector<std::string>& users, std::size_t times);
  // `each` notifications to each user, of `kinds` kinds in turn. Their ids, by user, oldest first;
  // nothing if one was not acknowledged.
  std::vector<std::vector<std::uint64_t>> PublishEach(const std::vector<std::string>& users,
                                                      std::size_t each, std::size_t kinds);
  // False if it was not acknowledged.
  bool Broadcast(const std::string& title);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::bench
