// SPDX-License-Identifier: Apache-2.0
// A service to serve, and calls to make, for tests of the gRPC room.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "libs/wire/rpc/server.h"

namespace belfry::wire::test {

// Answers Notify with `answer`'s status, or keeps the call until Release or its cancellation.
class TestService final : public v1::NotifyService::CallbackService {
 public:
  std::function<grpc::Status(const v1::NotifyRequest&)> answer;  // empty: keep the call

  grpc::ServerUnaryReactor* Notify(grpc::CallbackServerContext* context,
                                   const v1::NotifyRequest* request,
                                   v1::NotifyResponse* response) override;
  // Ends the kept calls with OK.
  void Release();
  std::size_t kept() const;
  std::size_t cancelled() const;

 private:
  class Kept;
  mutable std::mutex mutex_;
  std::vector<Kept*> kept_;    // guarded by mutex_
  std::size_t cancelled_ = 0;  // guarded by mutex_
};

inline std::string AddressOf(const RpcServer& server) {
  return "127.0.0.1:" + std::to_string(server.port());
}

// Starts a server of `services` on a free port; the test fails if it does not.
std::unique_ptr<RpcServer> StartServer(const std::vector<grpc::Service*>& services,
                                       RpcServerOptions options = {});

// One Notify over `channel`.
grpc::Status Notify(const std::shared_ptr<grpc::Channel>& channel, bool wait_for_ready = false,
                    std::string title = "T",
                    std::chrono::seconds timeout = std::chrono::seconds(60));

// One call of any method, with messages as bytes.
grpc::Status CallBytes(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& request, std::string* response);

}  // namespace belfry::wire::test
