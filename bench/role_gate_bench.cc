// SPDX-License-Identifier: Apache-2.0
// What it costs a call to the store that it is judged by its head: processor time of a small call,
// both sides together, as gRPC's generated code serves it, head first with a gate that admits all,
// and with the store's own gate.
//
//   role_gate_bench
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "libs/wire/auth/internal_keys.h"
#include "libs/wire/rpc/head_first.h"
#include "libs/wire/rpc/server.h"
#include "libs/wire/rpc/typed_call.h"
#include "services/store/grpc/role_gate.h"

namespace belfry::store {
namespace {

constexpr int kRounds = 15;
constexpr int kCalls = 2'000;

// As gRPC would serve it: nobody is judged.
class Generated final : public v1::StoreService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetHeads(grpc::CallbackServerContext* context,
                                     const v1::GetHeadsRequest*, v1::GetHeadsResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class HeadFirst final : public wire::HeadFirstService {
 public:
  HeadFirst(const Clock& clock, wire::Gate gate)
      : HeadFirstService(v1::StoreService::service_full_name()),
        calls_({}, clock, std::move(gate)) {
    using Call = wire::TypedCall<v1::GetHeadsRequest, v1::GetHeadsResponse>;
    wire::AddTyped<Call>(this, "GetHeads", calls_, [](Call& call) { call.End({}); });
  }

 private:
  wire::HeadFirstCalls calls_;
};

double ProcessorMicros() {
  rusage used{};
  BELFRY_CHECK(getrusage(RUSAGE_SELF, &used) == 0);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(used.ru_utime) + micros(used.ru_stime);
}

// A server and a client of it.
class Pair {
 public:
  Pair(std::unique_ptr<grpc::Service> service, std::string authorization)
      : authorization_(std::move(authorization)), service_(std::move(service)) {
    wire::RpcServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = wire::RpcServer::Start(options, {service_.get()}, {});
    BELFRY_CHECK(server.ok());
    server_ = std::move(*server);
    auto channel = wire::MakeChannel("127.0.0.1:" + std::to_string(server_->port()), {});
    BELFRY_CHECK(channel.ok());
    stub_ = v1::StoreService::NewStub(*channel);
  }

  // Per call.
  double Micros() {
    const double before = ProcessorMicros();
    for (int i = 0; i < kCalls; ++i) {
      grpc::ClientContext context;
      context.AddMetadata("authorization", authorization_);
      v1::GetHeadsResponse response;
      BELFRY_CHECK(stub_->GetHeads(&context, {}, &response).ok());
    }
    return (ProcessorMicros() - before) / kCalls;
  }

 private:
  const std::string authorization_;
  const std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<wire::RpcServer> server_;
  std::unique_ptr<v1::StoreService::Stub> stub_;
};

void Judge(const InternalKeyRing& ring, const std::string& authorization) {
  const double before = ProcessorMicros();
  constexpr int kTimes = 200'000;
  for (int i = 0; i < kTimes; ++i) {
    const auto key = ring.keys()->Authenticate(authorization);
    BELFRY_CHECK(key.ok() && MayCall((*key)->roles, "/belfry.v1.StoreService/GetHeads").ok());
  }
  std::printf("the judgement alone      %6.2f us\n", (ProcessorMicros() - before) / kTimes);
}

int Main() {
  const auto made = wire::MakeInternalKey("edge-1", {Role::kEdge});
  const std::string path =
      (std::filesystem::temp_directory_path() / "belfry-role-gate-bench.json").string();
  std::ofstream(path) << wire::InternalKeysJson(
      {made.key, wire::MakeInternalKey("ingest-1", {Role::kIngest}).key});
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  auto ring = InternalKeyRing::Open(path);
  BELFRY_CHECK(ring.ok());
  std::filesystem::remove(path);
  const SystemClock clock;
  RoleGate gate(ring->get(), clock, {}, {});
  const std::string authorization = "Bearer " + made.text;
  Judge(**ring, authorization);

  std::array<std::pair<const char*, std::unique_ptr<Pair>>, 3> pairs = {{
      {"generated code's call",
       std::make_unique<Pair>(std::make_unique<Generated>(), authorization)},
      {"head first, for all",
       std::make_unique<Pair>(
           std::make_unique<HeadFirst>(clock, [](const wire::CallHead&) { return Status(); }),
           authorization)},
      {"by the store's gate",
       std::make_unique<Pair>(
           std::make_unique<HeadFirst>(
               clock, [&gate](const wire::CallHead& head) { return gate.Admit(head); }),
           authorization)},
  }};
  // The least of many rounds in turn: what else runs on the machine only adds.
  std::array<double, 3> least;
  least.fill(std::numeric_limits<double>::max());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      least[i] = std::min(least[i], pairs[i].second->Micros());
    }
  }
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    std::printf("%-24s %6.2f us\n", pairs[i].first, least[i]);
  }
  return 0;
}

}  // namespace
}  // namespace belfry::store

int main() { return belfry::store::Main(); }
