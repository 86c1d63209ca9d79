// SPDX-License-Identifier: Apache-2.0
// From a request's head as bytes to a Request, strictly: what two parsers could read in two ways is
// refused. Beast 1.81 splits the lines; it alone would take two Hosts, folded lines and any
// Transfer-Encoding. Stateless; any thread.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "libs/http/message.h"
#include "libs/http/refusal.h"

namespace belfry::http {

struct RequestHead {
  Request request;  // without body and remote_address
  std::uint64_t content_length = 0;
  bool chunked = false;  // the body comes in chunks, and content_length is 0
  bool keep_alive = false;
  bool expects_continue = false;
};

// `bytes`: from the request line through the empty line that ends the head.
std::variant<RequestHead, Refusal> ParseRequestHead(std::string_view bytes);

}  // namespace belfry::http
