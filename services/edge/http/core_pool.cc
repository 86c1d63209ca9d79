// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/cores.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/random.h"
#include "services/edge/http/core.h"

namespace belfry::edge {
namespace {

// Spreads users over cores independently of their partitions: a prime that no number of either
// divides.
constexpr Partition kUserSpread = 65'521;
// After the drain's window: for the last byes to be taken and acknowledged.
constexpr std::chrono::seconds kDrainGrace{2};

class CoresImpl final : public Cores {
 public:
  CoresImpl(CoresOptions options, CoresPorts ports, Routes routes, Cors cors,
            TrustedProxies proxies)
      : commons_{std::move(options),
                 ports,
                 std::move(routes),
                 std::move(cors),
                 std::move(proxies),
                 MakeStreamMetrics(ports.metrics),
                 Caps(commons_.options.streams),
                 [this](StreamRequest request) { HandOver(std::move(request)); },
                 [this] { OnEmpty(); }} {}

  ~CoresImpl() override {
    for (const auto& core : cores_) {
      core->Stop();
    }
    threads_.clear();  // joins
  }

  Status Listen(const std::shared_ptr<const wire::JwtVerifier>& verifier) {
    const auto cores = commons_.options.cores > 0
                           ? static_cast<std::size_t>(commons_.options.cores)
                           : std::max<std::size_t>(1, std::thread::hardware_concurrency());
    std::string address = commons_.options.address;
    if (Status free = Core::CheckFree(address, commons_.ports.log); !free.ok()) {
      return free;
    }
    for (std::size_t i = 0; i < cores; ++i) {
      auto core = Core::Make(commons_, address, verifier, RandomSeed());
      if (!core.ok()) {
        return Fail(std::move(core.error()));
      }
      cores_.push_back(std::move(*core));
      // The others share the port that the first one got.
      address = address.substr(0, address.rfind(':') + 1) + std::to_string(cores_[0]->port());
    }
    return {};
  }

  void Run() {
    for (const auto& core : cores_) {
      threads_.emplace_back([&core = *core] { core.Run(); });
    }
  }

  std::uint16_t port() const override { return cores_[0]->port(); }

  void SetPartitions(Partition partitions) override {
    for (const auto& core : cores_) {
      core->SetPartitions(partitions);
    }
  }

  void Deliver(BatchPtr batch) override {
    for (const auto& core : cores_) {
      core->Deliver(batch);
    }
  }

  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) override {
    for (const auto& core : cores_) {
      core->SetVerifier(verifier);
    }
  }

  void Drain(std::chrono::milliseconds window) override {
    for (const auto& core : cores_) {
      core->StartDrain(window);
    }
    const auto patience = window + commons_.options.streams.close_timeout + kDrainGrace;
    const MutexLock lock(mutex_);
    all_gone_.WaitFor(mutex_, patience,
                      [this]() BELFRY_REQUIRES(mutex_) { return empty_ == cores_.size(); });
  }

  void Ping() override {
    for (const auto& core : cores_) {
      core->Ping();
    }
  }

  SteadyTime answered() const override {
    SteadyTime slowest = cores_[0]->answered();
    for (const auto& core : cores_) {
      slowest = std::min(slowest, core->answered());
    }
    return slowest;
  }

  CoresStats stats() const override {
    CoresStats stats;
    stats.following = true;
    for (const auto& core : cores_) {
      stats.streams += core->open();
      stats.catching_up += core->catching_up();
      stats.following = stats.following && core->following();
    }
    return stats;
  }

 private:
  void HandOver(StreamRequest request) {
    const Partition spread = PartitionOf(request.project, request.user_id, kUserSpread);
    cores_[spread % cores_.size()]->Attach(std::move(request));
  }

  void OnEmpty() {
    const auto empty = static_cast<std::size_t>(std::count_if(
        cores_.begin(), cores_.end(), [](const auto& core) { return core->open() == 0; }));
    const MutexLock lock(mutex_);
    empty_ = empty;
    all_gone_.NotifyAll();
  }

  CoreCommons commons_;
  std::vector<std::unique_ptr<Core>> cores_;  // constant while the threads run
  Mutex mutex_;
  CondVar all_gone_;
  std::size_t empty_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<Cores>> Cores::Start(CoresOptions options, CoresPorts ports,
                                            std::shared_ptr<const wire::JwtVerifier> verifier,
                                            Routes routes) {
  Result<Cors> cors = Cors::Parse(options.cors_origins);
  if (!cors.ok()) {
    return Fail(std::move(cors.error()));
  }
  Result<TrustedProxies> proxies = TrustedProxies::Parse(options.trusted_proxies);
  if (!proxies.ok()) {
    return Fail(std::move(proxies.error()));
  }
  auto cores = std::make_unique<CoresImpl>(std::move(options), ports, std::move(routes),
                                           std::move(*cors), std::move(*proxies));
  if (Status listening = cores->Listen(verifier); !listening.ok()) {
    return Fail(std::move(listening.error()));
  }
  cores->Run();
  return std::unique_ptr<Cores>(std::move(cores));
}

}  // namespace belfry::edge
