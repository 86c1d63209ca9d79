// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/store_client.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.grpc.pb.h"
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
}

Result<Appended> FromProto(const v1::AppendResult& proto) {
  if (proto.has_ok()) {
    return Appended{proto.ok().id(), proto.ok().created_us(), proto.ok().duplicate()};
  }
  if (!proto.has_error()) return Fail(Code::kUnknown, "the store's result is empty");
  return Fail(wire::FromProto(proto.error()));
}

}  // namespace

// Counts calls, so that their end can be waited for.
struct StoreClient::Shared {
  explicit Shared(const std::shared_ptr<grpc::Channel>& channel)
      : stub(v1::StoreService::NewStub(channel)) {}

  void Begin() {
    const std::scoped_lock lock(mutex);
    calls += 1;
  }
  void End() {
    const std::scoped_lock lock(mutex);
    calls -= 1;
    if (calls == 0) none.notify_all();
  }

  const std::unique_ptr<v1::StoreService::Stub> stub;
  std::mutex mutex;
  std::condition_variable none;
  int calls = 0;  // guarded by mutex
};

class StoreClient::Append final : public AppendCall,
                                  public std::enable_shared_from_this<StoreClient::Append> {
 public:
  explicit Append(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void Start(const std::vector<ItemPtr>& items, bool fresh, Duration timeout,
             std::function<void(AppendAnswer)> done) override {
    request_.mutable_items()->Reserve(static_cast<int>(items.size()));
    for (const ItemPtr& item : items) ToProto(item->content, fresh, request_.add_items());
    context_.set_deadline(std::chrono::system_clock::now() +
                          std::chrono::duration_cast<std::chrono::microseconds>(timeout));
    shared_->Begin();
    auto on_done = [self = shared_from_this(), done = std::move(done)](grpc::Status status) {
      const auto shared = self->shared_;
      done(self->Answer(status));
      shared->End();
    };
    shared_->stub->async()->Append(&context_, &request_, &response_, std::move(on_done));
  }

  void Cancel() override { context_.TryCancel(); }

 private:
  AppendAnswer Answer(const grpc::Status& status) const {
    if (!status.ok()) return Fail(wire::FromGrpc(status));
    std::vector<Result<Appended>> results;
    results.reserve(static_cast<std::size_t>(response_.results_size()));
    for (const v1::AppendResult& result : response_.results()) {
      results.push_back(FromProto(result));
    }
    return results;
  }

  const std::shared_ptr<Shared> shared_;
  grpc::ClientContext context_;
  v1::AppendRequest request_;
  v1::AppendResponse response_;
};

StoreClient::StoreClient(std::shared_ptr<grpc::Channel> channel)
    : shared_(std::make_shared<Shared>(channel)) {}

StoreClient::~StoreClient() {
  std::unique_lock lock(shared_->mutex);
  shared_->none.wait(lock, [this] { return shared_->calls == 0; });
}

std::shared_ptr<AppendCall> StoreClient::NewCall() { return std::make_shared<Append>(shared_); }

void StoreClient::Probe(std::chrono::milliseconds timeout, std::function<void(Status)> done) {
  struct Call {
    grpc::ClientContext context;
    v1::GetHeadsRequest request;
    v1::GetHeadsResponse response;
  };
  auto call = std::make_shared<Call>();
  call->context.set_deadline(std::chrono::system_clock::now() + timeout);
  shared_->Begin();
  auto on_done = [call, shared = shared_, done = std::move(done)](const grpc::Status& status) {
    done(status.ok() ? Status() : Status(Fail(wire::FromGrpc(status))));
    shared->End();
  };
  shared_->stub->async()->GetHeads(&call->context, &call->request, &call->response,
                                   std::move(on_done));
}

}  // namespace belfry::ingest
