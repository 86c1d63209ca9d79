// SPDX-License-Identifier: Apache-2.0
// The port between streams and their sockets, which are named by descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace belfry::edge {

// Names one stream of one core for ever: a slot and its generation.
using StreamHandle = std::uint64_t;

class Transport {
 public:
  virtual ~Transport() = default;
  // From now on reports to the core when the peer goes or the socket can be written again. False:
  // it cannot be watched.
  [[nodiscard]] virtual bool Watch(int socket, StreamHandle handle) = 0;
  // Writes as much of `bytes` as fits, without waiting; how many were taken, std::nullopt if the
  // peer is gone. If fewer than all were taken, OnWritable follows once there is room.
  virtual std::optional<std::size_t> Write(int socket, std::string_view bytes) = 0;
  // No more will be written: the peer sees the end.
  virtual void FinishWriting(int socket) = 0;
  virtual void Close(int socket) = 0;
};

}  // namespace belfry::edge
