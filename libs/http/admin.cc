// SPDX-License-Identifier: Apache-2.0
#include "libs/http/admin.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "libs/common/text.h"
#include "libs/http/asio_types.h"
#include "libs/http/host_name.h"
#include "libs/http/server.h"

namespace belfry::http {
namespace {

using Probe = std::function<std::vector<Check>()>;

Response Report(const Probe& probe) {
  const std::vector<Check> checks = probe ? probe() : std::vector<Check>();
  const bool ok = std::all_of(checks.begin(), checks.end(), [](const Check& c) { return c.ok; });
  std::string body = ok ? R"({"ok":true,"checks":[)" : R"({"ok":false,"checks":[)";
  for (const Check& check : checks) {
    if (&check != &checks.front()) {
      body += ',';
    }
    body += "{\"check\":";
    AppendJsonString(check.name, &body);
    body += check.ok ? ",\"ok\":true,\"detail\":" : ",\"ok\":false,\"detail\":";
    AppendJsonString(check.detail, &body);
    body += '}';
  }
  Response response = Json(body + "]}\n", ok ? 200 : 503);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

class Admin::Impl {
 public:
  Impl(std::vector<std::string> hosts, Probes probes, Metrics& metrics)
      : hosts_(std::move(hosts)), probes_(std::move(probes)), metrics_(metrics) {
    hosts_.push_back(MachineName());
  }

  ~Impl() {
    io_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  Status Start(std::string address, Log log) {
    ServerOptions options;
    options.address = std::move(address);
    options.limits.body_bytes_max = 0;
    options.limits.connections_max = 64;
    auto server = Server::Listen(
        io_, std::move(options),
        [this](const Request& request, const std::shared_ptr<Responder>& responder) {
          responder->Send(Answer(request));
        },
        nullptr, std::move(log));
    if (!server.ok()) {
      return Fail(Wrap("admin port", std::move(server.error())));
    }
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  std::uint16_t port() const { return server_->port(); }

 private:
  // One without a Host is no browser's.
  bool IsMeant(const Request& request) const {
    const auto host = request.Header("Host");
    const std::string name = HostName(host.value_or(""));
    return !host || IsAddress(name) || IsLoopbackName(name) ||
           (!name.empty() && std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end());
  }

  Response Answer(const Request& request) const {
    if (!IsMeant(request)) {
      return Problem(421, Error{Code::kPermissionDenied,
                                "the admin port does not answer under this Host; admin_hosts may "
                                "name it",
                                "ADMIN_HOST"});
    }
    const bool known =
        request.path == "/livez" || request.path == "/readyz" || request.path == "/metrics";
    if (!known) {
      return Problem(Error{Code::kNotFound, "here are /livez, /readyz and /metrics"});
    }
    if (request.method != Method::kGet && request.method != Method::kHead) {
      Response response = Problem(405, Error{Code::kUnimplemented, "only GET and HEAD"});
      response.headers.emplace_back("Allow", "GET, HEAD");
      return response;
    }
    if (request.path == "/livez") {
      return Report(probes_.live);
    }
    if (request.path == "/readyz") {
      return Report(probes_.ready);
    }
    Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = metrics_.Expose();
    return response;
  }

  std::vector<std::string> hosts_;
  const Probes probes_;
  const Metrics& metrics_;
  asio::io_context io_{1};
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

Result<std::unique_ptr<Admin>> Admin::Start(std::string address, std::vector<std::string> hosts,
                                            Probes probes, Metrics& metrics, Log log) {
  auto impl = std::make_unique<Impl>(std::move(hosts), std::move(probes), metrics);
  if (Status started = impl->Start(std::move(address), std::move(log)); !started.ok()) {
    return Fail(std::move(started.error()));
  }
  return std::unique_ptr<Admin>(new Admin(std::move(impl)));
}

Admin::Admin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admin::~Admin() = default;

std::uint16_t Admin::port() const { return impl_->port(); }

}  // namespace belfry::http
