// SPDX-License-Identifier: Apache-2.0
// What the calls for audiences do. Private to this room.
#pragma once

#include <string_view>
#include <utility>

#include "services/ingest/grpc/audience_messages.h"
#include "services/ingest/grpc/parsed_work.h"
#include "services/ingest/publish/audience.h"

namespace belfry::ingest {

template <typename Request, typename Response>
class AudienceChange final : public ParsedWork<Request> {
 public:
  AudienceChange(Audience& audience, AudienceOp op, std::string_view name)
      : ParsedWork<Request>(audience.publisher(), name), audience_(audience), op_(op) {}

  Status Authorize(const Caller& caller) override { return audience_.Authorize(caller, op_); }

 private:
  void Ask(UnaryCall& call, const Caller& caller, const Request& request,
           SteadyTime deadline) override {
    auto update = ToUpdate(request);
    if (!update.ok()) {
      this->publisher_.ChargeRefusedBatch(caller, request.ByteSizeLong());
      return call.Refuse(update.error());
    }
    audience_.Update(caller, std::move(*update), deadline,
                     [&call](const Result<AudienceUpdated>& updated) {
                       if (!updated.ok()) {
                         return call.Refuse(updated.error());
                       }
                       Response response;
                       Fill(*updated, &response);
                       call.Answer(response);
                     });
  }

  Audience& audience_;
  const AudienceOp op_;
};

template <typename Request, typename Response>
class AudienceRead final : public ParsedWork<Request> {
 public:
  AudienceRead(Audience& audience, AudienceQueryKind kind, std::string_view name)
      : ParsedWork<Request>(audience.publisher(), name), audience_(audience), kind_(kind) {}

  Status Authorize(const Caller& caller) override { return audience_.Authorize(caller, kind_); }

 private:
  void Ask(UnaryCall& call, const Caller& caller, const Request& request,
           SteadyTime deadline) override {
    auto query = ToQuery(request);
    if (!query.ok()) {
      return call.Refuse(query.error());
    }
    audience_.Read(caller, std::move(*query), deadline, [&call](const Result<AudiencePage>& page) {
      if (!page.ok()) {
        return call.Refuse(page.error());
      }
      Response response;
      Fill(*page, &response);
      call.Answer(response);
    });
  }

  Audience& audience_;
  const AudienceQueryKind kind_;
};

}  // namespace belfry::ingest
