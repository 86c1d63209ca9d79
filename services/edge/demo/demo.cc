// SPDX-License-Identifier: Apache-2.0
#include "services/edge/demo/demo.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "libs/common/hex.h"
#include "libs/common/names.h"
#include "libs/common/random.h"
#include "libs/common/text.h"
#include "libs/http/host_name.h"
#include "libs/wire/codec/strict_json.h"
#include "services/edge/demo/page.h"

namespace belfry::edge {
namespace {

constexpr std::size_t kBodyBytesMax = 64 * 1024;

std::string Replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string result;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(what, at)) != std::string_view::npos;
       at = found + what.size()) {
    result.append(text, at, found - at).append(with);
  }
  return result.append(text, at);
}

// A page of another origin must not get tokens or publish through its visitor's browser: it cannot
// send JSON here without a preflight, which gets no answer, nor hide its Origin.
std::optional<Error> CheckCaller(const http::Request& request) {
  const std::string_view type = request.Header("Content-Type").value_or("");
  if (type != "application/json" && !type.starts_with("application/json;")) {
    return Error{Code::kInvalidArgument, "the body must be application/json", "CONTENT_TYPE"};
  }
  const auto origin = request.Header("Origin");
  const std::string host = "http://" + std::string(request.Header("Host").value_or(""));
  if (origin && *origin != host) {
    return Error{Code::kPermissionDenied, "not for other origins", "CROSS_ORIGIN"};
  }
  return std::nullopt;
}

Result<std::string> UserOf(const http::Request& request) {
  Result<boost::json::value> json = wire::ParseStrictJson(request.body, 4);
  if (!json.ok()) {
    return Fail(std::move(json.error()));
  }
  const boost::json::object* object = json->if_object();
  const boost::json::value* user = object ? object->if_contains("userId") : nullptr;
  const boost::json::string* text = user ? user->if_string() : nullptr;
  if (text == nullptr || !IsUserId(*text)) {
    Error error{Code::kInvalidArgument, "the user is not usable"};
    error.violations.push_back({"userId", "1-128 bytes of UTF-8 without control characters"});
    return Fail(std::move(error));
  }
  return std::string(*text);
}

// Percent-encoded, whatever it is.
std::string PathSegment(std::string_view text) {
  std::string segment;
  for (const char byte : text) {
    segment += "%" + HexEncode(std::string_view(&byte, 1));
  }
  return segment;
}

}  // namespace

Demo::Demo(DemoOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      poster_(options_.ingest_http, "Bearer " + options_.api_key) {}

// See host_name.h.
bool Demo::Refused(const http::Request& request, http::Responder& responder) const {
  const std::string name = http::HostName(request.Header("Host").value_or(""));
  if (http::IsLoopbackName(name) ||
      std::find(options_.hosts.begin(), options_.hosts.end(), name) != options_.hosts.end()) {
    return false;
  }
  responder.Send(http::Problem(Error{Code::kPermissionDenied,
                                     "the demo does not answer under this Host; demo_hosts may "
                                     "name it",
                                     "DEMO_HOST"}));
  return true;
}

void Demo::AddTo(Routes& routes) {
  routes.Add(http::Method::kGet, "/", kBodyBytesMax,
             [this](const RouteCall& call, Answer responder) {
               if (!Refused(call.request, *responder)) {
                 SendPage(std::move(responder));
               }
             });
  routes.Add(http::Method::kPost, "/demo/token", kBodyBytesMax,
             [this](const RouteCall& call, Answer responder) {
               if (!Refused(call.request, *responder)) {
                 SendToken(call.request, std::move(responder));
               }
             });
  routes.Add(http::Method::kPost, "/demo/notify", kBodyBytesMax,
             [this](const RouteCall& call, Answer responder) {
               if (!Refused(call.request, *responder)) {
                 Publish(call.request, std::move(responder));
               }
             });
  routes.Add(http::Method::kPost, "/demo/revoke", kBodyBytesMax,
             [this](const RouteCall& call, Answer responder) {
               if (!Refused(call.request, *responder)) {
                 Revoke(call.request, std::move(responder));
               }
             });
}

void Demo::SendPage(Answer responder) const {
  const std::string nonce = HexEncode(RandomBytes(16));
  http::Response response;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::string(kDemoPage);
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>("@NONCE@", nonce),
                                    {"@PROJECT@", options_.project},
                                    {"@WIDGET@", options_.widget_path},
                                    {"@INTEGRITY@", options_.widget_integrity}}) {
    response.body = Replaced(response.body, name, value);
  }
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; connect-src 'self'; img-src http: https: data:; script-src 'nonce-" +
           nonce + "'; style-src 'nonce-" + nonce +
           "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
           "require-trusted-types-for 'script'; trusted-types 'none'"},
      {"Cache-Control", "no-store"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"}};
  responder->Send(std::move(response));
}

void Demo::SendToken(const http::Request& request, Answer responder) const {
  if (const auto refusal = CheckCaller(request)) {
    responder->Send(http::Problem(*refusal));
    return;
  }
  const Result<std::string> user = UserOf(request);
  if (!user.ok()) {
    responder->Send(http::Problem(user.error()));
    return;
  }
  wire::JwtClaims claims;
  claims.project = options_.project;
  claims.user_id = *user;
  claims.issuer = options_.issuer;
  claims.audience = options_.audience;
  claims.issued_s = clock_.UnixMicros() / 1'000'000;
  claims.expires_s = claims.issued_s + options_.token_ttl.count();
  const std::string token = wire::SignJwt(options_.signer, claims);
  std::string body = "{\"token\":";
  AppendJsonString(token, &body);
  http::Response response = http::Json(body + "}");
  response.headers.emplace_back("Set-Cookie",
                                "belfry_token=" + token + "; Path=/; HttpOnly; SameSite=Strict; " +
                                    "Max-Age=" + std::to_string(options_.token_ttl.count()));
  response.headers.emplace_back("Cache-Control", "no-store");
  responder->Send(std::move(response));
}

void Demo::Publish(const http::Request& request, Answer responder) {
  if (const auto refusal = CheckCaller(request)) {
    responder->Send(http::Problem(*refusal));
    return;
  }
  PassOn("/v1/notify", request.body, std::string(request.Header("Idempotency-Key").value_or("")),
         std::move(responder));
}

void Demo::Revoke(const http::Request& request, Answer responder) {
  if (const auto refusal = CheckCaller(request)) {
    responder->Send(http::Problem(*refusal));
    return;
  }
  const Result<std::string> user = UserOf(request);
  if (!user.ok()) {
    responder->Send(http::Problem(user.error()));
    return;
  }
  PassOn("/v1/users/" + PathSegment(*user) + "/revoke", "{}", "", std::move(responder));
}

void Demo::PassOn(std::string path, std::string json, std::string idempotency_key,
                  Answer responder) {
  if (options_.api_key.empty()) {
    responder->Send(http::Problem(
        Error{Code::kFailedPrecondition, "this edge has no demo_api_key_file", "NO_API_KEY"}));
    return;
  }
  poster_.Post(std::move(path), std::move(json), std::move(idempotency_key),
               [responder = std::move(responder)](Result<http::ClientResponse> answer) {
                 if (!answer.ok()) {
                   responder->Send(http::Problem(answer.error()));
                   return;
                 }
                 http::Response response;
                 response.status = answer->status;
                 response.body = std::move(answer->body);
                 response.content_type =
                     answer->status < 300 ? "application/json" : "application/problem+json";
                 responder->Send(std::move(response));
               });
}

}  // namespace belfry::edge
