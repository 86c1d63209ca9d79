// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/stream_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "libs/common/ascii.h"
#include "libs/wire/auth/credentials.h"

namespace belfry::edge {
namespace {

constexpr std::string_view kCookie = "belfry_token";
constexpr std::size_t kCursorDigitsMax = 20;

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), IsAsciiDigit);
}

std::optional<std::string_view> NotEmpty(std::optional<std::string_view> text) {
  return text && !text->empty() ? text : std::nullopt;
}

Error BadField(const std::string& field, const std::string& allowed) {
  return Error{
      Code::kInvalidArgument, field + " is malformed", "BAD_QUERY", {{field, allowed}}, {}};
}

wire::TokenPlaces PlacesOf(const http::Request& request) {
  wire::TokenPlaces places;
  places.authorization = request.Header("Authorization");
  places.ticket = request.Query("ticket");
  if (const auto cookies = request.Cookies(kCookie); !cookies.empty()) {
    places.cookie = cookies.front();
  }
  for (const std::string_view name : {"token", "access_token", "jwt"}) {
    if (!places.misused_parameter && request.Query(name)) {
      places.misused_parameter = name;
    }
  }
  return places;
}

// The first of the request's cookies that proves something: a browser sends all that were set for
// other paths or domains too, in an order that says little.
Result<wire::Identity> VerifyCookies(const http::Request& request,
                                     const wire::JwtVerifier& verifier, std::int64_t now_unix_s) {
  std::optional<Error> first;
  for (const std::string_view cookie : request.Cookies(kCookie)) {
    auto identity = wire::Verify(verifier, {wire::TokenPlace::kCookie, cookie}, now_unix_s);
    if (identity.ok()) {
      return identity;
    }
    if (!first) {
      first = std::move(identity.error());
    }
  }
  return Fail(std::move(*first));
}

constexpr std::array<std::string_view, 3> kUserNames = {"userId", "user_id", "user"};
constexpr std::array<std::string_view, 3> kProjectNames = {"projectId", "project_id", "project"};

template <std::size_t N>
bool IsOneOf(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The user and the project of the query are never trusted, only compared: all of them, for one that
// is named twice must not be believed by whoever reads the second.
Status CheckQuery(const http::Request& request, const wire::Identity& identity) {
  for (const auto& [name, value] : request.query) {
    if (IsOneOf(kUserNames, name) && value != identity.user_id) {
      return Fail(Code::kPermissionDenied, name + " is not the token's user", "USER_MISMATCH");
    }
    if (IsOneOf(kProjectNames, name) && value != identity.project) {
      return Fail(Code::kPermissionDenied, name + " is not the token's project",
                  "PROJECT_MISMATCH");
    }
  }
  return {};
}

// The quality of one media range as thousandths; malformed counts as 1.
int Quality(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::size_t end = parameters.find(';');
    const std::string_view one = Trim(parameters.substr(0, end));
    if (one.starts_with("q=") || one.starts_with("Q=")) {
      const std::string_view value = one.substr(2);
      return value == "0" || (value.starts_with("0.") &&
                              value.find_first_not_of('0', 2) == std::string_view::npos)
                 ? 0
                 : 1'000;
    }
    parameters = end == std::string_view::npos ? "" : parameters.substr(end + 1);
  }
  return 1'000;
}

}  // namespace

Result<wire::Identity> Authenticate(const http::Request& request, const wire::JwtVerifier& verifier,
                                    std::int64_t now_unix_s, bool tickets) {
  const auto credentials = wire::CredentialsOf(PlacesOf(request), tickets);
  if (!credentials.ok()) {
    return Fail(credentials.error());
  }
  auto identity = credentials->place == wire::TokenPlace::kCookie
                      ? VerifyCookies(request, verifier, now_unix_s)
                      : wire::Verify(verifier, *credentials, now_unix_s);
  if (!identity.ok()) {
    return identity;
  }
  if (Status same = CheckQuery(request, *identity); !same.ok()) {
    return Fail(std::move(same.error()));
  }
  return identity;
}

bool NamesCaller(std::string_view parameter) {
  return IsOneOf(kUserNames, parameter) || IsOneOf(kProjectNames, parameter);
}

bool CookieDecides(const http::Request& request) {
  const auto credentials = wire::CredentialsOf(PlacesOf(request), false);
  return credentials.ok() && credentials->place == wire::TokenPlace::kCookie;
}

Result<StreamQuery> ParseStreamQuery(const http::Request& request,
                                     const wire::JwtVerifier& verifier, std::int64_t now_unix_s) {
  Result<wire::Identity> identity = Authenticate(request, verifier, now_unix_s, true);
  if (!identity.ok()) {
    return Fail(std::move(identity.error()));
  }
  StreamQuery parsed;
  parsed.identity = std::move(*identity);
  Result<std::optional<EntryId>> cursor = ParseCursor(request);
  if (!cursor.ok()) {
    return Fail(std::move(cursor.error()));
  }
  parsed.cursor = *cursor;
  if (const auto batch = request.Query("batch_ms")) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(batch->data(), batch->data() + batch->size(), value);
    if (error != std::errc{} || end != batch->data() + batch->size() || !AllDigits(*batch) ||
        value > kBatchMsMax) {
      return Fail(BadField("batch_ms", "0 to 5000"));
    }
    parsed.batch = std::chrono::milliseconds(value);
  }
  return parsed;
}

// Parameters that are meant as a cursor and are none: to ignore one would start the stream now, and
// what the client has missed would be lost without a word.
Status CheckNoOtherCursor(const http::Request& request) {
  constexpr std::array<std::string_view, 8> kMeant = {
      "lasteventid", "lastid", "eventid", "evslasteventid", "since", "sinceid", "cursor", "after"};
  for (const auto& [name, value] : request.query) {
    if (name == "last_event_id" || name == "lastEventId") {
      continue;
    }
    std::string plain = AsciiLower(name);
    std::erase_if(plain, [](char c) { return c == '_' || c == '-'; });
    if (std::find(kMeant.begin(), kMeant.end(), plain) != kMeant.end()) {
      return Fail(BadField(name, "no such parameter: the cursor is last_event_id"));
    }
  }
  return {};
}

Result<std::optional<EntryId>> ParseCursor(const http::Request& request) {
  if (Status none = CheckNoOtherCursor(request); !none.ok()) {
    return Fail(std::move(none.error()));
  }
  std::string_view name = "Last-Event-ID";
  std::optional<std::string_view> text = NotEmpty(request.Header(name));
  for (const char* in_query : {"last_event_id", "lastEventId"}) {
    if (!text) {
      name = in_query;
      text = NotEmpty(request.Query(in_query));
    }
  }
  if (!text) {
    return std::optional<EntryId>{};
  }
  if (text->size() > kCursorDigitsMax || !AllDigits(*text)) {
    return Fail(BadField(std::string(name), "an id as the stream sent it: 1 to 20 digits"));
  }
  EntryId id = 0;
  if (std::from_chars(text->data(), text->data() + text->size(), id).ec != std::errc{}) {
    id = std::numeric_limits<EntryId>::max();
  }
  return std::optional<EntryId>{id};
}

bool AcceptsEventStream(std::optional<std::string_view> accept) {
  if (!accept || Trim(*accept).empty()) {
    return true;
  }
  // The most specific range that covers the type decides.
  constexpr std::array<std::string_view, 3> kRanges = {"*/*", "text/*", "text/event-stream"};
  int specificity = -1;
  bool accepted = false;
  std::string_view rest = *accept;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = rest.substr(0, comma);
    const std::size_t semicolon = one.find(';');
    const std::string_view range = Trim(one.substr(0, semicolon));
    for (int i = 0; i < static_cast<int>(kRanges.size()); ++i) {
      if (EqualsWithoutCase(range, kRanges[static_cast<std::size_t>(i)]) && i >= specificity) {
        specificity = i;
        accepted =
            Quality(semicolon == std::string_view::npos ? "" : one.substr(semicolon + 1)) > 0;
      }
    }
    if (comma == std::string_view::npos) {
      return accepted;
    }
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace belfry::edge
