// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

namespace belfry::ingest {
namespace {

constexpr std::chrono::milliseconds kLook{5};
constexpr std::chrono::milliseconds kFlush{250};

class RestServerImpl final : public RestServer {
 public:
  RestServerImpl(RestLimits limits, Publisher& publisher) : api_(publisher, limits) {}

  ~RestServerImpl() override { Stop(); }

  Status Listen(std::string address, http::ServerLimits limits, Metrics& metrics, Log log) {
    http::ServerOptions options;
    options.address = std::move(address);
    options.limits = limits;
    options.refused_metric = "belfry_ingest_http_refused_total";
    const auto handle = [this](http::Request request, std::shared_ptr<http::Responder> responder) {
      api_.Handle(std::move(request), std::move(responder));
    };
    auto server = http::Server::Listen(io_, std::move(options), handle, &metrics, std::move(log));
    if (!server.ok()) {
      return Fail(std::move(server.error()));
    }
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::uint16_t port() const override { return server_->port(); }

  void Shutdown(std::chrono::milliseconds patience) override {
    const auto until = std::chrono::steady_clock::now() + patience;
    boost::asio::post(io_, [this] { server_->StopAccepting(); });
    while (api_.active() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(kLook);
    }
    // The last answers are being written; idle connections are not waited for.
    const auto written = std::min(until, std::chrono::steady_clock::now() + kFlush);
    while (Connections() > 0 && std::chrono::steady_clock::now() < written) {
      std::this_thread::sleep_for(kLook);
    }
    Stop();
  }

 private:
  void Stop() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }
  std::size_t Connections() {
    std::promise<std::size_t> count;
    boost::asio::post(io_, [this, &count] { count.set_value(server_->connections()); });
    return count.get_future().get();
  }

  RestApi api_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<http::Server> server_;  // its thread has ended before it goes
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<RestServer>> RestServer::Start(std::string address,
                                                      http::ServerLimits server, RestLimits limits,
                                                      Publisher& publisher, Metrics& metrics,
                                                      Log log) {
  auto rest = std::make_unique<RestServerImpl>(limits, publisher);
  if (Status status = rest->Listen(std::move(address), server, metrics, std::move(log));
      !status.ok()) {
    return Fail(std::move(status.error()));
  }
  return rest;
}

}  // namespace belfry::ingest
