// SPDX-License-Identifier: Apache-2.0
// --demo: a page with the bells of three people, which publishes to them and revokes their tokens.
// It gives a token for any user to anybody, so it is for loopback and for trying things out only.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "libs/common/clock.h"
#include "libs/wire/auth/jwt.h"
#include "services/edge/demo/http_poster.h"
#include "services/edge/http/routes.h"

namespace belfry::edge {

struct DemoOptions {
  wire::JwtSigner signer;
  std::string project = "demo";
  std::string issuer;    // of the tokens; left out if empty
  std::string audience;  // likewise
  std::chrono::seconds token_ttl = std::chrono::hours(12);
  std::string ingest_http;  // where notifications are published and tokens revoked
  std::string api_key;      // with it; empty: both are refused
  // demo_hosts: names under which it answers, besides those of this machine's loopback.
  std::vector<std::string> hosts;
  // The page's script: where it is and the integrity that the browser checks it by. Text of ours.
  std::string widget_path = "/widget.js";
  std::string widget_integrity;
};

// Thread-safe. Must outlive the routes it has added.
class Demo {
 public:
  // `clock` must outlive it.
  Demo(DemoOptions options, const Clock& clock);

  // Adds GET /, POST /demo/token {"userId"} -> {"token"} and a cookie, POST /demo/notify (a
  // notification as POST /v1/notify takes it, with its Idempotency-Key), and POST /demo/revoke
  // {"userId"}, answered as POST /v1/users/{userId}/revoke is.
  void AddTo(Routes& routes);

 private:
  using Answer = std::shared_ptr<http::Responder>;

  // Answers a request that a page of another site may have sent; whether it has.
  bool Refused(const http::Request& request, http::Responder& responder) const;

  void SendPage(Answer responder) const;
  void SendToken(const http::Request& request, Answer responder) const;
  void Publish(const http::Request& request, Answer responder);
  void Revoke(const http::Request& request, Answer responder);
  // Answers with what ingest answers to `json` at `path`, by the API key. `idempotency_key`: none
  // if empty.
  void PassOn(std::string path, std::string json, std::string idempotency_key, Answer responder);

  const DemoOptions options_;
  const Clock& clock_;
  HttpPoster poster_;
};

}  // namespace belfry::edge
