// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/inbox_service.h"

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <string_view>
#include <type_traits>
#include <utility>

#include "belfry/v1/inbox_service.grpc.pb.h"
#include "services/ingest/grpc/audience_work.h"
#include "services/ingest/grpc/calls.h"
#include "services/ingest/grpc/inbox_messages.h"
#include "services/ingest/grpc/parsed_work.h"
#include "services/ingest/grpc/unary_call.h"

namespace belfry::ingest {
namespace {

// Raw, so that a call is charged before its message is parsed.
using Service = v1::InboxService;
using RawReads = Service::WithRawCallbackMethod_ListNotifications<
    Service::WithRawCallbackMethod_GetNotification<Service::WithRawCallbackMethod_GetCounts<
        Service::WithRawCallbackMethod_GetPreferences<Service::Service>>>>;
using RawService = Service::WithRawCallbackMethod_Mark<
    Service::WithRawCallbackMethod_MarkAll<Service::WithRawCallbackMethod_MarkSeen<
        Service::WithRawCallbackMethod_SetPreferences<Service::WithRawCallbackMethod_Retract<
            Service::WithRawCallbackMethod_EraseUser<Service::WithRawCallbackMethod_RevokeTokens<
                Service::WithRawCallbackMethod_CloseStreams<RawReads>>>>>>>>;

template <typename Request>
class InboxWork : public ParsedWork<Request> {
 public:
  InboxWork(Inbox& inbox, std::string_view name)
      : ParsedWork<Request>(inbox.publisher(), name), inbox_(inbox) {}

  Status Authorize(const Caller& caller) override {
    // A retraction needs another scope, by what it takes back.
    return std::is_same_v<Request, v1::RetractRequest> ? Status() : inbox_.Authorize(caller);
  }

 protected:
  Inbox& inbox_;
};

template <typename Request, typename Response>
class ReadWork final : public InboxWork<Request> {
 public:
  using InboxWork<Request>::InboxWork;

 private:
  void Ask(UnaryCall& call, const Caller& caller, const Request& request,
           SteadyTime deadline) override {
    auto query = ToQuery(request);
    if (!query.ok()) {
      return call.Refuse(query.error());
    }
    this->inbox_.List(caller, std::move(*query), deadline, [&call](const Result<ListPage>& page) {
      Response response;
      const Status filled = page.ok() ? Fill(*page, &response) : Status(Fail(page.error()));
      filled.ok() ? call.Answer(response) : call.Refuse(filled.error());
    });
  }
};

template <typename Request, typename Response>
class ChangeWork final : public InboxWork<Request> {
 public:
  using InboxWork<Request>::InboxWork;

 private:
  void Ask(UnaryCall& call, const Caller& caller, const Request& request,
           SteadyTime deadline) override {
    auto update = ToUpdate(request);
    if (!update.ok()) {
      return call.Refuse(update.error());
    }
    if constexpr (std::is_same_v<Request, v1::RetractRequest>) {
      if (const Status allowed = this->inbox_.AuthorizeRetract(caller, *update); !allowed.ok()) {
        return call.Refuse(allowed.error());
      }
    }
    StateChange change = update->change;
    this->inbox_.Update(caller, std::move(*update), deadline,
                        [&call, change = std::move(change)](const Result<StateUpdated>& updated) {
                          Response response;
                          const Status filled = updated.ok() ? Fill(change, *updated, &response)
                                                             : Status(Fail(updated.error()));
                          filled.ok() ? call.Answer(response) : call.Refuse(filled.error());
                        });
  }
};

}  // namespace

class InboxService::Impl final : public RawService {
 public:
  Impl(Inbox& inbox, Audience& audience) : inbox_(inbox), audience_(audience) {}

  void Drain() { draining_.store(true); }
  std::size_t active() const { return active_.load(); }

 private:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* ListNotifications(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ReadWork<v1::ListNotificationsRequest, v1::ListNotificationsResponse>>(
        "ListNotifications", context, in, out);
  }
  Reactor* GetNotification(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ReadWork<v1::GetNotificationRequest, v1::GetNotificationResponse>>("GetNotification",
                                                                                  context, in, out);
  }
  Reactor* GetCounts(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ReadWork<v1::GetCountsRequest, v1::GetCountsResponse>>("GetCounts", context, in,
                                                                      out);
  }
  Reactor* GetPreferences(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ReadWork<v1::GetPreferencesRequest, v1::GetPreferencesResponse>>("GetPreferences",
                                                                                context, in, out);
  }
  Reactor* Mark(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ChangeWork<v1::MarkRequest, v1::MarkResponse>>("Mark", context, in, out);
  }
  Reactor* MarkAll(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ChangeWork<v1::MarkAllRequest, v1::MarkAllResponse>>("MarkAll", context, in, out);
  }
  Reactor* MarkSeen(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ChangeWork<v1::MarkSeenRequest, v1::MarkSeenResponse>>("MarkSeen", context, in, out);
  }
  Reactor* SetPreferences(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ChangeWork<v1::SetPreferencesRequest, v1::SetPreferencesResponse>>("SetPreferences",
                                                                                  context, in, out);
  }
  Reactor* Retract(Context* context, const Bytes* in, Bytes* out) override {
    return Run<ChangeWork<v1::RetractRequest, v1::RetractResponse>>("Retract", context, in, out);
  }
  Reactor* EraseUser(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceChange<v1::EraseUserRequest, v1::EraseUserResponse>>(
                   audience_, AudienceOp::kEraseUser, "EraseUser"),
               context, in, out);
  }

  Reactor* RevokeTokens(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceChange<v1::RevokeTokensRequest, v1::RevokeTokensResponse>>(
                   audience_, AudienceOp::kRevokeTokens, "RevokeTokens"),
               context, in, out);
  }
  Reactor* CloseStreams(Context* context, const Bytes* in, Bytes* out) override {
    return Run(std::make_unique<AudienceChange<v1::CloseStreamsRequest, v1::CloseStreamsResponse>>(
                   audience_, AudienceOp::kCloseStreams, "CloseStreams"),
               context, in, out);
  }

  template <typename Work>
  Reactor* Run(std::string_view name, Context* context, const Bytes* in, Bytes* out) {
    return Run(std::make_unique<Work>(inbox_, name), context, in, out);
  }
  Reactor* Run(std::unique_ptr<UnaryWork> work, Context* context, const Bytes* in, Bytes* out) {
    auto* call = new UnaryCall(inbox_.publisher(), std::move(work), out, active_);
    if (draining_.load()) {
      call->Refuse(Draining());
    } else {
      call->Run(*context, *in);
    }
    return call;
  }

  Inbox& inbox_;
  Audience& audience_;
  std::atomic<bool> draining_{false};
  std::atomic<std::size_t> active_{0};
};

InboxService::InboxService(Inbox& inbox, Audience& audience)
    : impl_(std::make_unique<Impl>(inbox, audience)) {}
InboxService::~InboxService() = default;

grpc::Service* InboxService::service() { return impl_.get(); }
void InboxService::Drain() { impl_->Drain(); }
std::size_t InboxService::active() const { return impl_->active(); }

}  // namespace belfry::ingest
