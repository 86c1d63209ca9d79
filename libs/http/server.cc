// SPDX-License-Identifier: Apache-2.0
#include "libs/http/server.h"

#include <utility>

#include "libs/http/listener.h"
#include "libs/http/server_state.h"

namespace belfry::http {
namespace {

class AsioServer final : public Server {
 public:
  AsioServer(std::shared_ptr<ServerState> state, std::shared_ptr<Listener> listener)
      : state_(std::move(state)), listener_(std::move(listener)) {}

  ~AsioServer() override {
    listener_->Close();
    state_->Shut();
  }

  std::uint16_t port() const override { return listener_->port(); }

  void StopAccepting() override {
    listener_->Close();
    state_->Stop();
  }

  std::size_t connections() const override { return state_->open(); }

 private:
  const std::shared_ptr<ServerState> state_;
  const std::shared_ptr<Listener> listener_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::Listen(asio::io_context& io, ServerOptions options,
                                               Handler handler, Metrics* metrics, Log log) {
  auto state = std::make_shared<ServerState>(io, std::move(options), std::move(handler), metrics,
                                             log.Room("http"));
  auto listener = std::make_shared<Listener>(state);
  if (Status open = listener->Open(); !open.ok()) {
    return Fail(std::move(open.error()));
  }
  listener->Accept();
  return std::unique_ptr<Server>(
      std::make_unique<AsioServer>(std::move(state), std::move(listener)));
}

}  // namespace belfry::http
