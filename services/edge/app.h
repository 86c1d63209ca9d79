// SPDX-License-Identifier: Apache-2.0
// belfry-edge put together: the only place that connects its rooms.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "libs/common/service.h"
#include "services/edge/config.h"

namespace belfry::edge {

// Destroying it closes every stream at once.
class App : public Service {
 public:
  // Listens on its ports at once, whether the store and NATS are there or not. kInvalidArgument,
  // kNotFound, kPermissionDenied and kFailedPrecondition: the configuration names what cannot be
  // used; others: a port that cannot be bound.
  static Result<std::unique_ptr<App>> Start(const Config& config, Log log);
  struct Ports {
    std::uint16_t http = 0;
    std::uint16_t admin = 0;
  };
  virtual Ports ports() const = 0;
  // Call about every 500 ms; /livez misses it after 10 s. kFailedPrecondition: the store has
  // another number of partitions now.
  Status Pulse() override = 0;
  // Reads the keys for tokens again; bad ones are logged, counted and not used.
  void Reload() override = 0;
  // Not ready, accepts no more, closes the streams over the drain window.
  void Stop() override = 0;
};

}  // namespace belfry::edge
