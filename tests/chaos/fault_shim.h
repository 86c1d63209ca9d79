// SPDX-License-Identifier: Apache-2.0
// The test's end of a fault page: faults inside one process, switched while it runs.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/result.h"
#include "tests/chaos/shim/fault_page.h"

namespace belfry::chaos {

class FaultShim {
 public:
  // `page_path` is made. kUnavailable: it cannot be.
  static Result<std::unique_ptr<FaultShim>> Make(const std::string& page_path);
  ~FaultShim();  // a process that still holds the page keeps its last rule
  FaultShim(const FaultShim&) = delete;
  FaultShim& operator=(const FaultShim&) = delete;

  // What a process is started with (see ClusterOptions::before).
  std::vector<std::string> Words() const;

  // `rule` is in force from now on, instead of the one before, and counts from zero.
  void Arm(const FaultRule& rule);
  // No rule is; what is held goes on.
  void Disarm();
  std::uint64_t acted() const { return page_->acted; }

  // The process's wall clock is set, ahead or back; zero: it is right again. Its steady clock is
  // not touched.
  void SetClock(std::chrono::microseconds ahead) { page_->clock_ahead_us = ahead.count(); }

 private:
  FaultShim(std::string path, FaultPage* page) : path_(std::move(path)), page_(page) {}

  const std::string path_;
  FaultPage* const page_;
};

// Rules for the usual places. `file` is a pattern (see FaultRule).
FaultRule OnFile(FaultRule::Call call, const std::string& file, FaultRule::Moment moment,
                 FaultRule::Act act);
FaultRule OnPort(FaultRule::Call call, std::uint16_t port, FaultRule::Moment moment,
                 FaultRule::Act act);

// The store's files.
inline constexpr char kWal[] = "*/db/*.log";
inline constexpr char kSst[] = "*/db/*.sst";
inline constexpr char kManifest[] = "*/db/MANIFEST-*";
inline constexpr char kHighWater[] = "*/high-water";

}  // namespace belfry::chaos
