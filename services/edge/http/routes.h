// SPDX-License-Identifier: Apache-2.0
// What the edge serves besides streams: a table of method and path.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/result.h"
#include "libs/http/message.h"
#include "libs/http/server.h"
#include "libs/wire/auth/jwt.h"

namespace belfry::edge {

// A request that matched a route.
struct RouteCall {
  http::Request request;
  // What the pattern's {name} segments matched, in order.
  std::vector<std::pair<std::string, std::string>> params;
  // The client's address, through trusted proxies.
  std::string client_address;
  // Who is asking. Checks the token only when called; a failure is ready for http::Problem.
  std::function<Result<wire::Identity>()> authenticate;
};

// Called on a core's thread: must not block, may answer later from any thread.
using RouteHandler = std::function<void(RouteCall, std::shared_ptr<http::Responder>)>;

// Filled before the cores start, then only read; by then any thread may.
class Routes {
 public:
  // `pattern`: "/demo/token" or "/v1/notifications/{id}/read"; a {name} takes one whole, non-empty
  // segment. The first pattern that matches wins.
  void Add(http::Method method, std::string_view pattern, RouteHandler handler);

  struct Match {
    const RouteHandler* handler = nullptr;  // null: no such path, or not this method
    std::vector<std::pair<std::string, std::string>> params;
    std::string allow;  // the path's methods, "GET, POST"; empty: no such path
  };
  Match Find(http::Method method, std::string_view path) const;

 private:
  struct Route {
    http::Method method;
    std::vector<std::string> segments;
    RouteHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace belfry::edge
