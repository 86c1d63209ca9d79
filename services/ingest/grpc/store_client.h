// SPDX-License-Identifier: Apache-2.0
// The store over gRPC. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "libs/common/result.h"
#include "services/ingest/core/audience_link.h"
#include "services/ingest/core/inbox_link.h"
#include "services/ingest/core/store_link.h"

namespace grpc {
class Channel;
}

namespace belfry::wire {
class CallClient;
class CallerKey;
class ClientCalls;
}  // namespace belfry::wire

namespace belfry::ingest {

class StoreClient final : public StoreLink, public InboxLink, public AudienceLink {
 public:
  // `key` proves this process's role to the store; null: its certificate does.
  explicit StoreClient(const std::shared_ptr<grpc::Channel>& channel,
                       const std::shared_ptr<const wire::CallerKey>& key = nullptr);
  ~StoreClient() override;  // Stop

  // Cancels all calls, those to come too, and waits until their callbacks have returned.
  void Stop();
  // The same for Update, List and Read only.
  void StopRequests();

  std::shared_ptr<AppendCall> NewCall() override;
  void Update(const StateUpdate& update, Duration timeout,
              std::function<void(Result<StateUpdated>)> done) override;
  void List(const ListQuery& query, Duration timeout,
            std::function<void(Result<ListPage>)> done) override;
  void Update(const AudienceUpdate& update, const ItemContent* item, Duration timeout,
              std::function<void(Result<AudienceUpdated>)> done) override;
  void Read(const AudienceQuery& query, Duration timeout,
            std::function<void(Result<AudiencePage>)> done) override;

  // Reads the store's heads, to see whether it answers at all. `done` is called once, on any
  // thread.
  void Probe(std::chrono::milliseconds timeout, std::function<void(Status)> done);

 private:
  struct Stub;
  class Append;
  const std::unique_ptr<Stub> stub_;
  const std::unique_ptr<wire::CallClient> appends_;
  const std::shared_ptr<wire::ClientCalls> probes_;
  const std::shared_ptr<wire::ClientCalls> request_calls_;
};

}  // namespace belfry::ingest
