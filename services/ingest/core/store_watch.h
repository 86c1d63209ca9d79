// SPDX-License-Identifier: Apache-2.0
// Whether the store answers, as far as we know. Thread-safe.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"

namespace belfry::ingest {

class StoreWatch {
 public:
  // `clock` must outlive it.
  explicit StoreWatch(const Clock& clock) : clock_(clock) {}

  // True if no probe is out; then one is, until OnProbe.
  bool Begin() {
    const MutexLock lock(mutex_);
    return !std::exchange(probing_, true);
  }
  void OnProbe(const Status& status) {
    const MutexLock lock(mutex_);
    probing_ = false;
    if (status.ok()) {
      answered_ = clock_.Now();
    }
    detail_ = status.ok() ? "" : status.error().ToString();
    up_ = status.ok();
    known_ = true;
  }

  struct State {
    bool known = false;  // it was asked and has answered or failed to
    bool up = false;
    std::string detail;  // why not
  };
  // Down after a failed probe, or when the last good one is older than 3 s.
  State state() const {
    const MutexLock lock(mutex_);
    if (!up_) {
      return {known_, false, detail_};
    }
    if (clock_.Now() - answered_ > std::chrono::seconds(3)) {
      return {true, false, "no answer for 3 s"};
    }
    return {true, true, {}};
  }

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  bool probing_ BELFRY_GUARDED_BY(mutex_) = false;
  bool up_ BELFRY_GUARDED_BY(mutex_) = false;
  bool known_ BELFRY_GUARDED_BY(mutex_) = false;
  SteadyTime answered_ BELFRY_GUARDED_BY(mutex_){};
  std::string detail_ BELFRY_GUARDED_BY(mutex_) = "not asked yet";
};

}  // namespace belfry::ingest
