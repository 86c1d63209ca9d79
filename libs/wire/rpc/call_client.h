// SPDX-License-Identifier: Apache-2.0
// Calls of a service's methods over one stream (call_stream.h), for frequent callers. The stream
// is opened with the first call, and again when it has ended or the key is another one. A large
// request, and one for a server that knows no such streams, goes as a call of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace grpc {
class Channel;
class Status;
}  // namespace grpc
namespace google::protobuf {
class MessageLite;
}

namespace belfry::wire {

class CallerKey;

// Thread-safe.
class CallClient {
 public:
  // Once for each call, on any thread, never from within Start or Cancel. It must not block: other
  // calls' answers come on the same thread. The errors are those of a
  // call of its own. The stream's end fails all its calls with UNAVAILABLE, or with the error of
  // its credentials.
  using OnDone = std::function<void(const grpc::Status& status)>;

  // `service`: as the proto file has it, with a method Calls. `key` is shown by every stream; null:
  // none is.
  // `alone_for`: how long a server that knew no streams gets calls of their own.
  CallClient(const std::shared_ptr<grpc::Channel>& channel, const std::string& service,
             std::shared_ptr<const CallerKey> key,
             std::chrono::milliseconds alone_for = std::chrono::seconds(60));
  ~CallClient();  // Stop

  // Returns the call's number. `response` must live until `done`.
  std::uint64_t Start(const std::string& method, const google::protobuf::MessageLite& request,
                      google::protobuf::MessageLite* response, std::chrono::microseconds timeout,
                      OnDone done);
  // The same for a call that was cancelled before: it is not sent.
  void StartCancelled(OnDone done);
  // Fails the call with CANCELLED unless it has ended, and tells the server that nobody waits.
  void Cancel(std::uint64_t number);
  // Fails all calls with CANCELLED, those to come too, and waits until no callback runs any more.
  void Stop();

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace belfry::wire
