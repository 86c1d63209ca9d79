// SPDX-License-Identifier: Apache-2.0
// What is known of a call before its message has been read, and who judges it by that.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/result.h"

namespace grpc {
class CallbackServerContext;
}

namespace belfry::wire {

// The head of a call. A view: of a method's path, which lives as long as its service, and of the
// context, which lives as long as the call.
class CallHead {
 public:
  CallHead(std::string_view method, const grpc::CallbackServerContext& context)
      : method_(method), context_(context) {}

  std::string_view method() const { return method_; }  // "/belfry.v1.StoreService/Append"
  const grpc::CallbackServerContext& context() const { return context_; }
  // The metadata `authorization`; empty if it is not there or there more than once.
  std::string_view Authorization() const;
  // The URIs in the client certificate's SAN (RFC 5280, section 4.2.1.6); none without TLS. The
  // certificate has been verified.
  std::vector<std::string> PeerUris() const;
  std::string Peer() const;  // "ipv4:127.0.0.1:52114"

 private:
  const std::string_view method_;
  const grpc::CallbackServerContext& context_;
};

// An error refuses the call, with that error as its status. Runs on gRPC's threads, several at
// once, and must not block.
using Gate = std::function<Status(const CallHead& head)>;

}  // namespace belfry::wire
