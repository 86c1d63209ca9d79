// SPDX-License-Identifier: Apache-2.0
#include "services/edge/app.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "libs/common/file.h"
#include "libs/common/metrics.h"
#include "libs/http/admin.h"
#include "libs/wire/announce/announce_keys.h"
#include "libs/wire/auth/jwt.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/codec/notification_json.h"
#include "libs/wire/rpc/caller_key.h"
#include "libs/wire/rpc/server.h"
#include "services/edge/api/api.h"
#include "services/edge/core/revocation_loader.h"
#include "services/edge/core/revocations.h"
#include "services/edge/demo/demo.h"
#include "services/edge/follow/follower_thread.h"
#include "services/edge/grpc/store_client.h"
#include "services/edge/http/core_pool.h"
#include "services/edge/nats/nats_announcements.h"
#include "services/edge/web/assets.h"
#include "services/edge/web/web.h"

namespace belfry::edge {
namespace {

using std::chrono::seconds;

constexpr seconds kAliveMax{10};     // a thread that has not answered for so long is stuck
constexpr seconds kLagMax{2};        // the promise
constexpr seconds kStoreSeenMax{5};  // its heads come every 500 ms, or it is asked every second
constexpr std::uint64_t kBodyBytesMax = 64 * 1024;
// Connections that may wait to be accepted, of all cores. 10,000 come back within a second when an
// edge starts again (docs/benchmarks.md, "A storm of reconnects").
constexpr std::size_t kUnacceptedMax = 16 * 1024;
constexpr rlim_t kOtherDescriptors = 128;     // for the admin port, the store and NATS
constexpr std::int64_t kConnectionsPart = 8;  // of the descriptors, for those without a stream

class JsonRenderer final : public Renderer {
 public:
  std::vector<std::string> Excluded(const Entry& broadcast) const override {
    return wire::ExcludedFrom(broadcast);
  }
  std::string Json(const Entry& entry) const override {
    return wire::NotificationJson(entry).value_or(std::string());
  }
};

wire::JwtRules RulesOf(const Config& config) {
  wire::JwtRules rules;
  rules.issuer = config.jwt_issuer;
  rules.audience = config.jwt_audience;
  rules.leeway_s = std::chrono::duration_cast<seconds>(config.token_leeway).count();
  rules.lifetime_s_max = std::chrono::duration_cast<seconds>(config.token_lifetime_max).count();
  return rules;
}

RevocationOptions RevocationsOf(const Config& config) {
  const wire::JwtRules rules = RulesOf(config);
  return {static_cast<std::size_t>(config.revocations_max),
          rules.lifetime_s_max + 2 * rules.leeway_s};
}

// Every stream and every connection without one is a descriptor. With more of them than there are,
// new connections would fail, to the admin port too; so that neither kind nor the rest of the
// process goes without, each has its part.
struct DescriptorShares {
  std::int64_t streams = 0;
  std::int64_t connections = 0;  // of all cores
};

DescriptorShares SharesOf(rlim_t descriptors) {
  const rlim_t kept_back = std::min(kOtherDescriptors, descriptors / 2);
  const auto left = static_cast<std::int64_t>(
      std::min<rlim_t>(descriptors - kept_back, std::numeric_limits<std::int64_t>::max()));
  const std::int64_t connections = std::max<std::int64_t>(left / kConnectionsPart, 1);
  return {std::max<std::int64_t>(left - connections, 1), connections};
}

std::int64_t CoresOf(const Config& config) {
  return config.cores > 0 ? config.cores
                          : std::max<std::int64_t>(1, std::thread::hardware_concurrency());
}

CorePoolOptions CorePoolOf(const Config& config, rlim_t descriptors) {
  CorePoolOptions options;
  options.address = config.http;
  options.cores = config.cores;
  options.http.body_bytes_max = kBodyBytesMax;
  const DescriptorShares shares = SharesOf(descriptors);
  options.http.connections_max = static_cast<std::uint32_t>(std::min(
      config.connections_max, std::max<std::int64_t>(1, shares.connections / CoresOf(config))));
  options.http.connections_per_address_max =
      static_cast<std::uint32_t>(config.connections_per_address_max);
  options.http.header_bytes_max = config.header_bytes_max;
  options.http.unaccepted_max = kUnacceptedMax / static_cast<std::size_t>(CoresOf(config));
  options.streams = config.streams;
  options.streams.streams_max = std::min(config.streams.streams_max, shares.streams);
  options.cors_origins = config.cors_origins;
  options.trusted_proxies = config.trusted_proxies;
  options.ticket_stream_max = std::chrono::duration_cast<seconds>(config.ticket_stream_max);
  options.token_lifetime_max = std::chrono::duration_cast<seconds>(config.token_lifetime_max);
  return options;
}

ApiOptions ApiOf(const Config& config) {
  ApiOptions options;
  options.rate = {config.api_per_second, config.api_burst};
  options.calls_max = config.api_calls_max;
  options.cors_origins = config.cors_origins;
  return options;
}

FollowerThreadOptions FollowerOf(const Config& config, std::uint64_t seed) {
  FollowerThreadOptions options;
  options.follower.held_bytes_max = config.follow_held_bytes_max;
  options.follower.bodies_bytes_max = config.broadcast_bodies_bytes_max;
  options.follower.seed = seed;
  options.queue_bytes_max = config.follow_queue_bytes_max;
  options.backlog_bytes_max = config.backlog_bytes_max;
  return options;
}

wire::NatsOptions NatsOf(const Config& config) {
  return {config.nats_url, "belfry-edge",  config.tls.ca,
          config.tls.cert, config.tls.key, config.nats_credentials_file};
}

Result<std::unique_ptr<Demo>> MakeDemo(const Config& config, const Clock& clock) {
  DemoOptions options;
  auto signer = wire::LoadSigner(config.jwt_keys_file);
  if (!signer.ok()) {
    return Fail(Wrap("demo", std::move(signer.error())));
  }
  options.signer = std::move(*signer);
  options.project = config.demo_project;
  options.issuer = config.jwt_issuer;
  options.audience = config.jwt_audience;
  options.ingest_http = config.ingest_http;
  options.hosts = config.demo_hosts;
  for (const WebAsset& asset : WebAssets()) {
    if (asset.immutable && asset.path.starts_with("/widget.")) {
      options.widget_path = asset.path;
      options.widget_integrity = asset.integrity;
    }
  }
  if (!config.demo_api_key_file.empty()) {
    auto key = ReadSecretFile(config.demo_api_key_file, 4096);
    if (!key.ok()) {
      return Fail(Wrap("demo_api_key_file", std::move(key.error())));
    }
    options.api_key = key->substr(0, key->find_first_of("\r\n"));
  }
  return std::make_unique<Demo>(std::move(options), clock);
}

// How many this process may have.
rlim_t Descriptors() {
  rlimit limit{};
  BELFRY_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit.rlim_cur;
}

class AppImpl final : public App {
 public:
  AppImpl(const Config& config, Log log, std::shared_ptr<wire::CallerKey> caller_key,
          std::unique_ptr<StoreClient> store)
      : config_(config),
        log_(std::move(log)),
        reloads_ok_(AddReloads("ok")),
        reloads_failed_(AddReloads("error")),
        revocations_(RevocationsOf(config), clock_),
        caller_key_(std::move(caller_key)),
        store_(std::move(store)) {}

  Status Begin() {
    WarnOfOthers(log_, {config_.jwt_keys_file, config_.internal_key_file, config_.tls.key,
                        config_.announce_keys_file, config_.nats_credentials_file,
                        config_.demo_api_key_file});
    const rlim_t descriptors = Descriptors();
    if (const std::int64_t streams = SharesOf(descriptors).streams;
        streams < config_.streams.streams_max) {
      log_.Warn("edge_streams_max is greater than the descriptors allow",
                {{"edge_streams_max", config_.streams.streams_max}, {"streams", streams}});
    }
    auto verifier = wire::JwtVerifier::Load(config_.jwt_keys_file, RulesOf(config_));
    if (!verifier.ok()) {
      return Fail(Wrap("jwt_keys_file", std::move(verifier.error())));
    }
    auto announce_keys = wire::AnnounceKeys::Load(config_.announce_keys_file);
    if (!announce_keys.ok()) {
      return Fail(Wrap("announce_keys_file", std::move(announce_keys.error())));
    }
    Routes routes;
    api_ = std::make_unique<Api>(ApiOf(config_), *store_, clock_, metrics_);
    api_->AddTo(routes);
    AddWeb(routes, WebAssets());
    if (config_.demo) {
      auto demo = MakeDemo(config_, clock_);
      if (!demo.ok()) {
        return Fail(std::move(demo.error()));
      }
      demo_ = std::move(*demo);
      demo_->AddTo(routes);
    }
    auto cores =
        CorePool::Start(CorePoolOf(config_, descriptors),
                        {*store_, revocations_, renderer_, clock_, metrics_, log_.Room("http")},
                        *verifier, std::move(routes));
    if (!cores.ok()) {
      return Fail(Wrap("edge_http", std::move(cores.error())));
    }
    cores_ = std::move(*cores);
    loader_ = std::make_unique<RevocationLoader>(*store_, revocations_, log_.Room("follower"));
    auto follower =
        FollowerThread::Start(FollowerOf(config_, static_cast<std::uint64_t>(clock_.UnixMicros())),
                              MakeNatsAnnouncements(NatsOf(config_), log_.Room("follower")),
                              std::move(*announce_keys), *store_,
                              {[this](Partition partitions) {
                                 cores_->SetPartitions(partitions);
                                 // The heads are known: what is revoked after them comes as
                                 // entries.
                                 loader_->Want();
                               },
                               [this](BatchPtr batch) {
                                 loader_->OnBatch(*batch);
                                 cores_->Deliver(std::move(batch));
                               }},
                              clock_, metrics_, log_.Room("follower"));
    if (!follower.ok()) {
      return Fail(Wrap("nats_url", std::move(follower.error())));
    }
    follower_ = std::move(*follower);
    // Last: nobody is told that this is ready before the other ports are open.
    http::Admin::Probes probes{[this] { return Live(); }, [this] { return Ready(); }};
    auto admin = http::Admin::Start(config_.admin, config_.admin_hosts, std::move(probes), metrics_,
                                    log_.Room("admin"));
    if (!admin.ok()) {
      return Fail(Wrap("edge_admin", std::move(admin.error())));
    }
    admin_ = std::move(*admin);
    log_.Info("listening", {{"http_port", ports().http},
                            {"admin_port", ports().admin},
                            {"store", config_.store_grpc},
                            {"demo", config_.demo}});
    return {};
  }

  Ports ports() const override { return {cores_->port(), admin_->port()}; }

  Status Pulse() override {
    cores_->Ping();
    if (loader_->Poll()) {
      cores_->CloseRevoked();
    }
    if (follower_->state().repartitioned) {
      return Fail(Code::kFailedPrecondition, "the store has another number of partitions now");
    }
    return {};
  }

  void Reload() override {
    ReloadCallerKey();
    ReloadJwtKeys();
    ReloadAnnounceKeys();
  }

  void Stop() override {
    draining_ = true;
    log_.Info("draining",
              {{"window_ms", config_.drain_window.count()}, {"streams", cores_->stats().streams}});
    cores_->Drain(config_.drain_window);
    log_.Info("stopped");
  }

 private:
  void ReloadJwtKeys() {
    auto verifier = wire::JwtVerifier::Load(config_.jwt_keys_file, RulesOf(config_));
    if (!verifier.ok()) {
      reloads_failed_.Add();
      log_.Error("cannot load the keys for tokens, the old ones stay in force",
                 {{"file", config_.jwt_keys_file}, {"error", verifier.error()}});
      return;
    }
    cores_->SetVerifier(*verifier);
    reloads_ok_.Add();
    log_.Info("loaded the keys for tokens", {{"file", config_.jwt_keys_file}});
  }

  void ReloadAnnounceKeys() {
    auto keys = wire::AnnounceKeys::Load(config_.announce_keys_file);
    if (!keys.ok()) {
      log_.Error("cannot load the keys for announcements, the old ones stay in force",
                 {{"file", config_.announce_keys_file}, {"error", keys.error()}});
      return;
    }
    follower_->SetKeys(std::move(*keys));
    log_.Info("loaded the keys for announcements", {{"file", config_.announce_keys_file}});
  }

  void ReloadCallerKey() {
    if (caller_key_ == nullptr) {
      return;
    }
    if (const Status status = caller_key_->Reload(); !status.ok()) {
      log_.Error("cannot load the internal key, the old one stays in force",
                 {{"error", status.error()}});
    }
  }

  Counter AddReloads(const char* result) {
    return metrics_.AddCounter("belfry_edge_jwt_keys_reloads_total",
                               "Times the file of keys for tokens was read again.",
                               {{"result", result}});
  }

  std::vector<http::Check> Live() const {
    const SteadyTime now = clock_.Now();
    // While draining the cores get no pings, and the drain has its own timeout.
    const bool cores = draining_ || now - cores_->answered() < kAliveMax;
    const bool follower = now - follower_->ticked() < kAliveMax;
    return {{"cores", cores, cores ? "" : "a core's thread has not answered for 10 s"},
            {"follower", follower, follower ? "" : "its thread has not run for 10 s"}};
  }

  std::vector<http::Check> Ready() const {
    const SteadyTime now = clock_.Now();
    const Follower::State state = follower_->state();
    const bool following = state.following && cores_->stats().following;
    const bool in_step = state.lag <= kLagMax && now - follower_->ticked() <= kLagMax;
    const bool store =
        !state.store_failing && state.store_seen && now - *state.store_seen <= kStoreSeenMax;
    const bool revocations = revocations_.loaded();
    return {{"serving", !draining_, draining_ ? "draining" : ""},
            {"revocations", revocations,
             revocations ? "" : "the store has not said yet which tokens are revoked"},
            {"following", following, following ? "" : "no position in every partition yet"},
            {"lag", in_step, in_step ? "" : "more than 2 s behind the store"},
            {"store", store, store ? "" : config_.store_grpc + " does not answer"},
            {"nats", true, NatsDetail(state)}};
  }

  // Never a reason not to be ready: what NATS does not bring is read from the store within 2 s.
  std::string NatsDetail(const Follower::State& state) const {
    const std::string trouble = follower_->announcements_trouble();
    if (!follower_->announcements_connected()) {
      return "degraded: not connected, asking the store every second" +
             (trouble.empty() ? "" : ": " + trouble);
    }
    if (!trouble.empty()) {
      return "degraded: " + trouble;
    }
    return state.silent ? "degraded: nothing is announced, asking the store every second" : "";
  }

  // In dependency order: the last goes first.
  const Config config_;
  const Log log_;
  const SystemClock clock_;
  const JsonRenderer renderer_;
  Metrics metrics_;
  const Counter reloads_ok_;
  const Counter reloads_failed_;
  Revocations revocations_;
  const std::shared_ptr<wire::CallerKey> caller_key_;  // null: the certificate has the role
  std::unique_ptr<StoreClient> store_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<Demo> demo_;
  std::unique_ptr<CorePool> cores_;
  std::unique_ptr<RevocationLoader> loader_;
  std::unique_ptr<FollowerThread> follower_;
  std::atomic<bool> draining_ = false;  // the admin thread reads it
  std::unique_ptr<http::Admin> admin_;  // answers to the end
};

}  // namespace

Result<std::unique_ptr<App>> App::Start(const Config& config, Log log) {
  const wire::TlsFiles tls{config.tls.ca, config.tls.cert, config.tls.key};
  auto logs = wire::MakeChannel(config.store_grpc, tls);
  if (!logs.ok()) {
    return Fail(Wrap("store_grpc", std::move(logs.error())));
  }
  auto feeds = wire::MakeChannel(config.store_grpc, tls);
  if (!feeds.ok()) {
    return Fail(Wrap("store_grpc", std::move(feeds.error())));
  }
  auto caller_key = wire::LoadProof(config.internal_key_file, tls, Role::kEdge);
  if (!caller_key.ok()) {
    return Fail(std::move(caller_key.error()));
  }
  auto store = std::make_unique<StoreClient>(*logs, *feeds, StoreClientOptions(), *caller_key);
  auto app =
      std::make_unique<AppImpl>(config, std::move(log), std::move(*caller_key), std::move(store));
  if (Status begun = app->Begin(); !begun.ok()) {
    return Fail(std::move(begun.error()));
  }
  return std::unique_ptr<App>(std::move(app));
}

}  // namespace belfry::edge
