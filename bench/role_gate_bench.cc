// SPDX-License-Identifier: Apache-2.0
// What it costs a call to the store that its caller shows a role: processor time of a small call,
// both sides together, without a gate, with one that admits all, and with the store's own.
//
//   role_gate_bench
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
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
#include "libs/wire/rpc/server.h"
#include "services/store/grpc/role_gate.h"

namespace belfry::store {
namespace {

constexpr int kRounds = 15;
constexpr int kCalls = 2'000;

class Heads final : public v1::StoreService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetHeads(grpc::CallbackServerContext* context,
                                     const v1::GetHeadsRequest*, v1::GetHeadsResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
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
  Pair(wire::Gate gate, std::string authorization) : authorization_(std::move(authorization)) {
    wire::RpcServerOptions options;
    options.address = "127.0.0.1:0";
    options.gate = std::move(gate);
    auto server =
        wire::RpcServer::Start(options, {{&service_, v1::StoreService::service_full_name()}}, {});
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
  Heads service_;
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
      {"a call without a gate", std::make_unique<Pair>(nullptr, authorization)},
      {"one that admits all",
       std::make_unique<Pair>([](const wire::CallHead&) { return Status(); }, authorization)},
      {"the store's",
       std::make_unique<Pair>([&gate](const wire::CallHead& head) { return gate.Admit(head); },
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
