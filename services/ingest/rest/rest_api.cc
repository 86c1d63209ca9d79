// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_api.h"

#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/names.h"
#include "services/ingest/publish/request_bytes.h"
#include "services/ingest/rest/json_body.h"
#include "services/ingest/rest/json_request.h"
#include "services/ingest/rest/rest_call.h"
#include "services/ingest/rest/rest_headers.h"

namespace belfry::ingest {
namespace {

// A body of POST /v1/notify.
struct Notify {
  PublishRequest wanted;
  std::optional<std::vector<std::string>> user_ids;  // without, `wanted` says whom
};

Result<Notify> ReadNotify(const http::Request& request) {
  auto item = ReadJsonItem(request.body);
  if (!item.ok()) {
    return Fail(std::move(item.error()));
  }
  auto recipients = TakeRecipients(&*item);
  if (!recipients.ok()) {
    return Fail(std::move(recipients.error()));
  }
  PublishRequest wanted = PublishRequestFromJson(std::move(*item), false);
  wanted.segment = std::move(recipients->segment);
  if (CountHeader(request, "Idempotency-Key") > 1) {
    wanted.violations.push_back({"Idempotency-Key", "given more than once"});
  } else if (const auto key = request.Header("Idempotency-Key")) {
    wanted.idempotency_key = std::string(*key);
  }
  if (recipients->user_ids && wanted.idempotency_key &&
      !IsIdempotencyKey(*wanted.idempotency_key)) {
    return Fail(InvalidFields({{"Idempotency-Key", "must be 1-128 bytes of printable ASCII"}}));
  }
  return Notify{std::move(wanted), std::move(recipients->user_ids)};
}

Result<std::vector<JsonItem>> ReadBatch(const http::Request& request) {
  auto items = ReadJsonBatch(request.body);
  if (!items.ok() && items.error().violations.empty()) {
    return items;
  }
  std::vector<FieldViolation> violations;
  if (CountHeader(request, "Idempotency-Key") > 0) {
    violations.push_back({"Idempotency-Key", "belongs in each item of a batch, as idempotencyKey"});
  }
  if (!items.ok()) {
    std::move(items.error().violations.begin(), items.error().violations.end(),
              std::back_inserter(violations));
  }
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  if (items->empty() || items->size() > kBatchItemsMax) {
    return Fail(BatchSizeError("notifications", items->size()));
  }
  return items;
}

}  // namespace

http::HeadVerdict RestApi::Judge(const http::Request& head) const {
  http::HeadVerdict verdict;
  const auto bytes_max = BodyBytesMax(head);
  const auto caller = CountHeader(head, "Authorization") == 1
                          ? publisher_.Recognize(head.Header("Authorization").value_or(""))
                          : Fail(Code::kUnauthenticated, "not one Authorization header");
  verdict.read_body = bytes_max.has_value() && caller.ok();
  if (verdict.read_body) {
    verdict.body_bytes_max = *bytes_max;
    verdict.account = caller->key_id;
  }
  return verdict;
}

std::optional<std::size_t> RestApi::BodyBytesMax(const http::Request& head) const {
  constexpr std::size_t kServers = std::numeric_limits<std::size_t>::max();
  if (const auto route = ParseAudienceRoute(head.target)) {
    return AudienceApi::BodyBytesMax(*route);
  }
  if (InboxApi::Serves(head)) {
    return InboxApi::kBodyBytesMax;
  }
  if (head.method != http::Method::kPost) {
    return std::nullopt;
  }
  if (head.path == "/v1/notify") {
    return limits_.notify_many_bytes_max;
  }
  return head.path == "/v1/notify/batch" ? std::optional(kServers) : std::nullopt;
}

void RestApi::Handle(http::Request request, std::shared_ptr<http::Responder> responder) {
  if (request.method == http::Method::kHead) {
    request.method = http::Method::kGet;  // the server sends no body to it
  }
  if (auto route = ParseAudienceRoute(request.target)) {
    return audience_api_.Handle(std::move(*route), std::move(request), std::move(responder));
  }
  if (InboxApi::Serves(request)) {
    return inbox_api_.Handle(std::move(request), std::move(responder));
  }
  const bool batch = request.path == "/v1/notify/batch";
  if (!batch && request.path != "/v1/notify") {
    return responder->Send(NoSuchPath());
  }
  HandleNotify(std::move(request), std::move(responder), batch);
}

void RestApi::HandleNotify(http::Request request, std::shared_ptr<http::Responder> responder,
                           bool batch) {
  const auto call = std::make_shared<RestCall>(publisher_, batch, std::move(responder), active_);
  if (request.method != http::Method::kPost) {
    return call->Refuse(MethodNotAllowed(request, "POST"), Code::kUnimplemented);
  }
  const auto caller = Authenticate(publisher_, request);
  if (!caller.ok()) {
    return call->Refuse(Unauthenticated(caller.error()), caller.error().code);
  }
  call->SetCaller(*caller);
  // Whatever else is wrong with it: it has been sent and read.
  if (const Status admitted = publisher_.Admit(*caller); !admitted.ok()) {
    if (!batch) {
      publisher_.CountItem(Transport::kRest, admitted);
    }
    return call->Refuse(admitted.error());
  }
  if (!IsJson(request.Header("Content-Type").value_or(""))) {
    return call->Refuse(NotJson(), Code::kInvalidArgument);
  }
  if (!batch && request.body.size() > limits_.notify_many_bytes_max) {
    return call->Refuse(TooLarge(limits_.notify_many_bytes_max), Code::kInvalidArgument);
  }
  if (!batch) {
    // Only lists of users make it as long; parsing is spent on nothing else.
    if (request.body.size() > limits_.notify_bytes_max &&
        request.body.find("serIds\"") == std::string::npos) {
      return call->Refuse(TooLarge(limits_.notify_bytes_max), Code::kInvalidArgument);
    }
    auto notify = ReadNotify(request);
    if (!notify.ok()) {
      return call->Refuse(notify.error());
    }
    if (notify->user_ids) {
      call->AnswerItemByItem();
      return call->Run(*caller, notify->user_ids->size(), [&notify](std::size_t i) {
        return ForUser(notify->wanted, (*notify->user_ids)[i]);
      });
    }
    const bool lists = !notify->wanted.exclude_user_ids.empty();
    if (!lists && request.body.size() > limits_.notify_bytes_max) {
      return call->Refuse(TooLarge(limits_.notify_bytes_max), Code::kInvalidArgument);
    }
    if (notify->wanted.segment) {
      return call->RunSegment(audience_, *caller, std::move(notify->wanted));
    }
    return call->Run(*caller, 1, [&notify](std::size_t) { return std::move(notify->wanted); });
  }
  auto items = ReadBatch(request);
  if (!items.ok()) {
    publisher_.ChargeRefusedBatch(*caller, request.body.size());
    return call->Refuse(items.error());
  }
  call->Run(*caller, items->size(), [&items](std::size_t i) {
    return PublishRequestFromJson(std::move((*items)[i]), true);
  });
}

}  // namespace belfry::ingest
