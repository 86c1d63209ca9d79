// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/gate.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <iterator>

namespace belfry::wire {

std::string_view CallHead::Authorization() const {
  const auto [first, last] = context_.client_metadata().equal_range("authorization");
  if (first == last || std::next(first) != last) {
    return {};
  }
  return {first->second.data(), first->second.size()};
}

std::vector<std::string> CallHead::PeerUris() const {
  std::vector<std::string> uris;
  const auto context = context_.auth_context();
  if (context != nullptr && context->IsPeerAuthenticated()) {
    for (const grpc::string_ref& uri : context->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
      uris.emplace_back(uri.data(), uri.size());
    }
  }
  return uris;
}

std::string CallHead::Peer() const { return context_.peer(); }

}  // namespace belfry::wire
