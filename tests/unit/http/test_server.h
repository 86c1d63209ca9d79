// SPDX-License-Identifier: Apache-2.0
// A server on a thread of its own, on a free port.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "libs/common/check.h"
#include "libs/http/server.h"

namespace belfry::http {

class TestServer {
 public:
  explicit TestServer(Handler handler, ServerLimits limits = {},
                      std::function<bool(std::string_view)> is_proxy = nullptr,
                      HeadJudge judge = {}) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.limits = limits;
    options.is_proxy = std::move(is_proxy);
    options.judge = std::move(judge);
    options.refused_metric = "belfry_test_refused_total";
    auto server = Server::Listen(io_, std::move(options), std::move(handler), &metrics_, Log());
    BELFRY_CHECK(server.ok());
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~TestServer() {
    OnThread([this] { server_.reset(); });
    work_.reset();
    io_.stop();
    thread_.join();
  }

  std::uint16_t port() const { return server_->port(); }
  std::size_t connections() const { return server_->connections(); }
  void StopAccepting() {
    OnThread([this] { server_->StopAccepting(); });
  }
  void DestroyServer() {
    OnThread([this] { server_.reset(); });
  }

  // Runs `work` on the server's thread and waits for its end.
  template <typename Work>
  void OnThread(Work work) {
    std::promise<void> done;
    boost::asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  // How many were refused for `reason`.
  int Refused(const std::string& reason) const {
    const std::string text = metrics_.Expose();
    const std::string row = "belfry_test_refused_total{reason=\"" + reason + "\"} ";
    const std::size_t at = text.find(row);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + row.size()));
  }

 private:
  Metrics metrics_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

// Answers with what it was asked: "POST /a?b=c|body".
inline void Echo(const Request& request, const std::shared_ptr<Responder>& responder) {
  Response response;
  response.body =
      std::string(MethodName(request.method)) + " " + request.target + "|" + request.body;
  responder->Send(std::move(response));
}

}  // namespace belfry::http
