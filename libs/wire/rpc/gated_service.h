// SPDX-License-Identifier: Apache-2.0
// A service of callback methods behind a gate. Internal to this room.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <deque>
#include <string>

#include "libs/wire/rpc/gate.h"

namespace belfry::wire {

// Serves what `inner` serves, under the same names. Thread-safe once it is made.
class GatedService final : public grpc::Service {
 public:
  // `inner` implements the proto service `name` ("belfry.v1.StoreService") with gRPC's callback
  // API. It must outlive this, and is not registered itself.
  GatedService(grpc::Service& inner, const std::string& name, const Gate& gate);

 private:
  class Method;
  std::deque<std::string> paths_;  // gRPC points to them
};

}  // namespace belfry::wire
