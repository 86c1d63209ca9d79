// SPDX-License-Identifier: Apache-2.0
// gRPC's server reflection, v1 and v1alpha. gRPC's own library serves v1alpha only, takes a thread
// for each call and cannot describe the health service. Internal to this room.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "libs/wire/rpc/head_first.h"

namespace belfry::wire {

// Describes what this program knows of the services it serves, to anybody. Thread-safe; outlives
// the server.
class Reflection {
 public:
  static constexpr std::size_t kStreamsMax = 64;  // at once; beyond: RESOURCE_EXHAUSTED

  Reflection();
  ~Reflection();
  Reflection(const Reflection&) = delete;
  Reflection& operator=(const Reflection&) = delete;

  // To be registered, and then listed by SetServices among the others.
  std::vector<grpc::Service*> services();
  // What a server serves: full names. Once, before the server takes connections.
  void SetServices(std::vector<std::string> names);

 private:
  struct State;
  const std::unique_ptr<State> state_;
  HeadFirstService v1_;
  HeadFirstService v1alpha_;
};

}  // namespace belfry::wire
