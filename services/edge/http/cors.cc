// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/cors.h"

#include <algorithm>

namespace belfry::edge {
namespace {

bool IsOrigin(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme)) {
      const std::string_view host = text.substr(scheme.size());
      return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
               c == ':' || c == '[' || c == ']';
      });
    }
  }
  return false;
}

class CorsResponder final : public http::Responder {
 public:
  CorsResponder(Cors::Headers headers, std::shared_ptr<http::Responder> next)
      : headers_(std::move(headers)), next_(std::move(next)) {}

  void Send(http::Response response) override {
    // A preflight has its own, and what every origin may read says so: two of one would be invalid.
    const bool has_its_own = std::any_of(
        response.headers.begin(), response.headers.end(),
        [](const auto& header) { return header.first == "Access-Control-Allow-Origin"; });
    if (has_its_own) {
      next_->Send(std::move(response));
      return;
    }
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    next_->Send(std::move(response));
  }
  int TakeSocket() override { return next_->TakeSocket(); }
  void NoteKnown() override { next_->NoteKnown(); }
  void OnPeerGone(std::function<void()> callback) override {
    next_->OnPeerGone(std::move(callback));
  }

 private:
  const Cors::Headers headers_;
  const std::shared_ptr<http::Responder> next_;
};

}  // namespace

Result<Cors> Cors::Parse(std::vector<std::string> origins) {
  for (const std::string& origin : origins) {
    if (!IsOrigin(origin)) {
      const bool slash = origin.ends_with('/') && IsOrigin(origin.substr(0, origin.size() - 1));
      return Fail(Code::kInvalidArgument,
                  slash ? "an origin without a slash at its end: it has no path"
                        : "http:// or https://, a host in lower case and perhaps a port");
    }
  }
  Cors cors;
  cors.origins_ = std::move(origins);
  return cors;
}

Cors::Headers Cors::For(const http::Request& request) const {
  if (origins_.empty()) {
    return {};
  }
  Headers headers = {{"Vary", "Origin"}};
  const auto origin = request.Header("Origin");
  if (origin && std::find(origins_.begin(), origins_.end(), *origin) != origins_.end()) {
    headers.emplace_back("Access-Control-Allow-Origin", *origin);
    headers.emplace_back("Access-Control-Allow-Credentials", "true");
  }
  return headers;
}

http::Response Cors::Preflight(const http::Request& request, const std::string& allow) const {
  http::Response response;
  response.status = 204;
  response.headers.emplace_back("Allow", allow + ", OPTIONS");
  if (For(request).size() > 1) {  // the origin may
    response.headers.emplace_back("Access-Control-Allow-Methods", allow);
    response.headers.emplace_back("Access-Control-Allow-Headers",
                                  "Authorization, Content-Type, Idempotency-Key, "
                                  "If-None-Match, Last-Event-ID");
    response.headers.emplace_back("Access-Control-Max-Age", "7200");
  }
  return response;
}

std::shared_ptr<http::Responder> Cors::Wrap(const http::Request& request,
                                            std::shared_ptr<http::Responder> responder) const {
  Headers headers = For(request);
  if (headers.empty()) {
    return responder;
  }
  if (headers.size() > 1) {  // the origin may
    headers.emplace_back("Access-Control-Expose-Headers",
                         "ETag, RateLimit, RateLimit-Policy, Retry-After");
  }
  return std::make_shared<CorsResponder>(std::move(headers), std::move(responder));
}

}  // namespace belfry::edge
