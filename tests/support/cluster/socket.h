// SPDX-License-Identifier: Apache-2.0
// Raw TCP and just enough HTTP to be rude with: requests are bytes, answers are read as they come.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::test {

// An IPv4 address and port, e.g. of a process under test.
struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string ToString() const { return host + ":" + std::to_string(port); }
};

// A free port on `host`, for a process that is going to listen on it. Tests choose a loopback
// address of their own (see cluster.h), so that nobody else takes it meanwhile.
std::uint16_t FreePort(const std::string& host);

// A descriptor that closes itself.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(Socket&& other) noexcept : fd_(other.Release()) {}
  Socket& operator=(Socket&& other) noexcept;
  int fd() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();
  void Close() { *this = Socket(); }

 private:
  int fd_ = -1;
};

// A non-blocking socket with its connect under way.
Result<Socket> StartConnecting(const Endpoint& to);
// Waits for the connection. kUnavailable: refused; kDeadlineExceeded.
Result<Socket> Connect(const Endpoint& to, std::chrono::milliseconds timeout);
// kUnavailable: the peer is gone; kDeadlineExceeded: it takes no more.
Status SendAll(const Socket& socket, std::string_view bytes, std::chrono::milliseconds timeout);
// Reads until the peer closes, what came contains `until`, or time is up; what came either way.
std::string ReadUntil(const Socket& socket, std::string_view until,
                      std::chrono::milliseconds timeout);
// Whether the peer closes within `timeout`; what it still sends is dropped.
bool PeerCloses(const Socket& socket, std::chrono::milliseconds timeout);

struct HttpAnswer {
  int status = 0;                              // 0: the peer closed without one
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};
// Sends `request` as it is and reads one answer with its Content-Length (or to the end).
Result<HttpAnswer> Exchange(const Endpoint& to, std::string_view request,
                            std::chrono::milliseconds timeout = std::chrono::seconds(10));
// "GET <target>" with a Host, `headers` ("Name: value\r\n"...) and Connection: close.
Result<HttpAnswer> Get(const Endpoint& to, const std::string& target,
                       const std::string& headers = {});
Result<HttpAnswer> Post(const Endpoint& to, const std::string& target, const std::string& headers,
                        const std::string& body);

}  // namespace belfry::test
