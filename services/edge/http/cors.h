// SPDX-License-Identifier: Apache-2.0
// Which other origins' pages may read our answers (Fetch, section 3.2). Immutable; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/result.h"
#include "libs/http/message.h"
#include "libs/http/server.h"

namespace belfry::edge {

class Cors {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  // Exact origins: "https://app.example.com" or with a port. kInvalidArgument names a malformed
  // one. "*" counts as malformed: every origin could read answers to credentials.
  static Result<Cors> Parse(std::vector<std::string> origins);

  // The headers for an answer to `request`; none without configured origins.
  Headers For(const http::Request& request) const;
  // The answer to a preflight of a path with these methods, to be sent through Wrap.
  http::Response Preflight(const http::Request& request, const std::string& allow) const;
  // Adds For(request) to whatever is sent through the result.
  std::shared_ptr<http::Responder> Wrap(const http::Request& request,
                                        std::shared_ptr<http::Responder> responder) const;

 private:
  std::vector<std::string> origins_;
};

}  // namespace belfry::edge
