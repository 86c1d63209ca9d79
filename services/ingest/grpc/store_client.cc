// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/store_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <utility>
#include <vector>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/common/mutex.h"
#include "libs/wire/codec/audience_codec.h"
#include "libs/wire/codec/inbox_codec.h"
#include "libs/wire/rpc/call_client.h"
#include "libs/wire/rpc/client_calls.h"
#include "libs/wire/rpc/status.h"

namespace belfry::ingest {
namespace {

void ToProto(const ItemContent& content, bool fresh, v1::AppendItem* proto) {
  proto->set_kind(content.kind == EntryKind::kBroadcast ? v1::ENTRY_KIND_BROADCAST
                                                        : v1::ENTRY_KIND_NOTIFICATION);
  proto->set_project(content.project);
  proto->set_user_id(content.user_id);
  proto->set_idempotency_key(content.idempotency_key);
  proto->set_idempotency_key_fresh(fresh && content.key_made);
  proto->set_content_hash(content.content_hash);
  proto->set_expires_us(content.expires_us);
  proto->set_payload(content.payload);
  proto->set_notification_kind(content.notification_kind);
  proto->set_collapse_key(content.collapse_key);
  proto->mutable_exclude_user_ids()->Assign(content.exclude_user_ids.begin(),
                                            content.exclude_user_ids.end());
}

Result<PublishResult> FromProto(const v1::AppendResult& proto) {
  if (proto.has_ok()) {
    return PublishResult{proto.ok().id(), proto.ok().created_us(), proto.ok().duplicate(),
                         proto.ok().suppressed()};
  }
  if (!proto.has_error()) {
    return Fail(Code::kUnknown, "the store's result is empty");
  }
  return Fail(wire::FromProto(proto.error()));
}

Result<StateUpdated> FromProto(const v1::UpdateStateResponse& proto) {
  if (proto.results_size() != 1) {
    return Fail(Code::kUnknown, "the store did not answer the change");
  }
  const v1::StateUpdateResult& result = proto.results(0);
  if (result.has_error()) {
    return Fail(wire::FromProto(result.error()));
  }
  return wire::FromProto(result.ok());
}

// Why a call failed, for producers. gRPC names the store's addresses when it cannot connect, which
// are the operator's.
Error FromStore(const grpc::Status& status) {
  Error error = wire::FromInternal(status);
  if (error.message.starts_with("failed to connect to all addresses")) {
    error.message = "it cannot be reached";
  }
  return error;
}

// Of a call whose own errors have a reason: any other one leaves open what was done.
Error AudienceError(const grpc::Status& status) {
  Error error = FromStore(status);
  switch (error.code) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
      error.code = error.reason.empty() ? Code::kUnknown : error.code;
      return error;
    default:
      return error;
  }
}

// A unary call's memory.
template <typename Request, typename Response>
struct Call {
  std::unique_ptr<grpc::ClientContext> context = std::make_unique<grpc::ClientContext>();
  Request request;
  Response response;
};

}  // namespace

struct StoreClient::Stub {
  std::unique_ptr<v1::StoreService::Stub> calls;
};

class StoreClient::Append final : public AppendCall,
                                  public std::enable_shared_from_this<StoreClient::Append> {
 public:
  explicit Append(wire::CallClient& store) : store_(store) {}

  void Start(const std::vector<ItemPtr>& items, bool fresh, Duration timeout,
             std::function<void(AppendAnswer)> done) override {
    v1::AppendRequest request;
    request.mutable_items()->Reserve(static_cast<int>(items.size()));
    for (const ItemPtr& item : items) {
      ToProto(item->content, fresh, request.add_items());
    }
    auto on_done = [self = shared_from_this(), done = std::move(done)](const grpc::Status& status) {
      done(self->Answer(status));
      const MutexLock lock(self->mutex_);
      self->number_ = 0;  // from now on the client may go
    };
    const MutexLock lock(mutex_);
    if (cancelled_) {
      return store_.StartCancelled(std::move(on_done));
    }
    number_ = store_.Start("Append", request, &response_,
                           std::chrono::duration_cast<std::chrono::microseconds>(timeout),
                           std::move(on_done));
  }

  void Cancel() override {
    const MutexLock lock(mutex_);
    cancelled_ = true;
    if (number_ != 0) {
      store_.Cancel(number_);
    }
  }

 private:
  AppendAnswer Answer(const grpc::Status& status) const {
    if (!status.ok()) {
      return Fail(FromStore(status));
    }
    std::vector<Result<PublishResult>> results;
    results.reserve(static_cast<std::size_t>(response_.results_size()));
    for (const v1::AppendResult& result : response_.results()) {
      results.push_back(FromProto(result));
    }
    return results;
  }

  wire::CallClient& store_;
  v1::AppendResponse response_;
  Mutex mutex_;
  std::uint64_t number_ BELFRY_GUARDED_BY(mutex_) = 0;  // while it is under way
  bool cancelled_ BELFRY_GUARDED_BY(mutex_) = false;
};

StoreClient::StoreClient(const std::shared_ptr<grpc::Channel>& channel,
                         const std::shared_ptr<const wire::CallerKey>& key)
    : stub_(std::make_unique<Stub>(Stub{v1::StoreService::NewStub(channel)})),
      appends_(std::make_unique<wire::CallClient>(
          channel, std::string(v1::StoreService::service_full_name()), key)),
      probes_(std::make_shared<wire::ClientCalls>(key)),
      request_calls_(std::make_shared<wire::ClientCalls>(key)) {}

StoreClient::~StoreClient() { Stop(); }

void StoreClient::Stop() {
  StopRequests();
  appends_->Stop();
  probes_->CancelAll();
}

void StoreClient::StopRequests() { request_calls_->CancelAll(); }

void StoreClient::Update(const StateUpdate& update, Duration timeout,
                         std::function<void(Result<StateUpdated>)> done) {
  auto call = std::make_shared<Call<v1::UpdateStateRequest, v1::UpdateStateResponse>>();
  wire::ToProto(update, call->request.add_updates());
  request_calls_->Begin(*call->context,
                        std::chrono::duration_cast<std::chrono::microseconds>(timeout));
  auto on_done = [call, calls = request_calls_,
                  done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? FromProto(call->response) : Fail(FromStore(status)));
    calls->End(call->context);
  };
  stub_->calls->async()->UpdateState(call->context.get(), &call->request, &call->response,
                                     std::move(on_done));
}

void StoreClient::List(const ListQuery& query, Duration timeout,
                       std::function<void(Result<ListPage>)> done) {
  auto call = std::make_shared<
      Call<v1::StoreServiceListNotificationsRequest, v1::StoreServiceListNotificationsResponse>>();
  wire::ToProto(query, &call->request);
  request_calls_->Begin(*call->context,
                        std::chrono::duration_cast<std::chrono::microseconds>(timeout));
  auto on_done = [call, calls = request_calls_,
                  done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? wire::FromProto(std::move(call->response)) : Fail(FromStore(status)));
    calls->End(call->context);
  };
  stub_->calls->async()->ListNotifications(call->context.get(), &call->request, &call->response,
                                           std::move(on_done));
}

void StoreClient::Update(const AudienceUpdate& update, const ItemContent* item, Duration timeout,
                         std::function<void(Result<AudienceUpdated>)> done) {
  auto call = std::make_shared<Call<v1::UpdateAudienceRequest, v1::UpdateAudienceResponse>>();
  wire::ToProto(update, &call->request);
  if (item != nullptr) {
    ToProto(*item, false, call->request.mutable_item());
  }
  request_calls_->Begin(*call->context,
                        std::chrono::duration_cast<std::chrono::microseconds>(timeout));
  auto on_done = [call, calls = request_calls_,
                  done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? Result<AudienceUpdated>(wire::FromProto(call->response))
                     : Fail(AudienceError(status)));
    calls->End(call->context);
  };
  stub_->calls->async()->UpdateAudience(call->context.get(), &call->request, &call->response,
                                        std::move(on_done));
}

void StoreClient::Read(const AudienceQuery& query, Duration timeout,
                       std::function<void(Result<AudiencePage>)> done) {
  auto call = std::make_shared<Call<v1::ReadAudienceRequest, v1::ReadAudienceResponse>>();
  wire::ToProto(query, &call->request);
  request_calls_->Begin(*call->context,
                        std::chrono::duration_cast<std::chrono::microseconds>(timeout));
  auto on_done = [call, calls = request_calls_,
                  done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? Result<AudiencePage>(wire::FromProto(call->response))
                     : Fail(AudienceError(status)));
    calls->End(call->context);
  };
  stub_->calls->async()->ReadAudience(call->context.get(), &call->request, &call->response,
                                      std::move(on_done));
}

std::shared_ptr<AppendCall> StoreClient::NewCall() { return std::make_shared<Append>(*appends_); }

void StoreClient::Probe(std::chrono::milliseconds timeout, std::function<void(Status)> done) {
  auto call = std::make_shared<Call<v1::GetHeadsRequest, v1::GetHeadsResponse>>();
  probes_->Begin(*call->context, timeout);
  auto on_done = [call, calls = probes_, done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? Status() : Status(Fail(wire::FromInternal(status))));
    calls->End(call->context);
  };
  stub_->calls->async()->GetHeads(call->context.get(), &call->request, &call->response,
                                  std::move(on_done));
}

}  // namespace belfry::ingest
