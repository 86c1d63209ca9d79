// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/support/http_peer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "libs/common/check.h"
#include "libs/http/connection.h"

namespace belfry::fuzz {
namespace {

// One for all inputs: making it costs more than a request.
http::asio::io_context& Io() {
  static http::asio::io_context io{1};
  return io;
}

}  // namespace

HttpPeer::HttpPeer(const http::ServerLimits& limits) {
  http::ServerOptions options;
  options.limits = limits;
  state_ = std::make_shared<http::ServerState>(
      Io(), std::move(options),
      [this](http::Request request, std::shared_ptr<http::Responder> responder) {
        Handle(std::move(request), std::move(responder));
      },
      nullptr, Log());
  std::array<int, 2> ends{};
  BELFRY_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) ==
               0);
  socket_ = ends[0];
  // The server only reads, writes and waits: to it, it is a TCP socket.
  http::Socket accepted(Io(), http::asio::ip::tcp::v4(), ends[1]);
  const auto connection =
      std::make_shared<http::Connection>(state_, std::move(accepted), "192.0.2.1");
  BELFRY_CHECK(state_->Add(connection, "192.0.2.1"));
  connection->Start();
  Turn();
}

HttpPeer::~HttpPeer() {
  ::close(socket_);
  later_.clear();
  Turn();
  state_->Shut();
  Turn();
}

void HttpPeer::Handle(http::Request request, std::shared_ptr<http::Responder> responder) {
  const std::string path = request.path;
  requests_.push_back(std::move(request));
  if (path == "/take") {
    const int taken = responder->TakeSocket();
    taken_ = taken >= 0;
    if (taken_) {
      ::close(taken);
    }
  } else if (path == "/later") {
    responder->OnPeerGone([] {});
    later_.push_back(std::move(responder));
  } else if (path != "/drop") {
    responder->Send(http::Response{});
  }
}

bool HttpPeer::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
    Turn();
  }
  return true;
}

void HttpPeer::End() {
  ::shutdown(socket_, SHUT_WR);
  Turn();
  // Each answer lets the next request of the connection in.
  while (!later_.empty()) {
    const auto responders = std::exchange(later_, {});
    for (const auto& responder : responders) {
      responder->Send(http::Response{});
    }
    Turn();
  }
}

void HttpPeer::Turn() {
  std::array<char, 16 * 1024> buffer;
  ssize_t got = 0;
  do {
    Io().restart();
    Io().poll();
    got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got > 0) {
      answers_.append(buffer.data(), static_cast<std::size_t>(got));
    }
  } while (got > 0);
}

}  // namespace belfry::fuzz
