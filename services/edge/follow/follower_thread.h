// SPDX-License-Identifier: Apache-2.0
// Runs a Follower on a thread of its own, fed by announcements and by the store's answers.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"
#include "libs/wire/announce/announce_keys.h"
#include "services/edge/core/announcements.h"
#include "services/edge/core/batch.h"
#include "services/edge/core/follower.h"
#include "services/edge/core/log_source.h"

namespace belfry::edge {

using AnnounceKeysPtr = std::shared_ptr<const wire::AnnounceKeys>;

struct FollowerThreadOptions {
  FollowerOptions follower;
  // Announced and not yet applied; beyond it they are dropped, and read from the store later.
  std::size_t queue_bytes_max = 32u << 20;
  // Delivered and not yet taken by every core; beyond it the thread waits until some is.
  std::size_t backlog_bytes_max = 64u << 20;
};

// Called on the follower's thread; must not block.
struct FollowerSinks {
  std::function<void(Partition)> started;  // how many partitions there are; once, first
  std::function<void(BatchPtr)> deliver;
};

// Thread-safe.
class FollowerThread {
 public:
  // Starts `announcements` and follows at once. `store` and `clock` must outlive it, as well as
  // every call to `store` that is under way: end `store` (which ends them) after it. Only what one
  // of `keys` has signed is believed. Fails as `announcements` does.
  static Result<std::unique_ptr<FollowerThread>> Start(FollowerThreadOptions options,
                                                       std::unique_ptr<Announcements> announcements,
                                                       AnnounceKeysPtr keys, LogSource& store,
                                                       FollowerSinks sinks, const Clock& clock,
                                                       Metrics& metrics, Log log);
  // Stops and joins. No batch is delivered after it; answers of the store are dropped.
  ~FollowerThread();
  FollowerThread(const FollowerThread&) = delete;
  FollowerThread& operator=(const FollowerThread&) = delete;

  void SetKeys(AnnounceKeysPtr keys);  // from now on

  Follower::State state() const;         // at most a tick old
  SteadyTime ticked() const;             // when the thread last ran
  bool announcements_connected() const;  // whether announcements can arrive now
  // Why they cannot, as far as that is known.
  std::string announcements_trouble() const;

 private:
  class Impl;
  explicit FollowerThread(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::edge
