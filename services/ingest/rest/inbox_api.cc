// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/inbox_api.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/ascii.h"
#include "libs/common/names.h"
#include "libs/wire/codec/inbox_json.h"
#include "libs/wire/codec/notification_json.h"
#include "services/ingest/publish/validate.h"
#include "services/ingest/rest/inbox_route.h"
#include "services/ingest/rest/rest_headers.h"

namespace belfry::ingest {
namespace {

using What = InboxRoute::What;

// The request as metrics have it, by the name of gRPC's method.
std::string_view NameOfCall(const InboxRoute& route, http::Method method) {
  switch (route.what) {
    case What::kList:
      return "ListNotifications";
    case What::kOne:
      return method == http::Method::kDelete ? "Mark" : "GetNotification";
    case What::kMark:
    case What::kBulk:
      return "Mark";
    case What::kReadAll:
    case What::kArchiveAll:
      return "MarkAll";
    case What::kSeen:
      return "MarkSeen";
    case What::kCounts:
      return "GetCounts";
    case What::kPreferences:
      return method == http::Method::kPut ? "SetPreferences" : "GetPreferences";
    case What::kRetract:
      return "Retract";
  }
  return "";
}

Error NoSuchNotification() {
  return {Code::kNotFound,
          "no such notification: it is not this user's, or it is gone",
          "NOTIFICATION_NOT_FOUND",
          {},
          {}};
}

// One request on its way; shared by the answer it waits for.
class InboxCall final : public std::enable_shared_from_this<InboxCall> {
 public:
  InboxCall(Inbox& inbox, InboxRoute route, http::Request request,
            std::shared_ptr<http::Responder> responder,
            std::shared_ptr<std::atomic<std::size_t>> active)
      : inbox_(inbox),
        route_(std::move(route)),
        request_(std::move(request)),
        responder_(std::move(responder)),
        active_(std::move(active)) {
    active_->fetch_add(1);
  }
  ~InboxCall() { active_->fetch_sub(1); }
  InboxCall(const InboxCall&) = delete;
  InboxCall& operator=(const InboxCall&) = delete;

  void Run() {
    const std::string_view methods = route_.methods();
    if (methods.find(http::MethodName(request_.method)) == std::string_view::npos) {
      return End(MethodNotAllowed(request_, methods), Code::kUnimplemented);
    }
    auto caller = Authenticate(inbox_.publisher(), request_);
    if (!caller.ok()) {
      return End(Unauthenticated(caller.error()), caller.error().code);
    }
    responder_->NoteKnown();
    caller_ = std::move(*caller);
    if (route_.what != What::kRetract) {
      if (const Status allowed = inbox_.Authorize(*caller_); !allowed.ok()) {
        return Refuse(allowed.error());
      }
    }
    if (const Status admitted = inbox_.publisher().Admit(*caller_); !admitted.ok()) {
      return Refuse(admitted.error());
    }
    if (route_.what != What::kRetract && !IsUserId(route_.user_id)) {
      return Refuse(
          InvalidFields({{"userId", "must be 1-128 bytes of UTF-8 without control characters"}}));
    }
    if (request_.method == http::Method::kGet) {
      return Read();
    }
    if (TakesBody() && !IsJson(request_.Header("Content-Type").value_or(""))) {
      return End(NotJson(), Code::kInvalidArgument);
    }
    if (request_.body.size() > InboxApi::kBodyBytesMax) {
      return End(TooLarge(InboxApi::kBodyBytesMax), Code::kInvalidArgument);
    }
    Change();
  }

 private:
  bool TakesBody() const { return route_.what != What::kMark && route_.what != What::kOne; }

  void Read() {
    auto query = ReadQuery();
    if (!query.ok()) {
      return Refuse(query.error());
    }
    query->user_id = route_.user_id;
    inbox_.List(*caller_, std::move(*query), inbox_.publisher().Deadline(std::nullopt),
                [self = shared_from_this()](const Result<ListPage>& page) {
                  page.ok() ? self->Answer(*page) : self->Refuse(page.error());
                });
  }

  Result<ListQuery> ReadQuery() const {
    ListQuery query;
    if (route_.what == What::kList) {
      auto read = wire::ParseListQuery(request_.query);
      if (!read.ok()) {
        return read;
      }
      query = std::move(*read);
      query.if_version = KnownVersion();
    } else if (!request_.query.empty()) {
      return Fail(wire::UnknownParameters(request_.query));
    } else if (route_.what == What::kOne) {
      if (route_.id == 0) {
        return Fail(NoSuchNotification());
      }
      query.id = route_.id;
    } else {
      query.limit = 0;
    }
    return query;
  }

  // What If-None-Match holds, if it is one of our ETags.
  std::string KnownVersion() const {
    const std::string_view tag = request_.Header("If-None-Match").value_or("");
    const bool one = tag.size() > 2 && tag.front() == '"' && tag.find('"', 1) == tag.size() - 1;
    return one ? std::string(tag.substr(1, tag.size() - 2)) : std::string();
  }

  void Answer(const ListPage& page) {
    if (route_.what == What::kCounts) {
      return End(http::Json(CountsJson(page.counts)), Code::kOk);
    }
    if (route_.what == What::kPreferences) {
      return End(http::Json(wire::PreferencesJson(page.muted_kinds)), Code::kOk);
    }
    if (route_.what == What::kOne) {
      if (page.entries.empty()) {
        return Refuse(NoSuchNotification());
      }
      auto json = wire::NotificationJson(page.entries.front());
      return json.ok() ? End(http::Json(std::move(*json)), Code::kOk) : Refuse(json.error());
    }
    http::Response response;
    if (page.unchanged) {
      response.status = 304;
    } else {
      auto json = wire::ListJson(page);
      if (!json.ok()) {
        return Refuse(json.error());
      }
      response = http::Json(std::move(*json));
    }
    if (!page.version.empty() && IsIdempotencyKey(page.version) &&
        page.version.find('"') == std::string::npos) {
      response.headers.emplace_back("ETag", "\"" + page.version + "\"");
      response.headers.emplace_back("Cache-Control", "private, no-cache");
    }
    End(std::move(response), Code::kOk);
  }

  void Change() {
    if (!request_.query.empty()) {
      return Refuse(wire::UnknownParameters(request_.query));
    }
    auto update = ReadUpdate();
    if (!update.ok()) {
      return Refuse(update.error());
    }
    if (const auto key = request_.Header("Idempotency-Key")) {
      if (CountHeader(request_, "Idempotency-Key") > 1 || !IsIdempotencyKey(*key)) {
        return Refuse(
            InvalidFields({{"Idempotency-Key", "must be one of 1-128 bytes of printable ASCII"}}));
      }
      update->change.operation = std::string(*key);
    }
    if (route_.what == What::kRetract) {
      if (const Status allowed = inbox_.AuthorizeRetract(*caller_, *update); !allowed.ok()) {
        return Refuse(allowed.error());
      }
    } else {
      update->user_id = route_.user_id;
    }
    ids_ = update->change.ids;
    muted_kinds_ = update->change.muted_kinds;
    inbox_.Update(*caller_, std::move(*update), inbox_.publisher().Deadline(std::nullopt),
                  [self = shared_from_this()](const Result<StateUpdated>& updated) {
                    updated.ok() ? self->Answer(*updated) : self->Refuse(updated.error());
                  });
  }

  Result<StateUpdate> ReadUpdate() const {
    if (route_.what == What::kRetract) {
      return wire::ParseRetractBody(request_.body);
    }
    auto change = ReadChange();
    if (!change.ok()) {
      return Fail(std::move(change.error()));
    }
    StateUpdate update;
    update.change = std::move(*change);
    return update;
  }

  Result<StateChange> ReadChange() const {
    switch (route_.what) {
      case What::kBulk:
        return wire::ParseBulkBody(request_.body);
      case What::kReadAll:
        return wire::ParseReadAllBody(request_.body);
      case What::kArchiveAll:
        return wire::ParseArchiveAllBody(request_.body);
      case What::kSeen:
        return wire::ParseSeenBody(request_.body);
      case What::kPreferences:
        return wire::ParsePreferencesBody(request_.body);
      default:
        break;
    }
    if (const std::string_view body = Trim(request_.body); !body.empty() && body != "{}") {
      return Fail(InvalidFields({{"(the body)", "this request takes none"}}));
    }
    if (route_.id == 0) {
      return Fail(NoSuchNotification());
    }
    StateChange change;
    change.op = route_.what == What::kOne ? StateOp::kDelete : route_.op;
    change.ids = {route_.id};
    return change;
  }

  void Answer(const StateUpdated& updated) {
    if (route_.what == What::kBulk) {
      return End(http::Json(wire::BulkJson(ids_, updated)), Code::kOk);
    }
    if (!updated.not_found.empty()) {
      return Refuse(NoSuchNotification());
    }
    if (route_.what == What::kRetract) {
      return End(http::Json("{}"), Code::kOk);
    }
    if (route_.what == What::kPreferences) {
      std::string body = wire::PreferencesJson(muted_kinds_);
      body.pop_back();
      body += ",\"counts\":" + CountsJson(updated.counts) + "}";
      return End(http::Json(std::move(body)), Code::kOk);
    }
    End(http::Json(wire::ChangedJson(updated.counts)), Code::kOk);
  }

  void Refuse(const Error& error) { End(http::Problem(error), error.code); }

  void End(http::Response response, Code code) {
    inbox_.publisher().metrics().CountCall(Transport::kRest, NameOfCall(route_, request_.method),
                                           code);
    if (caller_) {
      AddRateLimit(inbox_.publisher(), *caller_, &response);
    }
    responder_->Send(std::move(response));
  }

  // Constant once the store is asked.
  Inbox& inbox_;
  const InboxRoute route_;
  const http::Request request_;
  const std::shared_ptr<http::Responder> responder_;
  const std::shared_ptr<std::atomic<std::size_t>> active_;
  std::optional<Caller> caller_;
  std::vector<EntryId> ids_;
  std::vector<std::string> muted_kinds_;
};

}  // namespace

bool InboxApi::Serves(const http::Request& request) {
  return request.path == "/v1/retract" || request.path.starts_with("/v1/users/");
}

void InboxApi::Handle(http::Request request, std::shared_ptr<http::Responder> responder) {
  auto route = ParseInboxRoute(request.target);
  if (!route) {
    return responder->Send(NoSuchPath());
  }
  const auto call = std::make_shared<InboxCall>(inbox_, std::move(*route), std::move(request),
                                                std::move(responder), active_);
  call->Run();
}

}  // namespace belfry::ingest
