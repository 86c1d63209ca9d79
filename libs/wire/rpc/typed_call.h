// SPDX-License-Identifier: Apache-2.0
// A call with one request and one answer, both messages of protobuf.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/message_bytes.h"

namespace belfry::wire {

template <typename RequestType, typename ResponseType>
class TypedCall final : public HeadFirstCall {
 public:
  using Request = RequestType;
  using Response = ResponseType;
  // Ends the call, now or later, on any thread.
  using Handler = std::function<void(TypedCall& call)>;

  // `handler` must outlive it.
  TypedCall(const CallHead& head, HeadFirstCalls& calls, const Handler& handler)
      : HeadFirstCall(head, calls), handler_(handler) {}

  // The handler's, to take out of and to fill.
  Request& request() { return request_; }
  Response& response() { return response_; }
  // Answers with the response, or refuses with the error. The call may be gone afterwards.
  void End(const Status& status) { status.ok() ? Answer(response_) : Refuse(status.error()); }

 private:
  void OnMessage(const grpc::ByteBuffer& message) override {
    if (!Decode(message, &request_)) {
      return Refuse({Code::kInvalidArgument,
                     "parse the request: not a valid protobuf message, or text that is not UTF-8",
                     "MALFORMED_MESSAGE"});
    }
    handler_(*this);
  }

  const Handler& handler_;
  Request request_;
  Response response_;
};

// Serves `method` by `handler`, for those whom the gate of `calls` admits. `calls` must outlive the
// service.
template <typename Call>
void AddTyped(HeadFirstService* service, std::string_view method, HeadFirstCalls& calls,
              typename Call::Handler handler) {
  service->Add(method, [&calls, handler = std::move(handler)](const CallHead& head) {
    auto* const call = new Call(head, calls, handler);
    call->Run();
    return call;
  });
}

}  // namespace belfry::wire
