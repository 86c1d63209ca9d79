// SPDX-License-Identifier: Apache-2.0
#include "services/edge/grpc/store_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/common/mutex.h"
#include "libs/wire/codec/inbox_codec.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/rpc/call_client.h"
#include "libs/wire/rpc/client_calls.h"
#include "libs/wire/rpc/status.h"

namespace belfry::edge {
namespace {

Result<Heads> FromProto(const v1::GetHeadsResponse& proto) {
  if (proto.partitions() == 0 || proto.partitions() > kPartitionsMax) {
    return Fail(Code::kDataLoss,
                "the store answered with " + std::to_string(proto.partitions()) + " partitions");
  }
  Heads heads;
  heads.partitions = proto.partitions();
  heads.history_id = proto.history_id();
  heads.now_us = proto.now_us();
  for (const v1::PartitionHead& head : proto.heads()) {
    heads.heads.push_back({head.partition(), head.last_id(), head.floor()});
  }
  return heads;
}

Result<std::vector<FeedPage>> FromProto(v1::ReadFeedResponse& proto, std::size_t asked) {
  if (static_cast<std::size_t>(proto.pages_size()) != asked) {
    return Fail(Code::kDataLoss,
                "the store answered with another number of feeds than was requested");
  }
  std::vector<FeedPage> pages;
  pages.reserve(asked);
  for (v1::FeedPage& page : *proto.mutable_pages()) {
    Result<FeedPage> read = wire::FromProto(std::move(page));
    if (!read.ok()) {
      return Fail(std::move(read.error()));
    }
    pages.push_back(std::move(*read));
  }
  return pages;
}

AudiencePage FromProto(const v1::ListRevocationsResponse& proto) {
  AudiencePage page;
  for (const v1::Revocation& revocation : proto.revocations()) {
    page.revocations.push_back({revocation.project(), revocation.user_id(), revocation.at_us()});
  }
  page.next_after = proto.next_after();
  return page;
}

Result<StateUpdated> FromProto(const v1::StateUpdateResult& result) {
  if (result.has_ok()) {
    return wire::FromProto(result.ok());
  }
  return Fail(wire::FromProto(result.error()));
}

}  // namespace

struct StoreClient::Stubs {
  std::unique_ptr<v1::StoreService::Stub> logs;
};

// One ReadLog. Owns itself until OnDone.
class StoreClient::LogCall final : public grpc::ClientReadReactor<v1::ReadLogResponse> {
 public:
  LogCall(std::shared_ptr<wire::ClientCalls> calls, OnEntries done)
      : calls_(std::move(calls)), done_(std::move(done)) {}

  void Start(v1::StoreService::Stub& stub, const v1::ReadLogRequest& request,
             std::chrono::milliseconds timeout) {
    request_ = request;
    calls_->Begin(*context_, timeout);
    stub.async()->ReadLog(context_.get(), &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      return;
    }
    sent_.store_time_us = std::max(sent_.store_time_us, response_.store_time_us());
    for (v1::LogEntry& proto : *response_.mutable_entries()) {
      Result<Entry> entry = wire::FromProto(std::move(proto));
      if (!entry.ok()) {
        broken_ = std::move(entry.error());
        context_->TryCancel();
        return;
      }
      sent_.entries.push_back(std::make_shared<const Entry>(std::move(*entry)));
    }
    StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    if (broken_) {
      done_(Fail(Wrap("read the store's log", std::move(*broken_))));
    } else if (status.ok()) {
      done_(std::move(sent_));
    } else {
      done_(Fail(Wrap("read the store's log", wire::FromInternal(status))));
    }
    calls_->End(context_);
    delete this;
  }

 private:
  const std::shared_ptr<wire::ClientCalls> calls_;
  const OnEntries done_;
  std::unique_ptr<grpc::ClientContext> context_ = std::make_unique<grpc::ClientContext>();
  v1::ReadLogRequest request_;
  v1::ReadLogResponse response_;
  SentEntries sent_;  // the time is the last message's: by then they had all been sent
  std::optional<Error> broken_;
};

struct StoreClient::HeadsCall {
  std::unique_ptr<grpc::ClientContext> context = std::make_unique<grpc::ClientContext>();
  v1::GetHeadsRequest request;
  v1::GetHeadsResponse response;
};

struct StoreClient::RevocationsCall {
  std::unique_ptr<grpc::ClientContext> context = std::make_unique<grpc::ClientContext>();
  v1::ListRevocationsRequest request;
  v1::ListRevocationsResponse response;
};

// One UpdateState, with the changes of several requests.
struct StoreClient::UpdateCall {
  v1::UpdateStateRequest request;
  v1::UpdateStateResponse response;
  std::vector<OnUpdated> done;  // one for each of the request's

  void Answer(const grpc::Status& status) {
    const bool whole = response.results_size() == request.updates_size();
    for (std::size_t i = 0; i < done.size(); ++i) {
      if (!status.ok()) {
        done[i](Fail(Wrap("change states", wire::FromInternal(status))));
      } else if (!whole) {
        done[i](Fail(Code::kDataLoss,
                     "the store answered another number of changes than was requested"));
      } else {
        done[i](FromProto(response.results(static_cast<int>(i))));
      }
    }
  }
};

struct StoreClient::Updates {
  struct Waiting {
    StateUpdate update;
    OnUpdated done;
  };
  Mutex mutex;
  std::deque<Waiting> waiting BELFRY_GUARDED_BY(mutex);
  int calls BELFRY_GUARDED_BY(mutex) = 0;  // under way
};

StoreClient::StoreClient(const std::shared_ptr<grpc::Channel>& log_channel,
                         const std::shared_ptr<grpc::Channel>& feed_channel,
                         StoreClientOptions options,
                         const std::shared_ptr<const wire::CallerKey>& key)
    : options_(options),
      stubs_(std::make_unique<Stubs>(Stubs{v1::StoreService::NewStub(log_channel)})),
      calls_(std::make_shared<wire::ClientCalls>(key)),
      feed_calls_(std::make_unique<wire::CallClient>(
          feed_channel, std::string(v1::StoreService::service_full_name()), key)),
      inbox_calls_(std::make_unique<wire::CallClient>(
          feed_channel, std::string(v1::StoreService::service_full_name()), key)),
      updates_(std::make_unique<Updates>()) {}

StoreClient::~StoreClient() {
  calls_->CancelAll();
  feed_calls_->Stop();
  inbox_calls_->Stop();
}

void StoreClient::ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max,
                          OnEntries done) {
  v1::ReadLogRequest request;
  request.set_partition(partition);
  request.set_after(after);
  request.set_bytes_max(bytes_max);
  (new LogCall(calls_, std::move(done)))->Start(*stubs_->logs, request, options_.log_timeout);
}

void StoreClient::ReadHeads(OnHeads done) {
  auto call = std::make_shared<HeadsCall>();
  calls_->Begin(*call->context, options_.heads_timeout);
  auto on_done = [call, calls = calls_, done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? FromProto(call->response)
                     : Fail(Wrap("read the store's heads", wire::FromInternal(status))));
    calls->End(call->context);
  };
  stubs_->logs->async()->GetHeads(call->context.get(), &call->request, &call->response,
                                  std::move(on_done));
}

void StoreClient::ReadFeeds(std::vector<FeedQuery> queries, OnPages done) {
  v1::ReadFeedRequest request;
  for (const FeedQuery& query : queries) {
    wire::ToProto(query, request.add_queries());
  }
  auto response = std::make_shared<v1::ReadFeedResponse>();
  auto* const to_fill = response.get();
  auto on_done = [response = std::move(response), asked = queries.size(),
                  done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? FromProto(*response, asked)
                     : Fail(Wrap("read feeds", wire::FromInternal(status))));
  };
  feed_calls_->Start("ReadFeed", request, to_fill, options_.feeds_timeout, std::move(on_done));
}

void StoreClient::List(ListQuery query, OnList done) {
  v1::StoreServiceListNotificationsRequest request;
  wire::ToProto(query, &request);
  auto response = std::make_shared<v1::StoreServiceListNotificationsResponse>();
  auto* const to_fill = response.get();
  auto on_done = [response = std::move(response),
                  done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? wire::FromProto(std::move(*response))
                     : Fail(Wrap("list notifications", wire::FromInternal(status))));
  };
  inbox_calls_->Start("ListNotifications", request, to_fill, options_.inbox_timeout,
                      std::move(on_done));
}

void StoreClient::Update(StateUpdate update, OnUpdated done) {
  {
    const MutexLock lock(updates_->mutex);
    updates_->waiting.push_back({std::move(update), std::move(done)});
  }
  SendUpdates();
}

void StoreClient::ReadRevocations(const std::string& after, OnRevocations done) {
  auto call = std::make_shared<RevocationsCall>();
  call->request.set_after(after);
  calls_->Begin(*call->context, options_.inbox_timeout);
  auto on_done = [call, calls = calls_, done = std::move(done)](const grpc::Status& status) {
    // A store of before there were revocations has none.
    const bool known = status.error_code() != grpc::StatusCode::UNIMPLEMENTED;
    done(status.ok() || !known ? Result<AudiencePage>(FromProto(call->response))
                               : Fail(Wrap("read revocations", wire::FromInternal(status))));
    calls->End(call->context);
  };
  stubs_->logs->async()->ListRevocations(call->context.get(), &call->request, &call->response,
                                         std::move(on_done));
}

void StoreClient::SendUpdates() {
  auto call = std::make_shared<UpdateCall>();
  {
    const MutexLock lock(updates_->mutex);
    if (updates_->waiting.empty() || updates_->calls == options_.update_calls_max) {
      return;
    }
    ++updates_->calls;
    while (!updates_->waiting.empty() && call->done.size() < options_.updates_per_call_max) {
      Updates::Waiting& next = updates_->waiting.front();
      wire::ToProto(next.update, call->request.add_updates());
      call->done.push_back(std::move(next.done));
      updates_->waiting.pop_front();
    }
  }
  // The client outlives the call: what waits is sent, or cancelled, before it ends.
  auto on_done = [this, call](const grpc::Status& status) {
    call->Answer(status);
    {
      const MutexLock lock(updates_->mutex);
      --updates_->calls;
    }
    SendUpdates();
  };
  inbox_calls_->Start("UpdateState", call->request, &call->response, options_.inbox_timeout,
                      std::move(on_done));
}

}  // namespace belfry::edge
