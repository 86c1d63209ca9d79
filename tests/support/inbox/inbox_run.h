// SPDX-License-Identifier: Apache-2.0
// Users on two devices each, who do at random whatever the API allows, while their stack is being
// broken; at rest all that they were told is judged.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "libs/common/inbox.h"
#include "tests/support/checker/history.h"
#include "tests/support/cluster/cluster.h"
#include "tests/support/cluster/sse_fleet.h"
#include "tests/support/inbox/inbox_api.h"
#include "tests/support/inbox/inbox_view.h"

namespace belfry::test {

// A change that was asked for, over one attempt.
struct ChangeAsked {
  std::string user = {};
  InboxApi::By by = InboxApi::By::kToken;
  StateChange change = {};
  int status = 0;  // 0: the answer was lost
  std::optional<Counts> counts = {};
  std::vector<EntryId> not_found = {};
};

// All that the devices did and were answered.
struct InboxBooks {
  std::vector<Publish> publishes = {};
  std::map<std::string, std::string> collapse_keys = {};  // by tag
  std::vector<ChangeAsked> changes = {};
  std::vector<std::pair<std::string, Counts>> counts = {};  // answered to a user
  std::vector<EntryId> retracted = {};                      // with 200
  std::vector<std::string> strange = {};                    // answers that nobody should get
};

class InboxRun {
 public:
  struct Options {
    std::uint64_t seed = 1;
    std::size_t users = 4;
    std::size_t late_users = 1;  // are not known before they are notified for the first time
  };
  // `cluster` runs and outlives it; its edges' rate per user must not be what is tested.
  InboxRun(Cluster& cluster, const Options& options);
  ~InboxRun();  // stops

  // Makes the users known, connects the streams and begins. False: something did not come up.
  [[nodiscard]] bool Start();
  // How many requests were answered with success.
  std::size_t answered() const { return answered_; }
  [[nodiscard]] bool WaitAnswered(std::size_t more) const;
  // No more requests. All of the cluster runs again.
  void Stop();

  // After Stop: waits until everything is at rest, and judges. A line for each fault; the first of
  // them at most.
  std::vector<std::string> Judge();
  // After Judge: what the checker judges.
  const History& history() const { return history_; }
  std::string Summary() const;

 private:
  struct Device;

  void Live(Device& device, std::uint64_t seed);
  void Step(Device& device);
  void FetchList(Device& device);
  void Notify(Device& device);
  void Broadcast(Device& device);
  void Retract(Device& device);
  void Mark(Device& device);
  void MarkMany(Device& device);
  void Look(Device& device);
  void Make(Device& device, StateChange change);
  // Publishes `members` with a new tag, again while the answer is lost.
  void Publish(Device& device, test::Publish publish, const std::string& members);
  std::string NewName(Device& device, const std::string& what);
  void Note(const std::string& strange);

  Cluster& cluster_;
  const Options options_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> answered_ = 0;
  mutable std::mutex mutex_;
  InboxBooks books_;  // guarded by mutex_
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<SseFleet> fleet_;  // before the devices go
  std::vector<std::thread> threads_;
  History history_;
};

}  // namespace belfry::test
