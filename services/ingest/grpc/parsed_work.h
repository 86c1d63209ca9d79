// SPDX-License-Identifier: Apache-2.0
// What a call does whose whole message is parsed at once, before the store is asked. The answer
// comes exactly once and is the call's: so it may hold plain pointers. Private to this room.
#pragma once

#include <cstdint>
#include <string_view>

#include "services/ingest/grpc/unary_call.h"
#include "services/ingest/publish/publisher.h"

namespace belfry::ingest {

template <typename Request>
class ParsedWork : public UnaryWork {
 public:
  ParsedWork(Publisher& publisher, std::string_view name) : publisher_(publisher), name_(name) {}

  std::string_view name() const override { return name_; }
  void Start(UnaryCall& call, const Caller& caller, std::string_view message,
             SteadyTime deadline) override {
    if (const Status admitted = publisher_.Admit(caller); !admitted.ok()) {
      return call.Refuse(admitted.error());
    }
    Request request;
    if (message.size() > INT32_MAX ||
        !request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      publisher_.ChargeRefusedBatch(caller, message.size());
      return call.Refuse(Error{Code::kInvalidArgument,
                               "parse the request: not a valid protobuf message, or text that is "
                               "not UTF-8",
                               "MALFORMED_MESSAGE",
                               {},
                               {}});
    }
    Ask(call, caller, request, deadline);
  }
  // The store's answer ends it, at the call's deadline at the latest.
  void Cancel() override {}

 protected:
  virtual void Ask(UnaryCall& call, const Caller& caller, const Request& request,
                   SteadyTime deadline) = 0;

  Publisher& publisher_;

 private:
  const std::string_view name_;
};

}  // namespace belfry::ingest
