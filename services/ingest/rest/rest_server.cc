// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/rest_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <utility>

namespace belfry::ingest {
namespace {

constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::chrono::milliseconds kFlush{250};
constexpr std::chrono::milliseconds kRetryAfter{250};
// A body that is parsed in about a millisecond, on the server's own thread.
constexpr std::size_t kSmallBytesMax = 64 * 1024;
constexpr std::size_t kLargeThreads = 2;

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
    options.judge = [this](const http::Request& head) { return api_.Judge(head); };
    bodies_bytes_max_ = limits.bodies_bytes_max;
    const auto handle = [this](http::Request request, std::shared_ptr<http::Responder> responder) {
      Handle(std::move(request), std::move(responder));
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
    while ((api_.active() > 0 || large_bytes_ > 0) && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(kPollInterval);
    }
    // The last answers are being written; idle connections are not waited for.
    const auto written = std::min(until, std::chrono::steady_clock::now() + kFlush);
    while (Connections(written) > 0 && std::chrono::steady_clock::now() < written) {
      std::this_thread::sleep_for(kPollInterval);
    }
    Stop();
  }

 private:
  void Handle(http::Request request, std::shared_ptr<http::Responder> responder) {
    const std::size_t bytes = request.body.size();
    if (bytes <= kSmallBytesMax) {
      return api_.Handle(std::move(request), std::move(responder));
    }
    // The server no longer counts a body that it has read.
    if (large_bytes_ > 0 && large_bytes_ + bytes > bodies_bytes_max_) {
      return responder->Send(http::Problem({Code::kResourceExhausted,
                                            "accept another request: too many wait to be parsed",
                                            "TOO_MANY_IN_FLIGHT",
                                            {},
                                            kRetryAfter}));
    }
    large_bytes_ += bytes;
    boost::asio::post(large_, [this, bytes, request = std::move(request),
                               responder = std::move(responder)]() mutable {
      api_.Handle(std::move(request), std::move(responder));
      large_bytes_ -= bytes;
    });
  }

  void Stop() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
    large_.stop();
    large_.join();
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
  std::size_t bodies_bytes_max_ = 0;         // constant after Listen
  std::atomic<std::size_t> large_bytes_{0};  // of bodies that wait for `large_`, or are with it
  boost::asio::thread_pool large_{kLargeThreads};
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
