// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/front.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "libs/common/address.h"
#include "services/edge/http/stream_request.h"

namespace belfry::edge {
namespace {

constexpr std::string_view kStreamPath = "/v1/stream";
constexpr std::string_view kStreamType = "text/event-stream; charset=utf-8";
constexpr std::string_view kStreamCaching = "no-cache, no-transform";

std::int64_t NowSeconds(const Clock& clock) { return clock.UnixMicros() / 1'000'000; }

int StatusOf(const Error& error) {
  switch (error.code) {
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    default:
      return 400;
  }
}

// HTTP/1.0 knows no chunks: there the body ends with the connection.
std::string StreamHead(bool chunked, const Cors::Headers& extra) {
  std::string head = "HTTP/1.1 200 OK\r\nContent-Type: ";
  head.append(kStreamType).append("\r\nCache-Control: ").append(kStreamCaching);
  head += "\r\nX-Accel-Buffering: no\r\nConnection: close\r\n";
  if (chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  }
  for (const auto& [name, value] : extra) {
    head += name + ": " + value + "\r\n";
  }
  return head + "\r\n";
}

// The answer to a HEAD of a stream that would be opened.
http::Response StreamHeadOnly(Cors::Headers headers) {
  http::Response response;
  response.content_type = kStreamType;
  response.headers = std::move(headers);
  response.headers.emplace_back("Cache-Control", kStreamCaching);
  response.headers.emplace_back("X-Accel-Buffering", "no");
  response.close = true;
  return response;
}

}  // namespace

void Front::Handle(http::Request request, std::shared_ptr<http::Responder> responder) {
  const bool reads = request.method == http::Method::kGet || request.method == http::Method::kHead;
  if (request.path == kStreamPath && reads) {
    HandleStream(request, *responder);
    return;
  }
  responder = context_.cors.Wrap(request, std::move(responder));
  HandleRoute(std::move(request), std::move(responder));
}

void Front::HandleStream(const http::Request& request, http::Responder& responder) {
  const auto refuse = [&](int status, const Error& error) {
    http::Response response = Refusal(status, error);
    const Cors::Headers headers = context_.cors.For(request);
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
    responder.Send(std::move(response));
  };
  if (!AcceptsEventStream(request.Header("Accept"))) {
    refuse(406, Error{Code::kInvalidArgument,
                      "this path sends text/event-stream only",
                      "NOT_ACCEPTABLE",
                      {},
                      {}});
    return;
  }
  // Such a page would push out the user's own streams, one after the other.
  if (CookieDecides(request) && !context_.cross_site.AllowsReading(request)) {
    refuse(403, CrossSiteRefusal());
    return;
  }
  Result<StreamQuery> parsed =
      ParseStreamQuery(request, *verifier_, NowSeconds(context_.ports.clock));
  if (!parsed.ok()) {
    refuse(StatusOf(parsed.error()), parsed.error());
    return;
  }
  const wire::Identity& identity = parsed->identity;
  if (request.method == http::Method::kHead) {
    responder.Send(StreamHeadOnly(context_.cors.For(request)));
    return;
  }
  if (identity.ticket &&
      !context_.tickets.Use(request.Query("ticket").value_or(""), identity.expires_s,
                            NowSeconds(context_.ports.clock))) {
    refuse(401, Error{Code::kUnauthenticated,
                      "this ticket has opened a stream: a further one needs a new ticket",
                      "TICKET_USED",
                      {},
                      {}});
    return;
  }
  StreamRequest asked;
  asked.expires_s = EndOf(identity);
  asked.issued_s = identity.issued_s;
  asked.key = identity.key;
  asked.socket = responder.TakeSocket();
  if (asked.socket < 0) {
    return;
  }
  asked.project = std::move(parsed->identity.project);
  asked.user_id = std::move(parsed->identity.user_id);
  asked.address = AddressBlock(context_.proxies.ClientAddress(request));
  asked.cursor = parsed->cursor;
  asked.batch = parsed->batch;
  asked.chunked = request.minor_version >= 1;
  asked.http_head = StreamHead(asked.chunked, context_.cors.For(request));
  attach_(std::move(asked));
}

// When a stream ends, in unix seconds. That of a token ends when the token would be refused, and
// not before: else its client would open it again and again in between. A ticket only opens the
// stream, and ends so soon that the stream must outlive it.
std::int64_t Front::EndOf(const wire::Identity& identity) const {
  if (!identity.ticket) {
    return identity.refused_from_s;
  }
  const std::int64_t now = NowSeconds(context_.ports.clock);
  if (!identity.stream_until_s) {
    return now + context_.options.ticket_stream_max.count();
  }
  return std::min(*identity.stream_until_s, now + context_.options.token_lifetime_max.count());
}

void Front::HandleRoute(http::Request request, std::shared_ptr<http::Responder> responder) {
  Routes::Match match = context_.routes.Find(request.method, request.path);
  if (request.path == kStreamPath) {
    match.allow = match.allow.empty() ? "GET, HEAD" : "GET, HEAD, " + match.allow;
  }
  if (match.route == nullptr) {
    if (match.allow.empty()) {
      responder->Send(Refusal(404, Error{Code::kNotFound, "no such path", "NO_SUCH_PATH", {}, {}}));
    } else if (request.method == http::Method::kOptions) {
      responder->Send(context_.cors.Preflight(request, match.allow));
    } else {
      responder->Send(MethodNotAllowed(request, match.allow));
    }
    return;
  }
  if (request.body.size() > match.route->body_bytes_max) {
    responder->Send(Refusal(413, Error{Code::kInvalidArgument,
                                       "the body is larger than " +
                                           std::to_string(match.route->body_bytes_max) + " bytes",
                                       "BODY_TOO_LARGE",
                                       {},
                                       {}}));
    return;
  }
  if (request.path.starts_with("/v1/") && !context_.ports.revocations.loaded()) {
    Error error{Code::kUnavailable, "this edge has only just started", "STARTING", {}, {}};
    error.retry_after = std::chrono::seconds(1);
    responder->Send(Refusal(503, error));
    return;
  }
  RouteCall call(std::move(request), std::move(match.params), verifier_, context_.ports.clock);
  call.client_address = context_.proxies.ClientAddress(call.request);
  match.route->handler(std::move(call), std::move(responder));
}

http::Response Front::MethodNotAllowed(const http::Request& request, const std::string& allow) {
  http::Response response =
      Refusal(405, Error{Code::kUnimplemented,
                         "this path takes " + allow + ", not " + request.method_name,
                         "METHOD_NOT_ALLOWED",
                         {},
                         {}});
  response.headers.emplace_back("Allow", allow);
  return response;
}

http::Response Front::Refusal(int status, const Error& error) {
  const std::string reason =
      error.reason.empty() ? std::string(CodeName(error.code)) : error.reason;
  auto counter = refused_.find(reason);
  if (counter == refused_.end()) {
    counter = refused_
                  .emplace(reason, context_.ports.metrics.AddCounter(
                                       "belfry_edge_requests_refused_total",
                                       "Requests refused with an HTTP error, by reason.",
                                       {{"reason", reason}}))
                  .first;
  }
  counter->second.Add();
  http::Response response = http::Problem(status, error);
  response.close = true;  // who is refused keeps no connection
  if (status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return response;
}

}  // namespace belfry::edge
