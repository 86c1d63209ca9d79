// SPDX-License-Identifier: Apache-2.0
// belfry-ingest put together: the only place where its rooms meet.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/common/log.h"
#include "libs/common/result.h"
#include "libs/common/service.h"
#include "services/ingest/config.h"

namespace belfry::ingest {

// Destroying it stops it with no patience.
class App : public Service {
 public:
  // Listens on its three ports at once, whether the store is there or not. kInvalidArgument,
  // kNotFound and kPermissionDenied: the configuration names what cannot be used; others: a port
  // that cannot be bound.
  static Result<std::unique_ptr<App>> Start(const Config& config, Log log);
  struct Ports {
    std::uint16_t grpc = 0;
    std::uint16_t http = 0;
    std::uint16_t admin = 0;
  };
  virtual Ports ports() const = 0;
  // Looks after the store. Call about every 500 ms; /livez misses it after 10 s. Never an error.
  Status Pulse() override = 0;
  // Reads the API keys again; bad ones are logged, counted and not taken.
  void Reload() override = 0;
  // Not ready, refuses new calls, lets running ones end within the drain timeout.
  void Stop() override = 0;
};

}  // namespace belfry::ingest
