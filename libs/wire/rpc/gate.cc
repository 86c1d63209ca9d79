// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/gate.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

namespace belfry::wire {

std::string_view CallHead::Authorization() const {
  const auto& metadata = context_.client_metadata();
  const auto found = metadata.find("authorization");
  return found == metadata.end() ? std::string_view()
                                 : std::string_view(found->second.data(), found->second.size());
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
