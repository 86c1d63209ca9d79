// SPDX-License-Identifier: Apache-2.0
// A TCP connection that one thread waits on, each time with a deadline.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/result.h"

namespace belfry::http {

// Not thread-safe.
class TcpStream {
 public:
  // To "host:port" or "[ipv6]:port"; tries each address of a name. kInvalidArgument: no such form;
  // kUnavailable: cannot connect; kDeadlineExceeded.
  static Result<TcpStream> Connect(const std::string& address, SteadyTime deadline);

  TcpStream(TcpStream&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  TcpStream& operator=(TcpStream&&) = delete;
  ~TcpStream();

  Status Send(std::string_view bytes, SteadyTime deadline);
  // The bytes that have arrived; empty when the peer has ended. kDeadlineExceeded: none arrived.
  Result<std::string> Receive(SteadyTime deadline);

 private:
  explicit TcpStream(int socket) : socket_(socket) {}

  int socket_;
};

}  // namespace belfry::http
