// SPDX-License-Identifier: Apache-2.0
// grpc.health.v1: whether a server serves, for whoever asks. gRPC has such a service, but reads
// every call's message before any code of ours runs; this one is served head first like the rest.
// Private to this room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/wire/rpc/head_first_call.h"

namespace belfry::wire {

// Thread-safe, once the names are set.
class Health {
 public:
  // `calls`, which its calls are of, must outlive it.
  explicit Health(HeadFirstCalls& calls);
  ~Health();
  Health(const Health&) = delete;
  Health& operator=(const Health&) = delete;

  grpc::Service* service();
  // The services that there are, beside "", which is the server. Once, before the first call.
  void SetNames(std::vector<std::string> names);
  // The answer for all of them; false until the first call.
  void SetServing(bool serving);
  // Ends the calls that watch; new ones end at once.
  void EndWatches();

 private:
  class State;
  class Check;
  class Watch;

  const std::unique_ptr<State> state_;
  HeadFirstService service_;
};

}  // namespace belfry::wire
