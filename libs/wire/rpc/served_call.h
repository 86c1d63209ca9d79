// SPDX-License-Identifier: Apache-2.0
// A call with one request and one answer, as its handler sees it, whether it came as a call of its
// own (head_first_call.h) or with others on a stream (call_stream.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "libs/common/result.h"

namespace google::protobuf {
class MessageLite;
}

namespace belfry::wire {

// The way a call came, on which it is answered. Thread-safe.
class CallPort {
 public:
  virtual ~CallPort() = default;
  // One of these two, once; the call may be gone afterwards.
  virtual void Answer(const google::protobuf::MessageLite& response) = 0;
  virtual void Refuse(const Error& why) = 0;
  virtual bool IsCancelled() const = 0;
  // When its caller stops waiting.
  virtual std::chrono::system_clock::time_point deadline() const = 0;
};

class ServedCall {
 public:
  virtual ~ServedCall() = default;
  ServedCall(const ServedCall&) = delete;
  ServedCall& operator=(const ServedCall&) = delete;

  void Refuse(const Error& why) { port_.Refuse(why); }
  bool IsCancelled() const { return port_.IsCancelled(); }
  std::chrono::system_clock::time_point deadline() const { return port_.deadline(); }

  // The port's: to decode into, then to handle what has come.
  virtual google::protobuf::MessageLite& RequestToFill() = 0;
  virtual void Run() = 0;

 protected:
  explicit ServedCall(CallPort& port) : port_(port) {}
  CallPort& port() { return port_; }

 private:
  CallPort& port_;
};

// A method with one request and one answer: makes a call of it. Any thread.
using ServedMethod = std::function<std::unique_ptr<ServedCall>(CallPort& port)>;

}  // namespace belfry::wire
