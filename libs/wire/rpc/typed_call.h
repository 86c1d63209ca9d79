// SPDX-License-Identifier: Apache-2.0
// A call with one request and one answer, both messages of protobuf.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/served_call.h"

namespace belfry::wire {

template <typename RequestType, typename ResponseType>
class TypedCall final : public ServedCall {
 public:
  using Request = RequestType;
  using Response = ResponseType;
  // Ends the call, now or later, on any thread.
  using Handler = std::function<void(TypedCall& call)>;

  // `handler` must outlive it.
  TypedCall(CallPort& port, const Handler& handler) : ServedCall(port), handler_(handler) {}

  // The handler's, to take out of and to fill.
  Request& request() { return request_; }
  Response& response() { return response_; }
  // Answers with the response, or refuses with the error. The call may be gone afterwards.
  void End(const Status& status) {
    status.ok() ? port().Answer(response_) : port().Refuse(status.error());
  }

  google::protobuf::MessageLite& RequestToFill() override { return request_; }
  void Run() override { handler_(*this); }

 private:
  const Handler& handler_;
  Request request_;
  Response response_;
};

template <typename Call>
ServedMethod MethodOf(typename Call::Handler handler) {
  return [handler = std::make_shared<const typename Call::Handler>(std::move(handler))](
             CallPort& port) { return std::make_unique<Call>(port, *handler); };
}

// Serves `method` by `handler`, for those whom the gate of `calls` admits. `calls` must outlive the
// service.
template <typename Call>
void AddTyped(HeadFirstService* service, std::string_view method, HeadFirstCalls& calls,
              typename Call::Handler handler) {
  AddServed(service, method, calls, MethodOf<Call>(std::move(handler)));
}

}  // namespace belfry::wire
