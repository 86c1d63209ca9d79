// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/core_pool.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "libs/common/mutex.h"
#include "libs/common/random.h"
#include "services/edge/http/core.h"
#include "services/edge/http/revoking_verifier.h"

namespace belfry::edge {
namespace {

// After the drain's window: for the last byes to be taken and acknowledged.
constexpr std::chrono::seconds kDrainGrace{2};

}  // namespace

class CorePool::Impl {
 public:
  Impl(CorePoolOptions options, CorePoolPorts ports, Routes routes, Cors cors,
       TrustedProxies proxies)
      : context_(std::move(options), std::move(ports), std::move(routes), std::move(cors),
                 std::move(proxies)) {
    context_.core_of = [this](const StreamRequest& request) { return &CoreOf(request); };
    context_.on_empty = [this] { OnEmpty(); };
  }

  ~Impl() {
    for (const auto& core : cores_) {
      core->Stop();
    }
    threads_.clear();  // joins
  }

  Status Listen(std::shared_ptr<const wire::JwtVerifier> keys) {
    const auto verifier = MakeRevokingVerifier(std::move(keys), context_.ports.revocations);
    const auto cores = context_.options.cores > 0
                           ? static_cast<std::size_t>(context_.options.cores)
                           : std::max<std::size_t>(1, std::thread::hardware_concurrency());
    std::string address = context_.options.address;
    if (Status free = Core::CheckFree(address, context_.ports.log); !free.ok()) {
      return free;
    }
    for (std::size_t i = 0; i < cores; ++i) {
      auto core = Core::Open(context_, address, verifier, RandomSeed());
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

  std::uint16_t port() const { return cores_[0]->port(); }

  void SetPartitions(Partition partitions) {
    for (const auto& core : cores_) {
      core->SetPartitions(partitions);
    }
  }

  void Deliver(BatchPtr batch) {
    for (const auto& core : cores_) {
      core->Deliver(batch);
    }
  }

  void SetVerifier(std::shared_ptr<const wire::JwtVerifier> keys) {
    const auto verifier = MakeRevokingVerifier(std::move(keys), context_.ports.revocations);
    for (const auto& core : cores_) {
      core->SetVerifier(verifier);
    }
  }

  void CloseRevoked() {
    for (const auto& core : cores_) {
      core->CloseRevoked();
    }
  }

  void Drain(std::chrono::milliseconds window) {
    for (const auto& core : cores_) {
      core->StartDrain(window);
    }
    const auto patience = window + context_.options.streams.close_timeout + kDrainGrace;
    const MutexLock lock(mutex_);
    all_gone_.WaitFor(mutex_, patience,
                      [this]() BELFRY_REQUIRES(mutex_) { return empty_ == cores_.size(); });
  }

  void Ping() {
    for (const auto& core : cores_) {
      core->Ping();
    }
  }

  SteadyTime answered() const {
    SteadyTime slowest = cores_[0]->answered();
    for (const auto& core : cores_) {
      slowest = std::min(slowest, core->answered());
    }
    return slowest;
  }

  CorePoolStats stats() const {
    CorePoolStats stats;
    stats.following = true;
    for (const auto& core : cores_) {
      stats.streams += core->streams();
      stats.catching_up += core->catching_up();
      stats.following = stats.following && core->following();
    }
    return stats;
  }

 private:
  // The high half of the hash, of which the partition depends least: a partition's users spread
  // over all cores.
  Core& CoreOf(const StreamRequest& request) {
    return *cores_[(HashOf(request.project, request.user_id) >> 32) % cores_.size()];
  }

  void OnEmpty() {
    const auto empty = static_cast<std::size_t>(std::count_if(
        cores_.begin(), cores_.end(), [](const auto& core) { return core->streams() == 0; }));
    const MutexLock lock(mutex_);
    empty_ = empty;
    all_gone_.NotifyAll();
  }

  CoreContext context_;
  std::vector<std::unique_ptr<Core>> cores_;  // constant while the threads run
  Mutex mutex_;
  CondVar all_gone_;
  std::size_t empty_ BELFRY_GUARDED_BY(mutex_) = 0;
  std::vector<std::jthread> threads_;
};

Result<std::unique_ptr<CorePool>> CorePool::Start(CorePoolOptions options, CorePoolPorts ports,
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
  auto pool = std::make_unique<Impl>(std::move(options), std::move(ports), std::move(routes),
                                     std::move(*cors), std::move(*proxies));
  if (Status listening = pool->Listen(std::move(verifier)); !listening.ok()) {
    return Fail(std::move(listening.error()));
  }
  pool->Run();
  return std::unique_ptr<CorePool>(new CorePool(std::move(pool)));
}

CorePool::CorePool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CorePool::~CorePool() = default;

std::uint16_t CorePool::port() const { return impl_->port(); }
void CorePool::SetPartitions(Partition partitions) { impl_->SetPartitions(partitions); }
void CorePool::Deliver(BatchPtr batch) { impl_->Deliver(std::move(batch)); }
void CorePool::SetVerifier(std::shared_ptr<const wire::JwtVerifier> verifier) {
  impl_->SetVerifier(std::move(verifier));
}
void CorePool::CloseRevoked() { impl_->CloseRevoked(); }
void CorePool::Drain(std::chrono::milliseconds window) { impl_->Drain(window); }
void CorePool::Ping() { impl_->Ping(); }
SteadyTime CorePool::answered() const { return impl_->answered(); }
CorePoolStats CorePool::stats() const { return impl_->stats(); }

}  // namespace belfry::edge
