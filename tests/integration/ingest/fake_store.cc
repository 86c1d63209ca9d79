// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ingest/fake_store.h"

#include <grpcpp/server_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/wire/rpc/status.h"

namespace belfry::ingest {
namespace {

class FakeStoreImpl final : public FakeStore, private v1::StoreService::CallbackService {
 public:
  explicit FakeStoreImpl(std::uint16_t port) {
    wire::RpcServerOptions options;
    options.address = "127.0.0.1:" + std::to_string(port);
    auto server = wire::RpcServer::Start(options, {this}, Log());
    EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().ToString());
    server_ = std::move(*server);
    server_->SetServing(true);
  }

  std::string address() const override { return "127.0.0.1:" + std::to_string(server_->port()); }
  void SetFate(std::function<Fate(int)> fate) override {
    const std::scoped_lock lock(mutex_);
    fate_ = std::move(fate);
  }
  void Release() override {
    std::set<Held*> held;
    {
      const std::scoped_lock lock(mutex_);
      held = std::exchange(held_, {});
      fate_ = [](int) { return Fate::kCommit; };
    }
    for (Held* call : held) {
      call->Go();
    }
  }
  void SuppressKind(std::string kind) override {
    const std::scoped_lock lock(mutex_);
    suppressed_kind_ = std::move(kind);
  }
  void SetUpdated(v1::StateUpdateResult result) override {
    const std::scoped_lock lock(mutex_);
    updated_ = std::move(result);
  }
  void SetPage(v1::StoreServiceListNotificationsResponse page) override {
    const std::scoped_lock lock(mutex_);
    page_ = std::move(page);
  }
  void HoldUpdates() override {
    const std::scoped_lock lock(mutex_);
    hold_updates_ = true;
  }
  void FailRequests(int count) override {
    const std::scoped_lock lock(mutex_);
    failing_ = count;
  }
  void SetAudienceUpdated(v1::UpdateAudienceResponse response) override {
    const std::scoped_lock lock(mutex_);
    audience_updated_ = std::move(response);
  }
  void SetAudiencePage(v1::ReadAudienceResponse response) override {
    const std::scoped_lock lock(mutex_);
    audience_page_ = std::move(response);
  }
  void SetAudienceError(Error error) override {
    const std::scoped_lock lock(mutex_);
    audience_error_ = std::move(error);
  }
  std::vector<v1::UpdateAudienceRequest> audience_updates() const override {
    const std::scoped_lock lock(mutex_);
    return audience_updates_;
  }
  std::vector<v1::ReadAudienceRequest> audience_reads() const override {
    const std::scoped_lock lock(mutex_);
    return audience_reads_;
  }
  void LosePage() override {
    const std::scoped_lock lock(mutex_);
    no_page_ = true;
  }
  std::vector<v1::StateUpdate> updates() const override {
    const std::scoped_lock lock(mutex_);
    return updates_;
  }
  std::vector<v1::StoreServiceListNotificationsRequest> lists() const override {
    const std::scoped_lock lock(mutex_);
    return lists_;
  }
  std::vector<Seen> seen() const override {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  int holding() const override {
    const std::scoped_lock lock(mutex_);
    return static_cast<int>(held_.size());
  }
  int cancelled() const override {
    const std::scoped_lock lock(mutex_);
    return cancelled_;
  }
  std::vector<v1::AppendItem> stored() const override {
    const std::scoped_lock lock(mutex_);
    return stored_;
  }
  int open_max() const override {
    const std::scoped_lock lock(mutex_);
    return open_max_;
  }

 private:
  // An Append that waits.
  class Held final : public grpc::ServerUnaryReactor {
   public:
    Held(FakeStoreImpl& store, const v1::AppendRequest* request, v1::AppendResponse* response)
        : store_(store), request_(request), response_(response) {}
    void Go() {
      store_.Commit(*request_, response_);
      Finish(grpc::Status::OK);
    }
    void OnCancel() override {
      if (!store_.Forget(this)) {
        return;  // Go has it
      }
      Finish(grpc::Status::CANCELLED);
    }
    void OnDone() override {
      store_.Close();
      delete this;
    }

   private:
    FakeStoreImpl& store_;
    const v1::AppendRequest* const request_;
    v1::AppendResponse* const response_;
  };

  grpc::ServerUnaryReactor* Append(grpc::CallbackServerContext* context,
                                   const v1::AppendRequest* request,
                                   v1::AppendResponse* response) override {
    Fate fate = Fate::kCommit;
    Held* held = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      if (fate_) {
        fate = fate_(static_cast<int>(seen_.size()));
      }
      seen_.push_back({*request, std::chrono::duration_cast<std::chrono::milliseconds>(
                                     context->deadline() - std::chrono::system_clock::now())});
      open_max_ = std::max(open_max_, ++open_);
      if (fate == Fate::kHold) {
        held = new Held(*this, request, response);
        held_.insert(held);
      }
    }
    if (held != nullptr) {
      return held;
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    grpc::Status status;
    if (fate == Fate::kCommit || fate == Fate::kLoseAnswer) {
      Commit(*request, response);
    }
    if (fate == Fate::kLoseAnswer || fate == Fate::kUnavailable) {
      status = wire::ToGrpc({Code::kUnavailable, "the store is restarting"});
    } else if (fate == Fate::kInternal) {
      status = wire::ToGrpc({Code::kInternal, "a bug"});
    } else if (fate == Fate::kRefuse) {
      for (int i = 0; i < request->items_size(); ++i) {
        wire::ToProto(
            {Code::kResourceExhausted, "disk full", "DISK", {}, std::chrono::milliseconds(5000)},
            response->add_results()->mutable_error());
      }
    }
    Close();
    reactor->Finish(status);
    return reactor;
  }

  class Endless final : public grpc::ServerUnaryReactor {
   public:
    void OnCancel() override { Finish(grpc::Status::CANCELLED); }
    void OnDone() override { delete this; }
  };

  grpc::ServerUnaryReactor* UpdateState(grpc::CallbackServerContext* context,
                                        const v1::UpdateStateRequest* request,
                                        v1::UpdateStateResponse* response) override {
    grpc::Status status;
    {
      const std::scoped_lock lock(mutex_);
      status = TakeFailure();
      for (const v1::StateUpdate& update : request->updates()) {
        updates_.push_back(update);
        *response->add_results() = updated_;
      }
      if (hold_updates_) {
        return new Endless;
      }
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  grpc::ServerUnaryReactor* UpdateAudience(grpc::CallbackServerContext* context,
                                           const v1::UpdateAudienceRequest* request,
                                           v1::UpdateAudienceResponse* response) override {
    return AnswerAudience(context, *request, audience_updated_, &audience_updates_, response);
  }
  grpc::ServerUnaryReactor* ReadAudience(grpc::CallbackServerContext* context,
                                         const v1::ReadAudienceRequest* request,
                                         v1::ReadAudienceResponse* response) override {
    return AnswerAudience(context, *request, audience_page_, &audience_reads_, response);
  }
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* AnswerAudience(grpc::CallbackServerContext* context,
                                           const Request& request, const Response& answer,
                                           std::vector<Request>* seen, Response* response) {
    grpc::Status status;
    {
      const std::scoped_lock lock(mutex_);
      seen->push_back(request);
      status = TakeFailure();
      if (status.ok() && audience_error_) {
        status = wire::ToGrpc(*audience_error_);
      }
      *response = answer;
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  grpc::ServerUnaryReactor* ListNotifications(
      grpc::CallbackServerContext* context, const v1::StoreServiceListNotificationsRequest* request,
      v1::StoreServiceListNotificationsResponse* response) override {
    grpc::Status status;
    {
      const std::scoped_lock lock(mutex_);
      lists_.push_back(*request);
      *response = page_;
      status = TakeFailure();
      if (no_page_) {
        status = wire::ToGrpc({Code::kNotFound, "no such notification"});
      }
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  grpc::ServerUnaryReactor* GetHeads(grpc::CallbackServerContext* context,
                                     const v1::GetHeadsRequest*,
                                     v1::GetHeadsResponse* response) override {
    response->set_partitions(1);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  void Commit(const v1::AppendRequest& request, v1::AppendResponse* response) {
    const std::scoped_lock lock(mutex_);
    for (const v1::AppendItem& item : request.items()) {
      v1::AppendResult* result = response->add_results();
      if (!suppressed_kind_.empty() && item.notification_kind() == suppressed_kind_) {
        result->mutable_ok()->set_suppressed(true);
        continue;
      }
      const auto key = std::make_pair(item.project(), item.idempotency_key());
      const auto [entry, fresh] = keys_.try_emplace(key, keys_.size());
      if (fresh) {
        stored_.push_back(item);
      } else if (item.idempotency_key_fresh()) {
        ADD_FAILURE() << "a key that was used before came marked as fresh";
      } else if (stored_[entry->second].content_hash() != item.content_hash()) {
        wire::ToProto({Code::kFailedPrecondition, "the key was used with another content",
                       "IDEMPOTENCY_KEY_REUSED"},
                      result->mutable_error());
        continue;
      }
      result->mutable_ok()->set_id(1'700'000'000'000'001 + entry->second);
      result->mutable_ok()->set_created_us(1'700'000'000'123'456);
      result->mutable_ok()->set_duplicate(!fresh);
    }
  }
  // Holding mutex_.
  grpc::Status TakeFailure() {
    if (failing_ == 0) {
      return grpc::Status::OK;
    }
    --failing_;
    return wire::ToGrpc({Code::kUnavailable, "the store is restarting"});
  }
  bool Forget(Held* held) {
    const std::scoped_lock lock(mutex_);
    if (held_.erase(held) == 0) {
      return false;
    }
    ++cancelled_;
    return true;
  }
  void Close() {
    const std::scoped_lock lock(mutex_);
    --open_;
  }

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::function<Fate(int)> fate_;
  std::string suppressed_kind_;
  v1::StateUpdateResult updated_;
  v1::StoreServiceListNotificationsResponse page_;
  bool no_page_ = false;
  int failing_ = 0;
  v1::UpdateAudienceResponse audience_updated_;
  v1::ReadAudienceResponse audience_page_;
  std::optional<Error> audience_error_;
  std::vector<v1::UpdateAudienceRequest> audience_updates_;
  std::vector<v1::ReadAudienceRequest> audience_reads_;
  bool hold_updates_ = false;
  std::vector<v1::StateUpdate> updates_;
  std::vector<v1::StoreServiceListNotificationsRequest> lists_;
  std::vector<Seen> seen_;
  std::set<Held*> held_;
  std::map<std::pair<std::string, std::string>, std::size_t> keys_;
  std::vector<v1::AppendItem> stored_;
  int cancelled_ = 0;
  int open_ = 0;
  int open_max_ = 0;

  std::unique_ptr<wire::RpcServer> server_;  // stops before the rest goes
};

}  // namespace

std::unique_ptr<FakeStore> FakeStore::Start(std::uint16_t port) {
  return std::make_unique<FakeStoreImpl>(port);
}

}  // namespace belfry::ingest
