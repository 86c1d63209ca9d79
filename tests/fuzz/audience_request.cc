// SPDX-License-Identifier: Apache-2.0
// A request for users, segments or operations over REST: "PUT /v1/users/alice"||body. Whatever is
// changed was checked; what is refused changes nothing.
#include <string>
#include <string_view>
#include <variant>

#include "libs/http/request_head.h"
#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/rest/audience_route.h"
#include "tests/fuzz/harness/target.h"
#include "tests/fuzz/support/rest_rig.h"

namespace belfry::fuzz {
namespace {

void CheckChange(const AudienceUpdate& update, std::string_view input) {
  BELFRY_PROMISE(update.project == "demo" && update.op != AudienceOp::kNotifySegment, input);
  BELFRY_PROMISE(ingest::CheckUpdate(update, ingest::FieldNames::Rest()).empty(), input);
  for (const AudienceUser& user : update.users) {
    std::string_view last;
    for (const Attribute& attribute : user.attributes) {
      BELFRY_PROMISE(last < attribute.key, input);
      BELFRY_PROMISE(IsSegment(SegmentOf(attribute)), input, attribute.value);
      last = attribute.key;
    }
  }
}

}  // namespace

void Try(std::string_view input) {
  static RestRig rig;
  Input parts(input);
  const std::string line(parts.Part());
  const auto parsed = http::ParseRequestHead(line + " HTTP/1.1\r\nHost: ingest\r\n\r\n");
  const auto* const head = std::get_if<http::RequestHead>(&parsed);
  if (head == nullptr || !ingest::ParseAudienceRoute(head->request.target)) {
    return;
  }
  http::Request request = head->request;
  request.body = std::string(parts.Rest());
  const bool reads = request.method == http::Method::kGet;
  const auto outcome = rig.Ask(std::move(request));
  const int status = outcome.response.status;
  BELFRY_PROMISE(status != 500 && outcome.stored.empty() && outcome.items.empty(), input);
  const bool changed = !reads && status < 300;
  BELFRY_PROMISE(outcome.updates.size() == (changed ? 1U : 0U), input);
  for (const AudienceUpdate& update : outcome.updates) {
    CheckChange(update, input);
  }
}

}  // namespace belfry::fuzz
