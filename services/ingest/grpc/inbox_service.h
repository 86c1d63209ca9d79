// SPDX-License-Identifier: Apache-2.0
// belfry.v1.InboxService: decodes, hands to the Inbox or, to erase a user, to the Audience,
// encodes. Thread-safe.
#pragma once

#include <cstddef>
#include <memory>

#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/inbox.h"

namespace grpc {
class Service;
}

namespace belfry::ingest {

class InboxService {
 public:
  // Both must outlive it, and it must outlive the server that serves it.
  InboxService(Inbox& inbox, Audience& audience);
  ~InboxService();
  InboxService(const InboxService&) = delete;
  InboxService& operator=(const InboxService&) = delete;

  grpc::Service* service();
  // New calls end with UNAVAILABLE at once. Others go on.
  void Drain();
  // Calls that have not ended.
  std::size_t active() const;

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::ingest
