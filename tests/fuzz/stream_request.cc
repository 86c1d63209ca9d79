// SPDX-License-Identifier: Apache-2.0
// A request for a stream, judged as a whole: an HTTP head with LF for line ends, in which {token},
// {ticket}, {old}, {long} and {forged} stand for tokens. Whoever is let in is alice of demo, and by
// a token that may stand where it stood.
#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "libs/common/ascii.h"
#include "libs/http/request_head.h"
#include "services/edge/http/stream_request.h"
#include "tests/fuzz/harness/target.h"
#include "tests/fuzz/support/tokens.h"

namespace belfry::fuzz {
namespace {

using http::Request;

struct Tokens {
  const std::string token = TokenOfAlice("", 3'600);
  const std::string ticket = TokenOfAlice("belfry-stream", 60);
  const std::string old = TokenOfAlice("", -60);
  const std::string long_ticket = TokenOfAlice("belfry-stream", 61);
  const std::string forged = SignedBy(std::string(32, 'x'), R"({"alg":"HS256","kid":"hs"})",
                                      R"({"sub":"alice","project":"demo","exp":1700003600})");
};

const Tokens& AllTokens() {
  static const Tokens tokens;
  return tokens;
}

// `text` as it goes over the wire.
std::string OnTheWire(std::string_view text) {
  const Tokens& tokens = AllTokens();
  const std::array<std::pair<std::string_view, std::string_view>, 6> replaced = {{
      {"{token}", tokens.token},
      {"{ticket}", tokens.ticket},
      {"{old}", tokens.old},
      {"{long}", tokens.long_ticket},
      {"{forged}", tokens.forged},
      {"\n", "\r\n"},
  }};
  std::string bytes;
  while (!text.empty()) {
    const auto* const found =
        std::find_if(replaced.begin(), replaced.end(),
                     [text](const auto& one) { return text.starts_with(one.first); });
    if (found == replaced.end()) {
      bytes += text.front();
      text.remove_prefix(1);
    } else {
      bytes += found->second;
      text.remove_prefix(found->first.size());
    }
  }
  bytes += "\r\n\r\n";
  bytes.resize(bytes.find("\r\n\r\n") + 4);
  return bytes;
}

// The credentials that decide, by the protocol's order.
struct Credentials {
  enum class Where { kNone, kHeader, kQuery, kCookie } where = Where::kNone;
  std::string text;
};

Credentials CredentialsOf(const Request& request) {
  const auto header = request.Header("Authorization");
  if (header && AsciiLower(header->substr(0, header->find(' '))) == "bearer") {
    std::string text(header->substr(std::min<std::size_t>(7, header->size())));
    text.erase(0, std::min(text.find_first_not_of(" \t"), text.size()));
    text.erase(text.find_last_not_of(" \t") + 1);
    return {Credentials::Where::kHeader, text};
  }
  for (const auto& [name, value] : request.query) {
    if (name == "ticket") {
      return {Credentials::Where::kQuery, value};
    }
  }
  // Of several cookies the one that is valid.
  const auto cookies = request.Cookies("belfry_token");
  if (cookies.empty()) {
    return {};
  }
  const auto valid = std::find(cookies.begin(), cookies.end(), AllTokens().token);
  return {Credentials::Where::kCookie,
          std::string(valid == cookies.end() ? cookies.front() : *valid)};
}

void CheckLetIn(const Request& request, const wire::Identity& identity, bool tickets,
                std::string_view bytes) {
  const Credentials credentials = CredentialsOf(request);
  const bool by_ticket = credentials.where == Credentials::Where::kQuery;
  BELFRY_PROMISE(credentials.where != Credentials::Where::kNone, bytes);
  BELFRY_PROMISE(credentials.text == (by_ticket ? AllTokens().ticket : AllTokens().token), bytes);
  BELFRY_PROMISE(identity.ticket == by_ticket && (tickets || !by_ticket), bytes);
  BELFRY_PROMISE(identity.user_id == "alice" && identity.project == "demo", bytes);
  for (const char* name : {"token", "access_token", "jwt"}) {
    BELFRY_PROMISE(!request.Query(name), bytes);
  }
  for (const char* name : {"userId", "user_id", "user"}) {
    BELFRY_PROMISE(request.Query(name).value_or("alice") == "alice", bytes);
  }
  for (const char* name : {"projectId", "project_id", "project"}) {
    BELFRY_PROMISE(request.Query(name).value_or("demo") == "demo", bytes);
  }
}

void CheckRefusal(const Error& error, std::string_view bytes) {
  static const std::set<std::string> kReasons = {
      "MISSING_CREDENTIALS", "MALFORMED_CREDENTIALS", "TOKEN_IN_URL",         "TICKET_MISPLACED",
      "TOKEN_TOO_LARGE",     "TOKEN_MALFORMED",       "TOKEN_ALGORITHM",      "TOKEN_UNKNOWN_KEY",
      "TOKEN_SIGNATURE",     "TOKEN_EXPIRED",         "TICKET_TOO_LONG_LIVED"};
  switch (error.code) {
    case Code::kUnauthenticated:
      BELFRY_PROMISE(kReasons.contains(error.reason), bytes, error.reason);
      break;
    case Code::kPermissionDenied:
      BELFRY_PROMISE(error.reason == "USER_MISMATCH" || error.reason == "PROJECT_MISMATCH", bytes);
      break;
    default:
      BELFRY_PROMISE(error.code == Code::kInvalidArgument && error.violations.size() == 1, bytes);
  }
  // No token is repeated in the answer or in a log.
  for (const std::string& token : {AllTokens().token, AllTokens().ticket, AllTokens().forged}) {
    BELFRY_PROMISE(error.ToString().find(token) == std::string::npos, bytes);
  }
  boost::json::error_code malformed;
  const std::string body = http::Problem(400, error).body;
  const auto problem = boost::json::parse(body, malformed);
  BELFRY_PROMISE(!malformed && problem.is_object(), body);
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

void CheckStream(const Request& request, std::string_view bytes) {
  const auto stream = edge::ParseStreamQuery(request, Verifier(), kNow);
  if (!stream.ok()) {
    return CheckRefusal(stream.error(), bytes);
  }
  CheckLetIn(request, stream->identity, true, bytes);
  BELFRY_PROMISE(stream->batch.count() >= 0 && stream->batch.count() <= edge::kBatchMsMax, bytes);
  const std::string batch(request.Query("batch_ms").value_or("0"));
  BELFRY_PROMISE(IsNumber(batch) && std::stoll(batch) == stream->batch.count(), bytes);
  const std::string header(request.Header("Last-Event-ID").value_or(""));
  BELFRY_PROMISE(header.empty() || (IsNumber(header) && stream->cursor.has_value()), bytes);
}

// A range that covers the type with a quality above 0 must be somewhere in an accepted header.
void CheckAccept(const Request& request, std::string_view bytes) {
  const auto accept = request.Header("Accept");
  if (!accept || !edge::AcceptsEventStream(accept)) {
    return;
  }
  const std::string lower = AsciiLower(*accept);
  BELFRY_PROMISE(lower.find_first_not_of(" \t") == std::string::npos ||
                     lower.find("*/*") != std::string::npos ||
                     lower.find("text/*") != std::string::npos ||
                     lower.find("text/event-stream") != std::string::npos,
                 bytes);
}

}  // namespace

void Try(std::string_view input) {
  const std::string bytes = OnTheWire(input);
  const auto parsed = http::ParseRequestHead(bytes);
  const auto* head = std::get_if<http::RequestHead>(&parsed);
  if (head == nullptr) {
    return;
  }
  CheckStream(head->request, bytes);
  const auto identity = edge::Authenticate(head->request, Verifier(), kNow, false);
  if (identity.ok()) {
    CheckLetIn(head->request, *identity, false, bytes);
  } else {
    CheckRefusal(identity.error(), bytes);
  }
  CheckAccept(head->request, bytes);
}

}  // namespace belfry::fuzz
