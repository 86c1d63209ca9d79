// SPDX-License-Identifier: Apache-2.0
// belfry-store put together: the only place where its rooms meet.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "services/store/config.h"

namespace belfry::store {

// Every function from one thread, but failed().
class App {
 public:
  // Recovers the log and listens, whether NATS is there or not. Errors: those of opening the data
  // directory, and kUnavailable or kInvalidArgument for what cannot be bound or read.
  static Result<std::unique_ptr<App>> Start(const Config& config, Log log);
  // Stops at once; what was acknowledged is on disk.
  virtual ~App() = default;

  struct Ports {
    std::uint16_t grpc = 0;
    std::uint16_t admin = 0;
  };
  virtual Ports ports() const = 0;
  // A commit's outcome is unknown: nothing is written any more. End the process and start it again,
  // so that recovery tells the truth.
  virtual bool failed() const = 0;
  // In order: refuses new calls, lets running ones end within the drain timeout, commits and
  // announces what waits, flushes, notes the clean end.
  virtual void Stop() = 0;
};

}  // namespace belfry::store
