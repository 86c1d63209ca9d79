// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/inbox_request.h"

#include <boost/json/value.hpp>
#include <string_view>
#include <utility>

#include "clients/cli/counts_line.h"
#include "clients/cli/exit_codes.h"
#include "clients/cli/rest_text.h"
#include "libs/wire/codec/strict_json.h"

namespace belfry::cli {
namespace {

using Json = boost::json::value;
using What = InboxCommand::What;

std::string QueryOf(const InboxCommand& command) {
  std::string query;
  const auto add = [&query](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      query += query.empty() ? "?" : "&";
      query += std::string(name) + "=" + Encoded(value);
    }
  };
  add("limit", command.limit);
  add("before", command.before);
  add("unread", command.unread ? "true" : "");
  add("archived", command.archived ? "true" : "");
  add("kind", command.kind);
  add("level", command.level);
  return query;
}

std::string UpToBody(const InboxCommand& command) {
  std::string body = "{\"upTo\":" + Quoted(command.up_to);
  if (!command.kind.empty()) {
    body += ",\"kind\":" + Quoted(command.kind);
  }
  return body + "}";
}

std::string RetractBody(const InboxCommand& command) {
  if (!command.idempotency_key.empty()) {
    return "{\"idempotencyKey\":" + Quoted(command.idempotency_key) + "}";
  }
  if (!command.broadcast.empty()) {
    return "{\"broadcastId\":" + Quoted(command.broadcast) + "}";
  }
  const std::string id = command.ids.empty() ? "" : command.ids.front();
  return "{\"userId\":" + Quoted(command.user) + ",\"id\":" + Quoted(id) + "}";
}

std::string_view OpOf(What what) {
  switch (what) {
    case What::kRead:
      return "read";
    case What::kUnread:
      return "unread";
    case What::kArchive:
      return "archive";
    default:
      return "delete";
  }
}

// "1700000000000001  unread  warning  Title - body  (comment.created)"
std::string NotificationLine(const Json& notification) {
  const char* state = !Text(notification, "archivedAt").empty() ? "archived"
                      : Text(notification, "readAt").empty()    ? "unread"
                                                                : "read";
  std::string line = Text(notification, "id") + "  " + state + "  " + Text(notification, "level") +
                     "  " + Text(notification, "title");
  if (const std::string body = Text(notification, "body"); !body.empty()) {
    line += " - " + body;
  }
  if (const std::string kind = Text(notification, "kind"); !kind.empty()) {
    line += "  (" + kind + ")";
  }
  return Printable(line) + "\n";
}

}  // namespace

http::ClientRequest RequestOf(const InboxCommand& command) {
  const std::string user = "/v1/users/" + Encoded(command.user) + "/";
  http::ClientRequest request;
  request.method = "POST";
  switch (command.what) {
    case What::kList:
      request.method = "GET";
      request.path = user + "notifications" + QueryOf(command);
      break;
    case What::kRead:
    case What::kUnread:
    case What::kArchive:
    case What::kDelete:
      request.path = user + "notifications/bulk";
      request.body =
          "{\"op\":" + Quoted(OpOf(command.what)) + ",\"ids\":" + List(command.ids) + "}";
      break;
    case What::kReadAll:
      request.path = user + "notifications/read-all";
      request.body = UpToBody(command);
      break;
    case What::kSeen:
      request.path = user + "notifications/seen";
      request.body = UpToBody(command);
      break;
    case What::kCounts:
      request.method = "GET";
      request.path = user + "counts";
      break;
    case What::kPreferences:
      request.method = command.set_muted ? "PUT" : "GET";
      request.path = user + "preferences";
      request.body = command.set_muted ? "{\"mutedKinds\":" + List(command.muted) + "}" : "";
      break;
    case What::kRetract:
      request.path = "/v1/retract";
      request.body = RetractBody(command);
      break;
  }
  request.headers.emplace_back("Authorization", "Bearer " + command.api_key);
  if (!request.body.empty()) {
    request.headers.emplace_back("Content-Type", "application/json");
  }
  return request;
}

std::string InboxLines(const std::string& body) {
  const auto answer = wire::ParseStrictJson(body);
  if (!answer.ok()) {
    return Printable(body) + "\n";
  }
  std::string lines;
  if (const Json* list = Member(*answer, "notifications"); list != nullptr && list->is_array()) {
    for (const Json& one : list->get_array()) {
      lines += NotificationLine(one);
    }
  }
  if (const Json* results = Member(*answer, "results"); results != nullptr && results->is_array()) {
    for (const Json& one : results->get_array()) {
      const bool done = Number(one, "status") == "200";
      lines += Printable(Text(one, "id")) + (done ? "  done\n" : "  no such notification\n");
    }
  }
  if (const Json* muted = Member(*answer, "mutedKinds"); muted != nullptr && muted->is_array()) {
    for (const Json& kind : muted->get_array()) {
      lines += "muted: " +
               (kind.is_string() ? Printable({kind.get_string().data(), kind.get_string().size()})
                                 : std::string()) +
               "\n";
    }
  }
  const Json* counts =
      Member(*answer, "unreadCount") != nullptr ? &*answer : Member(*answer, "counts");
  return lines + (counts == nullptr ? "" : CountsText(*counts) + "\n");
}

Error ErrorOf(const http::ClientResponse& response) {
  Error error;
  switch (response.status) {
    case 400:
    case 405:
    case 413:
    case 415:
      error.code = Code::kInvalidArgument;
      break;
    case 401:
      error.code = Code::kUnauthenticated;
      break;
    case 403:
      error.code = Code::kPermissionDenied;
      break;
    case 404:
      error.code = Code::kNotFound;
      break;
    case 422:
      error.code = Code::kFailedPrecondition;
      break;
    case 429:
      error.code = Code::kResourceExhausted;
      break;
    default:
      error.code = Code::kUnavailable;
  }
  const auto problem = wire::ParseStrictJson(response.body);
  error.message = problem.ok() ? Text(*problem, "detail") : "";
  if (error.message.empty()) {
    error.message = "HTTP " + std::to_string(response.status);
  }
  const Json* errors = problem.ok() ? Member(*problem, "errors") : nullptr;
  if (problem.ok()) {
    error.reason = Text(*problem, "reason");
  }
  if (errors != nullptr && errors->is_array()) {
    for (const Json& one : errors->get_array()) {
      error.violations.push_back({Text(one, "field"), Text(one, "description")});
    }
  }
  return error;
}

}  // namespace belfry::cli
