// SPDX-License-Identifier: Apache-2.0
// What it costs a call to the store that it is judged by its head: processor time of a small call,
// both sides together, as gRPC's generated code serves it, head first with a gate that admits all,
// and with the store's own gate; and as one of many calls on a stream.
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
#include <future>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "libs/wire/auth/internal_keys.h"
#include "libs/wire/rpc/call_client.h"
#include "libs/wire/rpc/call_stream.h"
#include "libs/wire/rpc/caller_key.h"
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
        calls_({}, clock, std::move(gate)),
        streamed_(std::string(v1::StoreService::service_full_name())) {
    using Call = wire::TypedCall<v1::GetHeadsRequest, v1::GetHeadsResponse>;
    wire::AddServed(this, &streamed_, "GetHeads", calls_,
                    wire::MethodOf<Call>([](Call& call) { call.End({}); }));
    wire::AddCallStreams(this, "Calls", calls_, streamed_);
  }

 private:
  wire::HeadFirstCalls calls_;
  wire::StreamedMethods streamed_;
};

double ProcessorMicros() {
  rusage used{};
  BELFRY_CHECK(getrusage(RUSAGE_SELF, &used) == 0);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(used.ru_utime) + micros(used.ru_stime);
}

// A server and a client of it, which shows the key of `key_file`.
class Pair {
 public:
  Pair(std::unique_ptr<grpc::Service> service, const std::string& key_file, bool streamed = false)
      : key_(*wire::CallerKey::Load(key_file)), service_(std::move(service)) {
    wire::RpcServerOptions options;
    options.address = "127.0.0.1:0";
    auto server = wire::RpcServer::Start(options, {service_.get()}, {});
    BELFRY_CHECK(server.ok());
    server_ = std::move(*server);
    auto channel = wire::MakeChannel("127.0.0.1:" + std::to_string(server_->port()), {});
    BELFRY_CHECK(channel.ok());
    stub_ = v1::StoreService::NewStub(*channel);
    if (streamed) {
      client_ = std::make_unique<wire::CallClient>(
          *channel, std::string(v1::StoreService::service_full_name()), key_);
    }
  }

  // Per call.
  double Micros() {
    const double before = ProcessorMicros();
    for (int i = 0; i < kCalls; ++i) {
      v1::GetHeadsResponse response;
      if (client_) {
        std::promise<void> done;
        client_->Start("GetHeads", v1::GetHeadsRequest(), &response, std::chrono::seconds(60),
                       [&done](const grpc::Status& status) {
                         BELFRY_CHECK(status.ok());
                         done.set_value();
                       });
        done.get_future().wait();
        continue;
      }
      grpc::ClientContext context;
      context.AddMetadata("authorization", key_->Authorization());
      BELFRY_CHECK(stub_->GetHeads(&context, {}, &response).ok());
    }
    return (ProcessorMicros() - before) / kCalls;
  }

 private:
  const std::shared_ptr<wire::CallerKey> key_;
  const std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<wire::RpcServer> server_;
  std::unique_ptr<v1::StoreService::Stub> stub_;
  std::unique_ptr<wire::CallClient> client_;  // null: each call is one of its own
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

// For its owner only, as keys must be.
std::string WriteKeys(const char* name, const std::string& content) {
  const std::filesystem::path path = std::filesystem::temp_directory_path() / name;
  std::ofstream(path) << content;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return path;
}

int Main() {
  const auto made = wire::MakeInternalKey("edge-1", {Role::kEdge});
  const std::string ring_file = WriteKeys(
      "belfry-role-gate-bench.json",
      wire::InternalKeysJson({made.key, wire::MakeInternalKey("ingest-1", {Role::kIngest}).key}));
  const std::string key_file = WriteKeys("belfry-role-gate-bench.key", made.text);
  auto ring = InternalKeyRing::Open(ring_file);
  BELFRY_CHECK(ring.ok());
  const SystemClock clock;
  RoleGate gate(ring->get(), clock, {}, {});
  const wire::Gate by_store = [&gate](const wire::CallHead& head) { return gate.Admit(head); };
  const wire::Gate for_all = [](const wire::CallHead&) { return Status(); };
  Judge(**ring, "Bearer " + made.text);

  std::array<std::pair<const char*, std::unique_ptr<Pair>>, 4> pairs = {{
      {"generated code's call", std::make_unique<Pair>(std::make_unique<Generated>(), key_file)},
      {"head first, for all",
       std::make_unique<Pair>(std::make_unique<HeadFirst>(clock, for_all), key_file)},
      {"by the store's gate",
       std::make_unique<Pair>(std::make_unique<HeadFirst>(clock, by_store), key_file)},
      {"the same, on a stream",
       std::make_unique<Pair>(std::make_unique<HeadFirst>(clock, by_store), key_file, true)},
  }};
  std::filesystem::remove(ring_file);
  std::filesystem::remove(key_file);
  // The least of many rounds in turn: what else runs on the machine only adds.
  std::array<double, 4> least;
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
