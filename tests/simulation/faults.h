// SPDX-License-Identifier: Apache-2.0
// What befalls a world, each kind about as often as its plan says, and the mending of it. What the
// promise excuses is written down as a trouble; a bus that fails is no excuse.
#pragma once

#include <functional>
#include <map>

#include "tests/simulation/world.h"

namespace belfry::sim {

class Faults {
 public:
  // `world` must outlive it, and it must outlive the run.
  explicit Faults(World& world);

  // Nothing more happens, and what lasts ends now.
  void MendAll();

 private:
  void Await(Fault fault);
  void Happen(Fault fault);
  void BefallStore(Fault fault);
  void BefallBus(Fault fault);
  void BefallEdge(Fault fault);
  void BefallIngest(Fault fault);
  void BefallClient(Fault fault);
  void BefallClock(Fault fault);
  // `mend` is called after `time`, or by MendAll.
  void Last(Duration time, std::function<void()> mend);
  // From now on for `time` something is broken that the promise excuses.
  void Trouble(Fault fault, Duration time);
  Duration Some(Millis least, Millis most) { return world_.context.random.Between(least, most); }
  template <typename T>
  T& AnyOf(const std::vector<std::unique_ptr<T>>& some) {
    return *some[world_.context.random.Index(some.size())];
  }

  World& world_;
  bool calm_ = false;
  std::uint64_t mends_made_ = 0;
  std::map<std::uint64_t, std::function<void()>> mends_;  // of what lasts now
};

}  // namespace belfry::sim
