// SPDX-License-Identifier: Apache-2.0
// One device of a user in an InboxRun.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "tests/support/inbox/inbox_api.h"
#include "tests/support/inbox/inbox_run.h"
#include "tests/support/inbox/inbox_view.h"

namespace belfry::test {

// `view` may be used by any thread, all else by the device's own.
struct InboxRun::Device {
  Device(const Cluster& cluster, const std::string& user, std::size_t number, bool joined)
      : api(cluster, user, number), name(user + "#" + std::to_string(number)), known(joined) {}

  std::size_t Pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  }
  bool Chance(std::size_t percent) { return Pick(100) < percent; }
  InboxApi::By Way() { return Chance(60) ? InboxApi::By::kToken : InboxApi::By::kApiKey; }
  // One that it shows, or that it did something to; 0 if there is none.
  EntryId AnyId();

  const InboxApi api;
  const std::string name;
  const bool known;  // from before the first broadcast
  std::mt19937_64 random{0};
  InboxView view;
  std::vector<EntryId> touched = {};     // ids it has changed
  std::vector<std::string> keys = {};    // of its publishes, which it may retract
  std::vector<EntryId> broadcasts = {};  // it has made
  std::size_t named = 0;
};

}  // namespace belfry::test
