// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/audience_request.h"

#include <string_view>

#include "clients/cli/exit_codes.h"
#include "clients/cli/rest_text.h"
#include "libs/wire/codec/strict_json.h"

namespace belfry::cli {
namespace {

using Json = boost::json::value;
using What = AudienceCommand::What;

std::string PageOf(const AudienceCommand& command) {
  std::string query;
  if (!command.after.empty()) {
    query += "?after=" + Encoded(command.after);
  }
  if (!command.limit.empty()) {
    query += (query.empty() ? "?limit=" : "&limit=") + Encoded(command.limit);
  }
  return query;
}

std::string AttributesBody(const AudienceCommand& command) {
  std::string body = "{\"attributes\":{";
  for (const std::string& attribute : command.attributes) {
    const std::size_t equals = attribute.find('=');
    body += body.back() == '{' ? "" : ",";
    body += Quoted(attribute.substr(0, equals)) + ":" + Quoted(attribute.substr(equals + 1));
  }
  return body + "}}";
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) {
    joined += (joined.empty() ? "" : ",") + text;
  }
  return joined;
}

// "alice  plan=pro role=admin  in beta"
std::string UserLine(const Json& user) {
  std::string line = Text(user, "userId") + " ";
  const Json* const attributes = Member(user, "attributes");
  if (attributes != nullptr && attributes->is_object()) {
    for (const auto& attribute : attributes->get_object()) {
      const std::string key(attribute.key().data(), attribute.key().size());
      line += " " + key + "=" + Text(*attributes, key);
    }
  }
  const std::string segments = Joined(Texts(user, "segments"));
  return Printable(line + (segments.empty() ? "" : "  in " + segments)) + "\n";
}

std::string OperationLines(const Json& operation) {
  std::string lines = Text(operation, "operationId") + "  " + Text(operation, "kind") + "  " +
                      Text(operation, "state") + "  " + Number(operation, "done") + " of " +
                      Number(operation, "total") + ", " + Number(operation, "suppressed") +
                      " suppressed, " + Number(operation, "failed") + " failed";
  lines = Printable(lines) + "\n";
  for (const std::string& error : Texts(operation, "errors")) {
    lines += "  " + error + "\n";
  }
  return lines;
}

template <typename Line>
std::string LinesOf(const Json& answer, std::string_view name, Line line) {
  std::string lines;
  const Json* const list = Member(answer, name);
  if (list != nullptr && list->is_array()) {
    for (const Json& one : list->get_array()) {
      lines += line(one);
    }
  }
  return lines;
}

}  // namespace

http::ClientRequest RequestOf(const AudienceCommand& command) {
  const std::string segment = "/v1/segments/" + Encoded(command.name);
  // "bulk" as it is names another resource.
  const std::string user =
      "/v1/users/" + (command.name == "bulk" ? std::string("%62ulk") : Encoded(command.name));
  http::ClientRequest request;
  switch (command.what) {
    case What::kCreateSegment:
      request.method = "PUT";
      request.path = segment;
      break;
    case What::kDeleteSegment:
      request.method = "DELETE";
      request.path = segment;
      break;
    case What::kListSegments:
      request.path = "/v1/segments" + PageOf(command);
      break;
    case What::kAddMembers:
    case What::kRemoveMembers:
      request.method = "POST";
      request.path = segment + (command.what == What::kAddMembers ? "/add" : "/remove");
      request.body = "{\"userIds\":" + List(command.users) + "}";
      break;
    case What::kListMembers:
      request.path = segment + "/members" + PageOf(command);
      break;
    case What::kSetUser:
      request.method = "PUT";
      request.path = user;
      request.body = AttributesBody(command);
      break;
    case What::kShowUser:
      request.path = user;
      break;
    case What::kListUsers:
      request.path = "/v1/users" + PageOf(command);
      break;
    case What::kEraseUser:
      request.method = "DELETE";
      request.path = user;
      break;
    case What::kRevokeUser:
    case What::kKickUser:
      request.method = "POST";
      request.path = user + (command.what == What::kKickUser ? "/kick" : "/revoke");
      break;
    case What::kRevokeAll:
      request.method = "POST";
      request.path = "/v1/revoke";
      break;
    case What::kOperation:
      request.path = "/v1/operations/" + Encoded(command.name);
      break;
  }
  request.headers.emplace_back("Authorization", "Bearer " + command.api_key);
  if (!request.body.empty()) {
    request.headers.emplace_back("Content-Type", "application/json");
  }
  return request;
}

std::string AudienceLines(What what, const http::ClientResponse& answer) {
  if (what == What::kDeleteSegment) {
    return "deleted\n";
  }
  const auto parsed = wire::ParseStrictJson(answer.body);
  if (!parsed.ok()) {
    return Printable(answer.body) + "\n";
  }
  const Json& body = *parsed;
  switch (what) {
    case What::kCreateSegment:
      return answer.status == 201 ? "created\n" : "it was there already\n";
    case What::kListSegments:
      return LinesOf(body, "segments", [](const Json& one) {
        return Printable(Text(one, "segment")) + "  " + Number(one, "members") + " members\n";
      });
    case What::kAddMembers:
    case What::kRemoveMembers:
      return Number(body, "members") + " members\n";
    case What::kListMembers: {
      std::string lines;
      for (const std::string& user : Texts(body, "userIds")) {
        lines += user + "\n";
      }
      return lines;
    }
    case What::kShowUser:
      return UserLine(body);
    case What::kListUsers:
      return LinesOf(body, "users", UserLine);
    case What::kEraseUser:
      return "erased; operation " + Printable(Text(body, "operationId")) + "\n";
    case What::kRevokeUser:
    case What::kRevokeAll:
      return "revoked; tokens issued from " + Printable(Text(body, "notBefore")) + " on are good\n";
    case What::kKickUser:
      return "their streams are being closed\n";
    case What::kOperation:
      return OperationLines(body);
    case What::kSetUser:
    case What::kDeleteSegment:
      break;
  }
  return "done\n";
}

std::string NextAfter(const std::string& body) {
  const auto parsed = wire::ParseStrictJson(body);
  return parsed.ok() ? Text(*parsed, "nextAfter") : std::string();
}

std::string StateOf(const std::string& body) {
  const auto parsed = wire::ParseStrictJson(body);
  return parsed.ok() ? Text(*parsed, "state") : std::string();
}

}  // namespace belfry::cli
