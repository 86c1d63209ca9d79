// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_api.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/ascii.h"
#include "services/ingest/publish/request_bytes.h"
#include "services/ingest/rest/json_body.h"
#include "services/ingest/rest/json_request.h"
#include "services/ingest/rest/rest_call.h"

namespace belfry::ingest {
namespace {

// application/json, with no charset but UTF-8.
bool IsJson(std::string_view content_type) {
  const std::size_t end = content_type.find(';');
  if (AsciiLower(Trim(content_type.substr(0, end))) != "application/json") {
    return false;
  }
  if (end == std::string_view::npos) {
    return true;
  }
  const std::string parameter = AsciiLower(Trim(content_type.substr(end + 1)));
  return !parameter.starts_with("charset=") || parameter == "charset=utf-8" ||
         parameter == "charset=\"utf-8\"";
}

std::size_t CountHeader(const http::Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [name](const auto& header) { return EqualsWithoutCase(header.first, name); }));
}

// RFC 6750, section 3: no error code when there were no credentials at all.
http::Response Unauthenticated(const Error& error) {
  http::Response response = http::Problem(error);
  std::string challenge = "Bearer realm=\"belfry\"";
  if (error.reason != "MISSING_CREDENTIALS") {
    challenge += ", error=\"invalid_token\"";
  }
  response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
  return response;
}

Result<Caller> Authenticate(const Publisher& publisher, const http::Request& request) {
  if (CountHeader(request, "Authorization") > 1) {
    publisher.metrics().CountAuthFailure("MALFORMED_CREDENTIALS");
    return Fail(Code::kUnauthenticated, "authenticate: more than one Authorization header",
                "MALFORMED_CREDENTIALS");
  }
  const std::string_view value = request.Header("Authorization").value_or("");
  const std::string_view scheme = value.substr(0, value.find(' '));
  if (!value.empty() && !EqualsWithoutCase(scheme, "Bearer")) {
    publisher.metrics().CountAuthFailure("MALFORMED_CREDENTIALS");
    return Fail(Code::kUnauthenticated,
                "authenticate: the Authorization scheme must be \"Bearer\", followed by an API key",
                "MALFORMED_CREDENTIALS");
  }
  return publisher.Authenticate(value);
}

Result<PublishRequest> ReadNotify(const http::Request& request) {
  auto item = ReadJsonItem(request.body);
  if (!item.ok()) {
    return Fail(std::move(item.error()));
  }
  PublishRequest wanted = PublishRequestFromJson(std::move(*item), false);
  if (CountHeader(request, "Idempotency-Key") > 1) {
    wanted.violations.push_back({"Idempotency-Key", "given more than once"});
  } else if (const auto key = request.Header("Idempotency-Key")) {
    wanted.idempotency_key = std::string(*key);
  }
  return wanted;
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

void RestApi::Handle(http::Request request, std::shared_ptr<http::Responder> responder) {
  const bool batch = request.path == "/v1/notify/batch";
  if (!batch && request.path != "/v1/notify") {
    return responder->Send(
        http::Problem(404, Error{Code::kNotFound,
                                 "no such resource: there are POST /v1/notify and "
                                 "POST /v1/notify/batch"}));
  }
  const auto call = std::make_shared<RestCall>(publisher_, batch, std::move(responder), active_);
  if (request.method != http::Method::kPost) {
    http::Response response =
        http::Problem(405, Error{Code::kUnimplemented, "this resource knows POST only"});
    response.headers.emplace_back("Allow", "POST");
    return call->Refuse(std::move(response), Code::kUnimplemented);
  }
  const auto caller = Authenticate(publisher_, request);
  if (!caller.ok()) {
    return call->Refuse(Unauthenticated(caller.error()), caller.error().code);
  }
  // Whatever else is wrong with it: it has been sent and read.
  if (const Status admitted = publisher_.Admit(*caller); !admitted.ok()) {
    if (!batch) {
      publisher_.CountItem(Transport::kRest, admitted);
    }
    return call->Refuse(admitted.error());
  }
  if (!IsJson(request.Header("Content-Type").value_or(""))) {
    return call->Refuse(
        http::Problem(415, Error{Code::kInvalidArgument,
                                 "the Content-Type must be application/json, in UTF-8"}),
        Code::kInvalidArgument);
  }
  if (!batch && request.body.size() > limits_.notify_bytes_max) {
    return call->Refuse(
        http::Problem(413, Error{Code::kInvalidArgument,
                                 "the body must be at most " +
                                     std::to_string(limits_.notify_bytes_max) + " bytes"}),
        Code::kInvalidArgument);
  }
  if (!batch) {
    auto wanted = ReadNotify(request);
    if (!wanted.ok()) {
      return call->Refuse(wanted.error());
    }
    return call->Run(*caller, 1, [&wanted](std::size_t) { return std::move(*wanted); });
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
