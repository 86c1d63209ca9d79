// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/audience_api.h"

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "libs/common/ascii.h"
#include "libs/common/time_text.h"
#include "libs/wire/codec/inbox_json.h"
#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/rest/audience_json.h"
#include "services/ingest/rest/rest_headers.h"

namespace belfry::ingest {
namespace {

using What = AudienceRoute::What;
using http::Method;

// What a request that is no GET asks for.
AudienceOp OpOf(What what, Method method) {
  switch (what) {
    case What::kUser:
      return method == Method::kDelete ? AudienceOp::kEraseUser : AudienceOp::kUpsertUsers;
    case What::kBulk:
      return AudienceOp::kUpsertUsers;
    case What::kSegment:
      return method == Method::kDelete ? AudienceOp::kDeleteSegment : AudienceOp::kCreateSegment;
    case What::kAdd:
      return AudienceOp::kAddMembers;
    case What::kRemove:
      return AudienceOp::kRemoveMembers;
    case What::kRevoke:
    case What::kRevokeAll:
      return AudienceOp::kRevokeTokens;
    case What::kKick:
      return AudienceOp::kCloseStreams;
    case What::kUsers:
    case What::kSegments:
    case What::kMembers:
    case What::kOperation:
      break;
  }
  return AudienceOp::kUnspecified;
}

AudienceQueryKind KindOf(What what) {
  switch (what) {
    case What::kUser:
      return AudienceQueryKind::kUser;
    case What::kUsers:
      return AudienceQueryKind::kUsers;
    case What::kSegments:
      return AudienceQueryKind::kSegments;
    case What::kMembers:
      return AudienceQueryKind::kMembers;
    case What::kOperation:
      return AudienceQueryKind::kOperation;
    case What::kBulk:
    case What::kSegment:
    case What::kAdd:
    case What::kRemove:
    case What::kRevoke:
    case What::kRevokeAll:
    case What::kKick:
      break;
  }
  return AudienceQueryKind::kUnspecified;
}

// The request as metrics have it, by the name of gRPC's method.
std::string_view NameOfCall(What what, Method method) {
  switch (what) {
    case What::kUsers:
      return "ListUsers";
    case What::kBulk:
      return "UpsertUsers";
    case What::kUser:
      return method == Method::kPut      ? "UpsertUsers"
             : method == Method::kDelete ? "EraseUser"
                                         : "GetUser";
    case What::kSegments:
      return "ListSegments";
    case What::kSegment:
      return method == Method::kDelete ? "DeleteSegment" : "CreateSegment";
    case What::kAdd:
      return "AddMembers";
    case What::kRemove:
      return "RemoveMembers";
    case What::kMembers:
      return "ListMembers";
    case What::kOperation:
      return "GetOperation";
    case What::kRevoke:
    case What::kRevokeAll:
      return "RevokeTokens";
    case What::kKick:
      return "CloseStreams";
  }
  return "";
}

// One request on its way; shared by the answer it waits for.
class AudienceCall final : public std::enable_shared_from_this<AudienceCall> {
 public:
  AudienceCall(Audience& audience, AudienceRoute route, http::Request request,
               std::shared_ptr<http::Responder> responder,
               std::shared_ptr<std::atomic<std::size_t>> active)
      : audience_(audience),
        route_(std::move(route)),
        request_(std::move(request)),
        responder_(std::move(responder)),
        active_(std::move(active)) {
    active_->fetch_add(1);
  }
  ~AudienceCall() { active_->fetch_sub(1); }
  AudienceCall(const AudienceCall&) = delete;
  AudienceCall& operator=(const AudienceCall&) = delete;

  void Run() {
    const std::string_view methods = route_.methods();
    if (methods.find(http::MethodName(request_.method)) == std::string_view::npos) {
      return End(MethodNotAllowed(request_, methods), Code::kUnimplemented);
    }
    auto caller = Authenticate(audience_.publisher(), request_);
    if (!caller.ok()) {
      return End(Unauthenticated(caller.error()), caller.error().code);
    }
    responder_->NoteKnown();
    caller_ = std::move(*caller);
    const bool reads = request_.method == Method::kGet;
    const Status allowed = reads
                               ? audience_.Authorize(*caller_, KindOf(route_.what))
                               : audience_.Authorize(*caller_, OpOf(route_.what, request_.method));
    if (!allowed.ok()) {
      return Refuse(allowed.error());
    }
    if (const Status admitted = audience_.publisher().Admit(*caller_); !admitted.ok()) {
      return Refuse(admitted.error());
    }
    reads ? Read() : Change();
  }

 private:
  void Read() {
    auto query = ReadQuery();
    if (!query.ok()) {
      return Refuse(query.error());
    }
    audience_.Read(*caller_, std::move(*query), audience_.publisher().Deadline(std::nullopt),
                   [self = shared_from_this()](const Result<AudiencePage>& page) {
                     page.ok() ? self->Answer(*page) : self->Refuse(page.error());
                   });
  }

  Result<AudienceQuery> ReadQuery() const {
    AudienceQuery query{.kind = KindOf(route_.what)};
    if (route_.what == What::kOperation && route_.operation_id == 0) {
      return Fail(Code::kNotFound, "no such operation", "OPERATION_UNKNOWN");
    }
    query.name = route_.name;
    query.operation_id = route_.operation_id;
    if (route_.what != What::kUser && route_.what != What::kOperation) {
      return ParsePage(std::move(query), request_.query);
    }
    if (!request_.query.empty()) {
      return Fail(wire::UnknownParameters(request_.query));
    }
    auto violations = CheckQuery(query, FieldNames::Rest());
    if (!violations.empty()) {
      return Fail(InvalidFields(std::move(violations)));
    }
    return query;
  }

  void Answer(const AudiencePage& page) {
    switch (route_.what) {
      case What::kUsers:
        return End(http::Json(UsersJson(page)), Code::kOk);
      case What::kSegments:
        return End(http::Json(SegmentsJson(page)), Code::kOk);
      case What::kMembers:
        return End(http::Json(MembersJson(page)), Code::kOk);
      case What::kOperation:
        return End(http::Json(OperationJson(page.operation)), Code::kOk);
      default:
        break;
    }
    if (page.users.empty()) {
      return Refuse({Code::kNotFound,
                     "no such user: no attributes were set, and no segment has them",
                     "USER_UNKNOWN",
                     {},
                     {}});
    }
    End(http::Json(UserJson(page.users.front())), Code::kOk);
  }

  void Change() {
    if (!request_.query.empty()) {
      return Refuse(wire::UnknownParameters(request_.query));
    }
    const std::size_t bytes_max = BodyBytesMax();
    if (bytes_max > 0 && !IsJson(request_.Header("Content-Type").value_or(""))) {
      return End(NotJson(), Code::kInvalidArgument);
    }
    if (bytes_max > 0 && request_.body.size() > bytes_max) {
      return End(TooLarge(bytes_max), Code::kInvalidArgument);
    }
    auto update = ReadUpdate();
    if (!update.ok()) {
      audience_.publisher().ChargeRefusedBatch(*caller_, request_.body.size());
      return Refuse(update.error());
    }
    audience_.Update(*caller_, std::move(*update), audience_.publisher().Deadline(std::nullopt),
                     [self = shared_from_this()](const Result<AudienceUpdated>& updated) {
                       updated.ok() ? self->Answer(*updated) : self->Refuse(updated.error());
                     });
  }

  // 0: it takes none, whatever was sent.
  std::size_t BodyBytesMax() const {
    switch (route_.what) {
      case What::kBulk:
        return std::string::npos;  // the server's
      case What::kAdd:
      case What::kRemove:
        return AudienceApi::kMembersBytesMax;
      case What::kUser:
        return request_.method == Method::kPut ? AudienceApi::kUserBytesMax : 0;
      default:
        return 0;
    }
  }

  Result<AudienceUpdate> ReadUpdate() const {
    const AudienceOp op = OpOf(route_.what, request_.method);
    if (op == AudienceOp::kAddMembers || op == AudienceOp::kRemoveMembers) {
      return ParseMembersBody(op, route_.name, request_.body);
    }
    if (op == AudienceOp::kUpsertUsers) {
      return route_.what == What::kBulk ? ParseUsersBody(request_.body)
                                        : ParseUserBody(route_.name, request_.body);
    }
    if (const std::string_view body = Trim(request_.body); !body.empty() && body != "{}") {
      return Fail(InvalidFields({{"(the body)", "this request takes none"}}));
    }
    AudienceUpdate update{.op = op};
    if (op == AudienceOp::kCreateSegment || op == AudienceOp::kDeleteSegment) {
      update.segment = route_.name;
    } else if (route_.what != What::kRevokeAll) {
      update.user_ids = {route_.name};
    }
    auto violations = CheckUpdate(update, FieldNames::Rest());
    if (!violations.empty()) {
      return Fail(InvalidFields(std::move(violations)));
    }
    return update;
  }

  void Answer(const AudienceUpdated& updated) {
    switch (OpOf(route_.what, request_.method)) {
      case AudienceOp::kEraseUser:
        return End(
            http::Json("{\"operationId\":\"" + std::to_string(updated.operation_id) + "\"}", 202),
            Code::kOk);
      case AudienceOp::kRevokeTokens:
        return End(
            http::Json("{\"notBefore\":\"" +
                       Rfc3339Seconds(TokensValidFrom(updated.revoked_us) * 1'000'000) + "\"}"),
            Code::kOk);
      case AudienceOp::kCreateSegment:
        return End(http::Json(updated.changed ? "{\"created\":true}" : "{\"created\":false}",
                              updated.changed ? 201 : 200),
                   Code::kOk);
      case AudienceOp::kDeleteSegment: {
        http::Response response;
        response.status = 204;
        return End(std::move(response), Code::kOk);
      }
      case AudienceOp::kAddMembers:
      case AudienceOp::kRemoveMembers:
        return End(http::Json("{\"members\":" + std::to_string(updated.members) + "}"), Code::kOk);
      default:
        return End(http::Json("{}"), Code::kOk);
    }
  }

  void Refuse(const Error& error) { End(http::Problem(error), error.code); }

  void End(http::Response response, Code code) {
    audience_.publisher().metrics().CountCall(Transport::kRest,
                                              NameOfCall(route_.what, request_.method), code);
    if (caller_) {
      AddRateLimit(audience_.publisher(), *caller_, &response);
    }
    responder_->Send(std::move(response));
  }

  // Constant once the store is asked.
  Audience& audience_;
  const AudienceRoute route_;
  const http::Request request_;
  const std::shared_ptr<http::Responder> responder_;
  const std::shared_ptr<std::atomic<std::size_t>> active_;
  std::optional<Caller> caller_;
};

}  // namespace

std::size_t AudienceApi::BodyBytesMax(const AudienceRoute& route) {
  switch (route.what) {
    case What::kBulk:
      return std::numeric_limits<std::size_t>::max();  // the server's
    case What::kAdd:
    case What::kRemove:
      return kMembersBytesMax;
    case What::kUser:
      return kUserBytesMax;
    default:
      return kNoBodyBytesMax;
  }
}

void AudienceApi::Handle(AudienceRoute route, http::Request request,
                         std::shared_ptr<http::Responder> responder) {
  const auto call = std::make_shared<AudienceCall>(audience_, std::move(route), std::move(request),
                                                   std::move(responder), active_);
  call->Run();
}

}  // namespace belfry::ingest
