// SPDX-License-Identifier: Apache-2.0
// A cluster at work: clients that listen and reconnect, producers that publish, and the verdict.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/checker/checker.h"
#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/producer.h"
#include "tests/support/cluster/sse_fleet.h"

namespace belfry::test {

class Traffic {
 public:
  // `cluster` runs already and outlives it.
  explicit Traffic(Cluster& cluster);

  // user-0, user-1, ...
  static std::vector<std::string> Users(std::size_t count);

  // Streams of `per_user` clients for each user, spread over the edges, that start now; returns
  // once all are connected, false if they are not. `silence_max` as in SseClientOptions.
  [[nodiscard]] bool Listen(const std::vector<std::string>& users, std::size_t per_user,
                            std::chrono::milliseconds silence_max = {});
  // One more client; gives its number.
  std::size_t Add(const std::string& user, std::optional<EntryId> cursor = std::nullopt,
                  SseClientOptions options = {});

  // Publishes to `users` by each of the three calls at once, broadcasts in between.
  void StartLoad(const std::vector<std::string>& users, double per_second_each = 100,
                 std::size_t body_bytes = 0);
  // What the load and Publish have asked for and got an answer to so far.
  std::vector<test::Publish> Answered() const;
  // Waits until `more` publishes were acknowledged from now on.
  [[nodiscard]] bool WaitAcknowledged(std::size_t more);
  // Waits until each call of the load was acknowledged again after `since_us`, and then until
  // every client received all that was acknowledged by then.
  [[nodiscard]] bool WaitRecovered(std::int64_t since_us, std::chrono::milliseconds patience);
  void StopLoad();
  // Publishes these and keeps the books; each must be acknowledged.
  void Publish(const std::vector<Item>& items, Way way = Way::kStream);

  // Stops the load, waits until everybody has everything, reads the store's logs back (it runs, and
  // has held nobody else's publishes) and judges: acknowledged = stored = delivered, in order,
  // once. Reports failures to GoogleTest; the history is then left beside the logs. The number of
  // partitions in `options` does not matter.
  void ExpectEveryPromiseKept(const CheckOptions& options = {});
  // The same without waiting or looking into the store: the verdict over what there is.
  Verdict Judge(const CheckOptions& options = {});

  SseFleet& fleet() { return fleet_; }
  Producer& producer() { return producer_; }
  const std::vector<test::Publish>& publishes() const { return publishes_; }

 private:
  std::size_t acknowledged() const;
  // All that there is, the store's logs included; without them, and a failure reported, if it does
  // not answer.
  History ReadHistory();

  Cluster& cluster_;
  SseFleet fleet_;
  Producer producer_;
  std::vector<test::Publish> publishes_;
  std::vector<std::unique_ptr<Load>> loads_;
  std::size_t loads_started_ = 0;
};

}  // namespace belfry::test
