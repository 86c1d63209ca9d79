// SPDX-License-Identifier: Apache-2.0
// What the edge serves besides streams: a table of method and path.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/result.h"
#include "libs/http/message.h"
#include "libs/http/server.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::edge {

// A request that matched a route. Moved, never copied: its body may be large.
struct RouteCall {
  using Params = std::vector<std::pair<std::string, std::string>>;

  // `clock` must outlive the call.
  RouteCall(http::Request asked, Params matched, std::shared_ptr<const wire::JwtVerifier> keys,
            const Clock& now)
      : request(std::move(asked)),
        params(std::move(matched)),
        verifier(std::move(keys)),
        clock(now) {}

  // What the pattern's {name} matched; the name must be the pattern's.
  std::string_view Param(std::string_view name) const;
  // The caller's identity. Checks the token only when called; pass a failure to http::Problem.
  Result<wire::Identity> Authenticate() const;

  http::Request request;
  // What the pattern's {name} segments matched, in order.
  Params params;
  // The client's address, through trusted proxies.
  std::string client_address;
  std::shared_ptr<const wire::JwtVerifier> verifier;
  const Clock& clock;
};

// Called on a core's thread: must not block, may answer later from any thread.
using RouteHandler = std::function<void(RouteCall, std::shared_ptr<http::Responder>)>;

// Filled before the cores start, then only read; by then any thread may.
class Routes {
 public:
  struct Route {
    http::Method method;
    std::vector<std::string> segments;  // of the pattern
    std::size_t body_bytes_max;
    RouteHandler handler;
  };

  // A route for GET takes HEAD too, whose answer's body is not sent.
  // `pattern`: "/demo/token" or "/v1/notifications/{id}/read"; a {name} takes one whole, non-empty
  // segment, and a pattern without one wins over those with. A larger body is answered with 413;
  // the server's own bound (ServerLimits::body_bytes_max) holds for all routes.
  void Add(http::Method method, std::string_view pattern, std::size_t body_bytes_max,
           RouteHandler handler);

  struct Match {
    const Route* route = nullptr;  // null: no such path, or not this method
    RouteCall::Params params;
    std::string allow;  // the path's methods, "GET, HEAD, POST"; empty: no such path
  };
  Match Find(http::Method method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

}  // namespace belfry::edge
