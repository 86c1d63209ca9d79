// SPDX-License-Identifier: Apache-2.0
// Judges a call by its head, before its message is read. gRPC reads the whole first message of a
// unary call by itself, before any code of ours runs, so that a caller who may not call at all can
// still fill the memory. Behind a gate a service reads a message only once the call is admitted; on
// the wire, and for the service itself, there is no difference.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace grpc {
class ServerContextBase;
}

namespace belfry::wire {

// What is known of a call before its message. A view: valid during the gate's call only.
class CallHead {
 public:
  CallHead(std::string_view method, const grpc::ServerContextBase& context)
      : method_(method), context_(context) {}

  std::string_view method() const { return method_; }  // "/belfry.v1.StoreService/Append"
  // The metadata `authorization`; empty if there is none. The first, if there are several.
  std::string_view Authorization() const;
  // The URIs in the client certificate's SAN (RFC 5280, section 4.2.1.6); none without TLS. The
  // certificate has been verified.
  std::vector<std::string> PeerUris() const;
  std::string Peer() const;  // "ipv4:127.0.0.1:52114"

 private:
  const std::string_view method_;
  const grpc::ServerContextBase& context_;
};

// An error refuses the call, with that error as its status. Runs on gRPC's threads, several at
// once, and must not block.
using Gate = std::function<Status(const CallHead& head)>;

}  // namespace belfry::wire
