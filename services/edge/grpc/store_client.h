// SPDX-License-Identifier: Apache-2.0
// The store over gRPC: its log and heads for the follower, its feeds for streams that catch up, its
// lists and changes for the browser API.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>

#include "services/edge/core/feed_source.h"
#include "services/edge/core/inbox.h"
#include "services/edge/core/log_source.h"
#include "services/edge/core/revocation_source.h"

namespace grpc {
class Channel;
}

namespace belfry::wire {
class CallClient;
class CallerKey;
class ClientCalls;
}  // namespace belfry::wire

namespace belfry::edge {

struct StoreClientOptions {
  std::chrono::milliseconds heads_timeout{1'000};
  std::chrono::milliseconds log_timeout{5'000};
  std::chrono::milliseconds feeds_timeout{5'000};
  std::chrono::milliseconds inbox_timeout{5'000};  // lists and changes
  // Changes go to the store in calls of several: while so many calls are under way, what comes
  // waits for the next one.
  int update_calls_max = 4;
  std::size_t updates_per_call_max = 256;
};

// Thread-safe. Callbacks run on gRPC's threads and must not block.
class StoreClient final : public LogSource,
                          public FeedSource,
                          public Inbox,
                          public RevocationSource {
 public:
  // Two channels, so that filling a hole does not queue behind a storm of catch-ups.
  // `key` proves this process's role to the store; null: its certificate does.
  StoreClient(const std::shared_ptr<grpc::Channel>& log_channel,
              const std::shared_ptr<grpc::Channel>& feed_channel, StoreClientOptions options,
              const std::shared_ptr<const wire::CallerKey>& key = nullptr);
  // Cancels what is under way, and waits until its callbacks have returned.
  ~StoreClient() override;

  void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max,
               OnEntries done) override;
  void ReadHeads(OnHeads done) override;
  void ReadFeeds(std::vector<FeedQuery> queries, OnPages done) override;
  void List(ListQuery query, OnList done) override;
  void Update(StateUpdate update, OnUpdated done) override;
  void ReadRevocations(const std::string& after, OnRevocations done) override;

 private:
  struct Stubs;
  class LogCall;
  struct HeadsCall;
  struct UpdateCall;
  struct RevocationsCall;
  struct Updates;

  // Sends what waits, if one more call may be under way.
  void SendUpdates();

  const StoreClientOptions options_;
  const std::unique_ptr<Stubs> stubs_;
  const std::shared_ptr<wire::ClientCalls> calls_;
  // Two streams, so that lists and changes do not wait behind the pages of a storm of reconnects.
  const std::unique_ptr<wire::CallClient> feed_calls_;
  const std::unique_ptr<wire::CallClient> inbox_calls_;  // on the feeds' channel
  const std::unique_ptr<Updates> updates_;
};

}  // namespace belfry::edge
