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

}  // namespace

class RestServer::Impl {
 public:
  Impl(RestLimits limits, Inbox& inbox, Audience& audience) : api_(inbox, audience, limits) {}

  ~Impl() { Stop(); }

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

  std::uint16_t port() const { return server_->port(); }

  void Shutdown(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    boost::asio::post(io_, [this] { server_->StopAccepting(); });
    while (api_.active() > 0 && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(kLook);
    }
    // The last answers are being written; idle connections are not waited for.
    const auto written = std::min(until, std::chrono::steady_clock::now() + kFlush);
    while (Connections(written) > 0 && std::chrono::steady_clock::now() < written) {
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
  // How many are open; 0 if the server's thread does not say so by `until`: it has ended or is
  // stuck.
  std::size_t Connections(std::chrono::steady_clock::time_point until) {
    const auto count = std::make_shared<std::promise<std::size_t>>();
    auto counted = count->get_future();
    boost::asio::post(io_, [this, count] { count->set_value(server_->connections()); });
    return counted.wait_until(until) == std::future_status::ready ? counted.get() : 0;
  }

  RestApi api_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<http::Server> server_;  // its thread has ended before it goes
  std::thread thread_;
};

Result<std::unique_ptr<RestServer>> RestServer::Start(std::string address,
                                                      http::ServerLimits server, RestLimits limits,
                                                      Inbox& inbox, Audience& audience,
                                                      Metrics& metrics, Log log) {
  auto impl = std::make_unique<Impl>(limits, inbox, audience);
  if (Status status = impl->Listen(std::move(address), server, metrics, std::move(log));
      !status.ok()) {
    return Fail(std::move(status.error()));
  }
  return std::unique_ptr<RestServer>(new RestServer(std::move(impl)));
}

RestServer::RestServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RestServer::~RestServer() = default;

std::uint16_t RestServer::port() const { return impl_->port(); }
void RestServer::Shutdown(std::chrono::milliseconds patience) { impl_->Shutdown(patience); }

}  // namespace belfry::ingest
