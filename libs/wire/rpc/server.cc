// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/server.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/impl/server_initializer.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"
#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/health.h"
#include "libs/wire/rpc/library_logs.h"
#include "libs/wire/rpc/listener.h"
#include "libs/wire/rpc/reflection.h"
#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/tls.h"

namespace belfry::wire {
namespace {

using grpc::experimental::ExternalConnectionAcceptor;

// gRPC's way to learn the names of a server's services.
class NamesPlugin final : public grpc::ServerBuilderPlugin {
 public:
  explicit NamesPlugin(std::vector<std::string>* names) : names_(names) {}
  std::string name() override { return "belfry_service_names"; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer* initializer) override {
    *names_ = *initializer->GetServiceList();
  }
  void ChangeArguments(const std::string&, void*) override {}

 private:
  std::vector<std::string>* const names_;
};

class NamesOption final : public grpc::ServerBuilderOption {
 public:
  explicit NamesOption(std::vector<std::string>* names) : names_(names) {}
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    plugins->push_back(std::make_unique<NamesPlugin>(names_));
  }

 private:
  std::vector<std::string>* const names_;
};

// For a connection that has been accepted: TLS, and HTTP/2's first frame.
constexpr int kHandshakeTimeoutMs = 10'000;
// Of gRPC's synchronous services. We have none.
constexpr int kThreadsMax = 16;

void Configure(const RpcServerOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(options.message_bytes_max);
  builder->SetMaxSendMessageSize(-1);  // an answer is bounded by what makes it
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.concurrent_streams_max);
  // Clients may ping every 5 s, also without calls; a second less leaves room for jitter.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 4'000);
  // And a client that vanished is noticed within 30 s.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.metadata_bytes_max);
  if (options.connection_idle_max.count() > 0) {
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS,
                                static_cast<int>(options.connection_idle_max.count()));
  }
  if (options.connection_age_max.count() > 0) {
    const int age = static_cast<int>(options.connection_age_max.count());
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, age);
    builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, age);
  }
  grpc::ResourceQuota quota("belfry");
  quota.Resize(options.memory_bytes_max);
  quota.SetMaxThreads(kThreadsMax);
  builder->SetResourceQuota(quota);
}

// Answers calls of methods that no service has: gRPC itself would not say which it was.
class UnknownMethods final : public grpc::CallbackGenericService {
 public:
  explicit UnknownMethods(HeadFirstCalls& calls) : calls_(calls) {}

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    class Refusal final : public grpc::ServerGenericBidiReactor {
     public:
      explicit Refusal(const grpc::Status& status) { Finish(status); }
      void OnDone() override { delete this; }
    };
    calls_.connections().CountFruitless(context->peer());
    return new Refusal(
        ToGrpc({Code::kUnimplemented, "no such method: " + context->method(), "NO_SUCH_METHOD"}));
  }

  HeadFirstCalls& calls_;
};

// The services that a server adds to those it is given. They outlive it.
struct Services {
  explicit Services(HeadFirstCalls* given)
      : calls(given == nullptr ? own_calls : *given), strangers_give_way(given != nullptr) {}

  const SystemClock clock;
  HeadFirstCalls own_calls{{}, clock};
  HeadFirstCalls& calls;
  const bool strangers_give_way;  // it is known who is none
  Health health{calls};
  UnknownMethods unknown{calls};
  std::unique_ptr<Reflection> reflection;  // may be null
};

}  // namespace

class RpcServer::Impl {
 public:
  Impl(std::unique_ptr<Listener> listener, std::unique_ptr<ExternalConnectionAcceptor> acceptor,
       std::unique_ptr<ServerTls> tls, std::unique_ptr<Services> services,
       std::unique_ptr<grpc::Server> server)
      : port_(listener->port()),
        tls_(std::move(tls)),
        services_(std::move(services)),
        acceptor_(std::move(acceptor)),
        server_(std::move(server)),
        listener_(std::move(listener)) {
    SetServing(false);
    listener_->Accept(
        [this, listener_fd = listener_->fd()](int fd) {
          services_->calls.connections().Add(fd);
          ExternalConnectionAcceptor::NewConnectionParameters connection;
          connection.listener_fd = listener_fd;
          connection.fd = fd;
          acceptor_->HandleNewConnection(&connection);
        },
        [this] {
          return services_->strangers_give_way &&
                 services_->calls.connections().EndOldestStranger();
        });
  }

  ~Impl() { Shutdown(std::chrono::milliseconds(0)); }

  std::uint16_t port() const { return port_; }

  void SetServing(bool serving) { services_->health.SetServing(serving); }

  Status ReloadTls() { return tls_->Reload(); }

  void Shutdown(std::chrono::milliseconds patience) {
    const MutexLock lock(shutdown_mutex_);
    if (listener_ == nullptr) {
      return;
    }
    listener_->Stop();
    listener_.reset();
    services_->health.EndWatches();
    services_->calls.EndStreams();
    server_->Shutdown(std::chrono::system_clock::now() + patience);
  }

 private:
  const std::uint16_t port_;
  const std::unique_ptr<ServerTls> tls_;
  const std::unique_ptr<Services> services_;
  const std::unique_ptr<ExternalConnectionAcceptor> acceptor_;
  const std::unique_ptr<grpc::Server> server_;
  Mutex shutdown_mutex_;
  std::unique_ptr<Listener> listener_ BELFRY_GUARDED_BY(shutdown_mutex_);  // null: shut down
};

Result<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                    const std::vector<grpc::Service*>& services,
                                                    Log log) {
  RouteLibraryLogs(log);
  auto tls = ServerTls::Load(options.tls);
  if (!tls.ok()) {
    return Fail(Wrap("serve gRPC on " + options.address, std::move(tls).error()));
  }
  auto listener = Listener::Bind(options.address, log);
  if (!listener.ok()) {
    return Fail(Wrap("serve gRPC", std::move(listener).error()));
  }
  std::vector<std::string> names;
  grpc::ServerBuilder builder;
  Configure(options, &builder);
  builder.SetOption(std::make_unique<NamesOption>(&names));
  auto own = std::make_unique<Services>(options.calls);
  builder.RegisterService(own->health.service());
  for (grpc::Service* const service : services) {
    builder.RegisterService(service);
  }
  if (options.reflection) {
    own->reflection = std::make_unique<Reflection>();
    for (grpc::Service* const service : own->reflection->services()) {
      builder.RegisterService(service);
    }
  }
  builder.RegisterCallbackGenericService(&own->unknown);
  using Experimental = grpc::ServerBuilder::experimental_type;
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      Experimental::ExternalConnectionType::FROM_FD, (*tls)->Credentials());
  auto server = builder.BuildAndStart();
  if (server == nullptr) {
    return Fail(Code::kInternal, "serve gRPC on " + options.address + ": gRPC would not start");
  }
  own->health.SetNames(names);
  if (own->reflection != nullptr) {
    own->reflection->SetServices(std::move(names));
  }
  auto impl = std::make_unique<Impl>(*std::move(listener), std::move(acceptor), *std::move(tls),
                                     std::move(own), std::move(server));
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(impl)));
}

RpcServer::RpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RpcServer::~RpcServer() = default;

std::uint16_t RpcServer::port() const { return impl_->port(); }
Status RpcServer::ReloadTls() { return impl_->ReloadTls(); }
void RpcServer::SetServing(bool serving) { impl_->SetServing(serving); }
void RpcServer::Shutdown(std::chrono::milliseconds patience) { impl_->Shutdown(patience); }

}  // namespace belfry::wire
