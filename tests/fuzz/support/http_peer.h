// SPDX-License-Identifier: Apache-2.0
// One connection of the real HTTP server, without its listener: both ends of a socket in one
// thread. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/http/asio_types.h"
#include "libs/http/message.h"
#include "libs/http/server.h"
#include "libs/http/server_state.h"

namespace belfry::fuzz {

class HttpPeer {
 public:
  // Every request is kept in requests() and answered by its path: "/take" is taken out of the
  // server's hands, "/drop" is forgotten by its handler, "/later" is answered when all that was
  // sent has been read, all else at once.
  explicit HttpPeer(const http::ServerLimits& limits);
  // The peer goes; the server lets go of the connection.
  ~HttpPeer();
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  // False: the server takes no more.
  bool Send(std::string_view bytes);
  // The peer has said all; late answers are given.
  void End();
  // The server goes in the middle of it.
  void Shut() { state_->Shut(); }

  const std::vector<http::Request>& requests() const { return requests_; }
  bool taken() const { return taken_; }
  // What came back, all of it.
  const std::string& answers() const { return answers_; }
  // How many connections the server still holds.
  std::size_t open() const { return state_->open(); }

 private:
  void Handle(http::Request request, std::shared_ptr<http::Responder> responder);
  // Runs the server until it waits, and reads what it wrote.
  void Turn();

  int socket_ = -1;
  std::shared_ptr<http::ServerState> state_;
  std::vector<http::Request> requests_;
  std::vector<std::shared_ptr<http::Responder>> later_;
  bool taken_ = false;
  std::string answers_;
};

}  // namespace belfry::fuzz
