// SPDX-License-Identifier: Apache-2.0
// belfry.v1.InboxService: decodes, hands to the Inbox or, to erase a user, to the Audience,
// encodes. Thread-safe.
#pragma once

#include <memory>

#include "services/ingest/grpc/unary_calls.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/inbox.h"

namespace grpc {
class Service;
}

namespace belfry::ingest {

class InboxService {
 public:
  // All must outlive it, and it must outlive the server that serves it.
  InboxService(Inbox& inbox, Audience& audience, UnaryCalls& calls);
  ~InboxService();
  InboxService(const InboxService&) = delete;
  InboxService& operator=(const InboxService&) = delete;

  grpc::Service* service();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::ingest
