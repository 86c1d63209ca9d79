// SPDX-License-Identifier: Apache-2.0
// belfry-store put together: the only place that connects its rooms.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "libs/common/service.h"
#include "services/store/config.h"

namespace belfry::store {

// Destroying it stops it at once; what was acknowledged is on disk.
class App : public Service {
 public:
  // Recovers the log and listens, whether NATS is there or not. Errors: those of opening the data
  // directory, and kUnavailable or kInvalidArgument for what cannot be bound or read.
  static Result<std::unique_ptr<App>> Start(const Config& config, Log log);
  struct Ports {
    std::uint16_t grpc = 0;
    std::uint16_t admin = 0;
  };
  virtual Ports ports() const = 0;
  // kDataLoss: a commit's outcome is unknown and nothing is written any more. End the process and
  // start it again, so that recovery reads what is on disk.
  Status Pulse() override = 0;
  // In order: refuses new calls, lets running ones end within the drain timeout, commits and
  // announces what waits, flushes, notes the clean end.
  void Stop() override = 0;
};

}  // namespace belfry::store
