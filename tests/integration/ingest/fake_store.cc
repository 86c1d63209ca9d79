// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ingest/fake_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/common/clock.h"
#include "libs/wire/rpc/call_stream.h"
#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/typed_call.h"

namespace belfry::ingest {
namespace {

class FakeStoreImpl final : public FakeStore, private wire::HeadFirstService {
 public:
  FakeStoreImpl(std::uint16_t port, Streams streams)
      : HeadFirstService(std::string(v1::StoreService::service_full_name())) {
    AddMethod("Append", &FakeStoreImpl::Append);
    AddMethod("UpdateState", &FakeStoreImpl::UpdateState);
    AddMethod("UpdateAudience", &FakeStoreImpl::UpdateAudience);
    AddMethod("ReadAudience", &FakeStoreImpl::ReadAudience);
    AddMethod("ListNotifications", &FakeStoreImpl::ListNotifications);
    AddMethod("GetHeads", &FakeStoreImpl::GetHeads);
    if (streams == Streams::kYes) {
      wire::AddCallStreams(this, "Calls", calls_, streamed_);
    }
    wire::RpcServerOptions options;
    options.calls = &calls_;
    options.address = "127.0.0.1:" + std::to_string(port);
    auto server = wire::RpcServer::Start(options, {this}, Log());
    EXPECT_TRUE(server.ok()) << (server.ok() ? "" : server.error().ToString());
    server_ = std::move(*server);
    server_->SetServing(true);
  }
  ~FakeStoreImpl() override {
    server_.reset();  // waits until all calls have ended
    stopping_ = true;
    cancelling_.join();
  }

  std::string address() const override { return "127.0.0.1:" + std::to_string(server_->port()); }
  void SetFate(std::function<Fate(int)> fate) override {
    const std::scoped_lock lock(mutex_);
    fate_ = std::move(fate);
  }
  void Release() override {
    std::set<AppendCall*> held;
    {
      const std::scoped_lock lock(mutex_);
      held = std::exchange(held_, {});
      fate_ = [](int) { return Fate::kCommit; };
    }
    for (AppendCall* const call : held) {
      Commit(call->request(), &call->response());
      Close();
      call->End({});
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
  template <typename Request, typename Response>
  using Call = wire::TypedCall<Request, Response>;
  using AppendCall = Call<v1::AppendRequest, v1::AppendResponse>;
  using UpdateCall = Call<v1::UpdateStateRequest, v1::UpdateStateResponse>;
  using ListCall =
      Call<v1::StoreServiceListNotificationsRequest, v1::StoreServiceListNotificationsResponse>;
  using HeadsCall = Call<v1::GetHeadsRequest, v1::GetHeadsResponse>;

  template <typename Typed>
  void AddMethod(const char* name, void (FakeStoreImpl::*handle)(Typed&)) {
    wire::AddServed(this, &streamed_, name, calls_,
                    wire::MethodOf<Typed>([this, handle](Typed& call) { (this->*handle)(call); }));
  }

  void Append(AppendCall& call) {
    Fate fate = Fate::kCommit;
    {
      const std::scoped_lock lock(mutex_);
      if (fate_) {
        fate = fate_(static_cast<int>(seen_.size()));
      }
      seen_.push_back({call.request(), std::chrono::duration_cast<std::chrono::milliseconds>(
                                           call.deadline() - std::chrono::system_clock::now())});
      open_max_ = std::max(open_max_, ++open_);
      if (fate == Fate::kHold) {
        held_.insert(&call);
        return;
      }
    }
    if (fate == Fate::kCommit || fate == Fate::kLoseAnswer) {
      Commit(call.request(), &call.response());
    }
    if (fate == Fate::kRefuse) {
      for (int i = 0; i < call.request().items_size(); ++i) {
        wire::ToProto(
            {Code::kResourceExhausted, "disk full", "DISK", {}, std::chrono::milliseconds(5000)},
            call.response().add_results()->mutable_error());
      }
    }
    Close();
    if (fate == Fate::kLoseAnswer || fate == Fate::kUnavailable) {
      return call.Refuse({Code::kUnavailable, "the store is restarting"});
    }
    if (fate == Fate::kInternal) {
      return call.Refuse({Code::kInternal, "a bug"});
    }
    call.End({});
  }

  void UpdateState(UpdateCall& call) {
    Status status;
    {
      const std::scoped_lock lock(mutex_);
      status = TakeFailure();
      for (const v1::StateUpdate& update : call.request().updates()) {
        updates_.push_back(update);
        *call.response().add_results() = updated_;
      }
      if (hold_updates_) {
        held_updates_.insert(&call);
        return;
      }
    }
    call.End(status);
  }

  void UpdateAudience(Call<v1::UpdateAudienceRequest, v1::UpdateAudienceResponse>& call) {
    AnswerAudience(call, audience_updated_, &audience_updates_);
  }
  void ReadAudience(Call<v1::ReadAudienceRequest, v1::ReadAudienceResponse>& call) {
    AnswerAudience(call, audience_page_, &audience_reads_);
  }
  template <typename Typed>
  void AnswerAudience(Typed& call, const typename Typed::Response& answer,
                      std::vector<typename Typed::Request>* seen) {
    Status status;
    {
      const std::scoped_lock lock(mutex_);
      seen->push_back(call.request());
      status = TakeFailure();
      if (status.ok() && audience_error_) {
        status = Fail(*audience_error_);
      }
      call.response() = answer;
    }
    call.End(status);
  }

  void ListNotifications(ListCall& call) {
    Status status;
    {
      const std::scoped_lock lock(mutex_);
      lists_.push_back(call.request());
      call.response() = page_;
      status = TakeFailure();
      if (no_page_) {
        status = Fail(Code::kNotFound, "no such notification");
      }
    }
    call.End(status);
  }

  void GetHeads(HeadsCall& call) {
    call.response().set_partitions(1);
    call.End({});
  }

  // Ends what is held and has been cancelled.
  void EndCancelled() {
    while (!stopping_) {
      std::vector<wire::ServedCall*> cancelled;
      const auto take = [&cancelled](auto* held) {
        std::erase_if(*held, [&cancelled](auto* call) {
          if (call->IsCancelled()) {
            cancelled.push_back(call);
            return true;
          }
          return false;
        });
      };
      {
        const std::scoped_lock lock(mutex_);
        take(&held_);
        cancelled_ += static_cast<int>(cancelled.size());
        open_ -= static_cast<int>(cancelled.size());
        take(&held_updates_);
      }
      for (wire::ServedCall* const call : cancelled) {
        call->Refuse({Code::kCancelled, "the caller went away"});
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
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
  Status TakeFailure() {
    if (failing_ == 0) {
      return {};
    }
    --failing_;
    return Fail(Code::kUnavailable, "the store is restarting");
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
  std::set<AppendCall*> held_;
  std::set<UpdateCall*> held_updates_;
  std::map<std::pair<std::string, std::string>, std::size_t> keys_;
  std::vector<v1::AppendItem> stored_;
  int cancelled_ = 0;
  int open_ = 0;
  int open_max_ = 0;

  const SystemClock clock_;
  wire::HeadFirstCalls calls_{{}, clock_, [](const wire::CallHead&) { return Status(); }};
  wire::StreamedMethods streamed_{std::string(v1::StoreService::service_full_name())};
  std::atomic<bool> stopping_ = false;
  std::thread cancelling_{[this] { EndCancelled(); }};
  std::unique_ptr<wire::RpcServer> server_;
};

}  // namespace

std::unique_ptr<FakeStore> FakeStore::Start(std::uint16_t port, Streams streams) {
  return std::make_unique<FakeStoreImpl>(port, streams);
}

}  // namespace belfry::ingest
