// SPDX-License-Identifier: Apache-2.0
// Reads GET /v1/stream: its token, cursor and grouping. Stateless; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/result.h"
#include "libs/http/message.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::edge {

// Whether a parameter of the query says who the caller is: Authenticate compares those, on every
// route, and what else reads a query leaves them alone.
bool NamesCaller(std::string_view parameter);

// Whether the token that decides is the cookie's: one that a browser sends for any page.
bool CookieDecides(const http::Request& request);

struct StreamQuery {
  wire::Identity identity;
  std::optional<EntryId> cursor;  // std::nullopt: start now
  std::chrono::milliseconds batch{0};
};

// Milliseconds that a client may group by.
inline constexpr std::int64_t kBatchMsMax = 5'000;

// The caller's identity, as wire::CredentialsOf and wire::Verify have it, with their errors.
// kPermissionDenied: USER_MISMATCH or PROJECT_MISMATCH (a userId or project in the query, any of
// them, that is not the token's). `tickets`: whether this route accepts a ticket.
Result<wire::Identity> Authenticate(const http::Request& request, const wire::JwtVerifier& verifier,
                                    std::int64_t now_unix_s, bool tickets);

// kInvalidArgument names last_event_id or batch_ms; the others as Authenticate.
Result<StreamQuery> ParseStreamQuery(const http::Request& request,
                                     const wire::JwtVerifier& verifier, std::int64_t now_unix_s);

// The header Last-Event-ID beats ?last_event_id= and ?lastEventId=; an empty one counts as none.
// A number too large for an id is a cursor that lies ahead: the answer is a `reset`, not a 400.
Result<std::optional<EntryId>> ParseCursor(const http::Request& request);

// Whether `accept` (RFC 9110, section 12.5.1) allows text/event-stream. Absent allows everything.
bool AcceptsEventStream(std::optional<std::string_view> accept);

}  // namespace belfry::edge
