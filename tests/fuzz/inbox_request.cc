// SPDX-License-Identifier: Apache-2.0
// What asks for a change of an inbox or a list of it: query||body, as a client sends them.
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "libs/common/names.h"
#include "libs/http/request_head.h"
#include "libs/wire/codec/inbox_json.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

void CheckRefusal(const Error& error, std::string_view input) {
  BELFRY_PROMISE(error.code == Code::kInvalidArgument, input);
  const bool malformed = error.reason == "MALFORMED_JSON" && error.violations.empty();
  const bool fields = error.reason == "INVALID_FIELDS" && !error.violations.empty();
  BELFRY_PROMISE(malformed || fields, input, error.reason);
}

void CheckChange(const Result<StateChange>& change, std::string_view body) {
  if (!change.ok()) {
    return CheckRefusal(change.error(), body);
  }
  BELFRY_PROMISE(wire::CheckChange(*change).empty(), body);
  const auto back = DecodeStateChange(EncodeStateChange(*change));
  BELFRY_PROMISE(back && *back == *change, body);
}

void CheckRetract(const Result<StateUpdate>& update, std::string_view body) {
  if (!update.ok()) {
    return CheckRefusal(update.error(), body);
  }
  const bool by_key = !update->idempotency_key.empty();
  BELFRY_PROMISE(by_key == update->change.ids.empty() && update->change.ids.size() <= 1, body);
  BELFRY_PROMISE(update->user_id.empty() || IsUserId(update->user_id), body);
}

void CheckQuery(const std::vector<std::pair<std::string, std::string>>& pairs,
                std::string_view text) {
  const auto query = wire::ParseListQuery(pairs);
  if (!query.ok()) {
    return CheckRefusal(query.error(), text);
  }
  BELFRY_PROMISE(wire::CheckQuery(*query).empty() && query->limit >= 1, text);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const std::string text(parts.Part());
  const std::string_view body = parts.Rest();
  const auto parsed =
      http::ParseRequestHead("GET /x?" + text + " HTTP/1.1\r\nHost: ingest\r\n\r\n");
  if (const auto* head = std::get_if<http::RequestHead>(&parsed)) {
    CheckQuery(head->request.query, text);
  }
  CheckQuery({{text, std::string(body)}}, input);
  CheckChange(wire::ParseBulkBody(body), body);
  CheckChange(wire::ParseReadAllBody(body), body);
  CheckChange(wire::ParseArchiveAllBody(body), body);
  CheckChange(wire::ParseSeenBody(body), body);
  CheckChange(wire::ParsePreferencesBody(body), body);
  CheckRetract(wire::ParseRetractBody(body), body);
}

}  // namespace belfry::fuzz
