// SPDX-License-Identifier: Apache-2.0
#include "libs/http/server.h"

#include <utility>

#include "libs/http/listener.h"
#include "libs/http/server_state.h"

namespace belfry::http {

struct Server::Impl {
  const std::shared_ptr<ServerState> state;
  const std::shared_ptr<Listener> listener;
};

Result<std::unique_ptr<Server>> Server::Listen(asio::io_context& io, ServerOptions options,
                                               Handler handler, Metrics* metrics, Log log) {
  auto state = std::make_shared<ServerState>(io, std::move(options), std::move(handler), metrics,
                                             log.Room("http"));
  auto listener = std::make_shared<Listener>(state);
  if (Status open = listener->Open(); !open.ok()) {
    return Fail(std::move(open.error()));
  }
  listener->Accept();
  std::unique_ptr<Impl> impl(new Impl{std::move(state), std::move(listener)});
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  impl_->listener->Close();
  impl_->state->Shut();
}

std::uint16_t Server::port() const { return impl_->listener->port(); }

void Server::StopAccepting() {
  impl_->listener->Close();
  impl_->state->Stop();
}

std::size_t Server::connections() const { return impl_->state->open(); }

}  // namespace belfry::http
