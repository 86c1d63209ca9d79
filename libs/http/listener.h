// SPDX-License-Identifier: Apache-2.0
// Accepts connections for a server. Not thread-safe: the io_context's thread only.
#pragma once

#include <cstdint>
#include <memory>

#include "libs/common/result.h"
#include "libs/http/asio_types.h"
#include "libs/http/server_state.h"

namespace belfry::http {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  explicit Listener(std::shared_ptr<ServerState> state);

  // Binds and listens; Accept comes next. Errors as Server::Listen's.
  Status Open();
  void Accept();
  void Close();
  std::uint16_t port() const { return port_; }

 private:
  // Takes the connection, and those that wait behind it, up to a bound.
  void OnAccept(ErrorCode error, Socket socket);
  void Take(Socket socket);
  // Without descriptors accept() fails at once and for ever: it is tried again a little later.
  void Pause(const ErrorCode& error);

  const std::shared_ptr<ServerState> state_;
  Acceptor acceptor_;
  Timer timer_;
  asio::ip::tcp::endpoint peer_;
  std::uint16_t port_ = 0;
  bool pausing_ = false;
};

}  // namespace belfry::http
