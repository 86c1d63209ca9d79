// SPDX-License-Identifier: Apache-2.0
// The store over gRPC. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "libs/common/result.h"
#include "services/ingest/core/store_link.h"

namespace grpc {
class Channel;
}

namespace belfry::ingest {

class StoreClient final : public StoreLink {
 public:
  explicit StoreClient(std::shared_ptr<grpc::Channel> channel);
  // Waits for calls under way; Appends must have been cancelled or answered.
  ~StoreClient() override;

  std::shared_ptr<AppendCall> NewCall() override;

  // Asks the store where it stands, to see whether it answers at all. `done` is called once, on any
  // thread.
  void Probe(std::chrono::milliseconds timeout, std::function<void(Status)> done);

 private:
  struct Shared;
  class Append;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace belfry::ingest
