// SPDX-License-Identifier: Apache-2.0
// One core's sockets behind an epoll of their own: a stream costs the core only its descriptor,
// while an Asio socket with a pending wait would cost it half a kilobyte.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "libs/common/result.h"
#include "services/edge/core/streams.h"

namespace belfry::edge {

class SocketTransport final : public Transport {
 public:
  static Result<std::unique_ptr<SocketTransport>> Make();
  ~SocketTransport() override;
  SocketTransport(const SocketTransport&) = delete;
  SocketTransport& operator=(const SocketTransport&) = delete;

  // Readable when Poll has something to do.
  int poll_descriptor() const { return epoll_; }
  // Reports to `streams` what has happened to its sockets, without waiting. True: there may be
  // more.
  bool Poll(Streams& streams);

  // Sets the socket's options too.
  bool Watch(int socket, StreamHandle handle) override;
  std::optional<std::size_t> Write(int socket, std::string_view bytes) override;
  void FinishWriting(int socket) override;
  void Close(int socket) override;

 private:
  explicit SocketTransport(int epoll) : epoll_(epoll) {}
  enum class Peer { kThere, kGone, kFlooding };
  Peer DropInput(int socket);

  const int epoll_;
  // Bytes that peers sent after their requests and that were dropped. Correct peers send none.
  std::unordered_map<int, std::size_t> dropped_;
};

}  // namespace belfry::edge
