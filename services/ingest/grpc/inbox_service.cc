// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/inbox_service.h"

#include <functional>
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

class InboxService::Impl {
 public:
  Impl(Inbox& inbox, Audience& audience, UnaryCalls& calls)
      : inbox_(inbox), audience_(audience), calls_(calls) {
    AddRead<v1::ListNotificationsRequest, v1::ListNotificationsResponse>("ListNotifications");
    AddRead<v1::GetNotificationRequest, v1::GetNotificationResponse>("GetNotification");
    AddRead<v1::GetCountsRequest, v1::GetCountsResponse>("GetCounts");
    AddRead<v1::GetPreferencesRequest, v1::GetPreferencesResponse>("GetPreferences");
    AddChange<v1::MarkRequest, v1::MarkResponse>("Mark");
    AddChange<v1::MarkAllRequest, v1::MarkAllResponse>("MarkAll");
    AddChange<v1::MarkSeenRequest, v1::MarkSeenResponse>("MarkSeen");
    AddChange<v1::SetPreferencesRequest, v1::SetPreferencesResponse>("SetPreferences");
    AddChange<v1::RetractRequest, v1::RetractResponse>("Retract");
    AddOfUsers<v1::EraseUserRequest, v1::EraseUserResponse>("EraseUser", AudienceOp::kEraseUser);
    AddOfUsers<v1::RevokeTokensRequest, v1::RevokeTokensResponse>("RevokeTokens",
                                                                  AudienceOp::kRevokeTokens);
    AddOfUsers<v1::CloseStreamsRequest, v1::CloseStreamsResponse>("CloseStreams",
                                                                  AudienceOp::kCloseStreams);
  }

  grpc::Service* service() { return &service_; }

 private:
  // The methods' names are literals: works keep views of them.
  template <typename Request, typename Response>
  void AddRead(std::string_view method) {
    Add(method,
        [this, method] { return std::make_unique<ReadWork<Request, Response>>(inbox_, method); });
  }
  template <typename Request, typename Response>
  void AddChange(std::string_view method) {
    Add(method,
        [this, method] { return std::make_unique<ChangeWork<Request, Response>>(inbox_, method); });
  }
  template <typename Request, typename Response>
  void AddOfUsers(std::string_view method, AudienceOp op) {
    Add(method, [this, method, op] {
      return std::make_unique<AudienceChange<Request, Response>>(audience_, op, method);
    });
  }
  void Add(std::string_view method, std::function<std::unique_ptr<UnaryWork>()> make) {
    AddUnary(&service_, method, inbox_.publisher(), calls_, std::move(make));
  }

  Inbox& inbox_;
  Audience& audience_;
  UnaryCalls& calls_;
  wire::HeadFirstService service_{v1::InboxService::service_full_name()};
};

InboxService::InboxService(Inbox& inbox, Audience& audience, UnaryCalls& calls)
    : impl_(std::make_unique<Impl>(inbox, audience, calls)) {}
InboxService::~InboxService() = default;

grpc::Service* InboxService::service() { return impl_->service(); }

}  // namespace belfry::ingest
