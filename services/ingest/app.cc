// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/app.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/file.h"
#include "libs/common/metrics.h"
#include "libs/http/admin.h"
#include "libs/wire/rpc/caller_key.h"
#include "libs/wire/rpc/server.h"
#include "services/ingest/audit/audit_log.h"
#include "services/ingest/core/appender.h"
#include "services/ingest/core/in_flight.h"
#include "services/ingest/core/rate_limiter.h"
#include "services/ingest/core/retries.h"
#include "services/ingest/core/store_watch.h"
#include "services/ingest/grpc/audience_service.h"
#include "services/ingest/grpc/inbox_service.h"
#include "services/ingest/grpc/notify_service.h"
#include "services/ingest/grpc/store_client.h"
#include "services/ingest/grpc/unary_calls.h"
#include "services/ingest/publish/audience.h"
#include "services/ingest/publish/inbox.h"
#include "services/ingest/publish/publisher.h"
#include "services/ingest/rest/rest_server.h"

namespace belfry::ingest {
namespace {

// Null: none is asked for.
Result<std::unique_ptr<AuditLog>> OpenAuditLog(const Config& config, Metrics& metrics, Log log) {
  if (config.audit_log.empty()) {
    return std::unique_ptr<AuditLog>();
  }
  return AuditLog::Open(config.audit_log, AuditLogMetrics::Make(metrics), std::move(log));
}

constexpr std::chrono::milliseconds kProbeTimeout{1000};
constexpr std::chrono::seconds kPulseMissed{10};
constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::chrono::milliseconds kShutdownGrace{200};

wire::TlsFiles Tls(const Config& config) {
  return {config.tls.ca, config.tls.cert, config.tls.key};
}

BatchLimits Batches(const Config& config) {
  BatchLimits limits;
  limits.items_max = static_cast<std::size_t>(config.append_items_max);
  limits.bytes_max = config.append_bytes_max;
  limits.appends_max = static_cast<std::size_t>(config.appends_max);
  return limits;
}

StreamLimits Streams(const Config& config) {
  StreamLimits limits;
  limits.unacknowledged_max = static_cast<std::size_t>(config.stream_unacknowledged_max);
  limits.streams_max = static_cast<std::size_t>(config.streams_max);
  limits.messages = {static_cast<std::size_t>(config.body_bytes_max), config.stall_timeout};
  limits.age_max = config.connection_age_max;
  return limits;
}

wire::RpcServerOptions Rpc(const Config& config) {
  wire::RpcServerOptions options;
  options.address = config.grpc;
  options.tls = Tls(config);
  if (!config.client_ca.empty()) {
    options.tls.ca = config.client_ca;
  }
  // gRPC refuses in its own words, without our ErrorInfo. What is only a little too large is ours
  // to refuse.
  options.message_bytes_max = static_cast<int>(config.body_bytes_max * 2);
  options.memory_bytes_max = config.grpc_memory_max;
  options.reflection = config.grpc_reflection;
  options.connection_idle_max = config.connection_idle_max;
  options.connection_age_max = config.connection_age_max;
  return options;
}

class AppImpl final : public App {
 public:
  AppImpl(const Config& config, Log log, std::unique_ptr<KeyRing> keys,
          const std::shared_ptr<grpc::Channel>& channel,
          std::shared_ptr<wire::CallerKey> caller_key)
      : config_(config),
        log_(std::move(log)),
        ingest_metrics_(metrics_),
        keys_(std::move(keys)),
        caller_key_(std::move(caller_key)),
        audit_log_(OpenAuditLog(config, metrics_, log_.Room("audit"))),
        rate_limiter_({config.rate_per_key, config.burst_per_key}),
        byte_rate_({static_cast<std::int64_t>(config.byte_rate_per_key),
                    static_cast<std::int64_t>(2 * config.byte_rate_per_key), "bytes"}),
        in_flight_(
            {config.in_flight_items_max, static_cast<std::int64_t>(config.in_flight_bytes_max)}),
        store_watch_(std::make_shared<StoreWatch>(clock_)),
        retries_(clock_, ingest_metrics_.call_retries),
        store_(channel, caller_key_),
        appender_(
            std::make_unique<Appender>(Batches(config), store_, clock_, ingest_metrics_.appender)),
        publisher_({*keys_,
                    rate_limiter_,
                    in_flight_,
                    *appender_,
                    ingest_metrics_,
                    clock_,
                    {config.deadline_default, config.deadline_max},
                    &byte_rate_,
                    audit_log_.ok() ? audit_log_->get() : nullptr}),
        calls_({static_cast<std::size_t>(config.body_bytes_max), config.stall_timeout},
               config.fruitless_max, clock_),
        inbox_(publisher_, store_, retries_),
        audience_(publisher_, store_, retries_),
        notify_(audience_, calls_, Streams(config)),
        inbox_service_(inbox_, audience_, calls_),
        audience_service_(audience_, calls_) {}

  ~AppImpl() override { Shutdown(std::chrono::milliseconds(0)); }

  Status Listen() {
    if (!audit_log_.ok()) {
      return Fail(Wrap("ingest_audit_log", std::move(audit_log_.error())));
    }
    WarnOfOthers(log_, {config_.api_keys_file, config_.internal_key_file, config_.tls.key});
    LookAfterStore();
    wire::RpcServerOptions options = Rpc(config_);
    options.calls = &calls_.calls();
    auto rpc = wire::RpcServer::Start(
        options, {notify_.service(), inbox_service_.service(), audience_service_.service()},
        log_.Room("grpc"));
    if (!rpc.ok()) {
      return Fail(Wrap("ingest_grpc", std::move(rpc.error())));
    }
    rpc_ = std::move(*rpc);
    rpc_->SetServing(store_up_.value_or(false));
    http::ServerLimits limits;
    limits.header_bytes_max = config_.header_bytes_max;
    limits.body_bytes_max = config_.body_bytes_max;
    limits.bodies_bytes_max = config_.bodies_bytes_max;
    limits.account_bytes_max = config_.bodies_bytes_max / 4;
    limits.connections_max = static_cast<std::uint32_t>(config_.http_connections_max);
    auto rest = RestServer::Start(config_.http, limits, RestLimits(), inbox_, audience_, metrics_,
                                  log_.Room("rest"));
    if (!rest.ok()) {
      return Fail(Wrap("ingest_http", std::move(rest.error())));
    }
    rest_ = std::move(*rest);
    // Last: nobody is told that this is ready before the other ports are open.
    http::Admin::Probes probes{[this] { return Live(); }, [this] { return Ready(); }};
    auto admin = http::Admin::Start(config_.admin, config_.admin_hosts, std::move(probes), metrics_,
                                    log_.Room("admin"));
    if (!admin.ok()) {
      return Fail(Wrap("ingest_admin", std::move(admin.error())));
    }
    admin_ = std::move(*admin);
    log_.Info("listening", {{"grpc_port", ports().grpc},
                            {"http_port", ports().http},
                            {"admin_port", ports().admin},
                            {"store", config_.store_grpc}});
    return {};
  }

  Ports ports() const override { return {rpc_->port(), rest_->port(), admin_->port()}; }

  Status Pulse() override {
    LookAfterStore();
    calls_.calls().EndStalled();
    notify_.EndStalled(clock_.Now());
    return {};
  }

  void Reload() override {
    if (audit_log_.ok() && *audit_log_) {
      (*audit_log_)->Reopen();
    }
    const Status status = keys_->Reload();
    ingest_metrics_.CountReload(status.ok());
    if (status.ok()) {
      log_.Info("loaded the API keys", {{"file", config_.api_keys_file}});
    } else {
      log_.Error("cannot load the API keys, the old ones stay in force",
                 {{"file", config_.api_keys_file}, {"error", status.error()}});
    }
    ReloadCallerKey();
    ReloadTls();
  }

  void Stop() override { Shutdown(config_.drain_timeout); }

 private:
  void ReloadCallerKey() {
    if (caller_key_ == nullptr) {
      return;
    }
    if (const Status status = caller_key_->Reload(); !status.ok()) {
      log_.Error("cannot load the internal key, the old one stays in force",
                 {{"error", status.error()}});
    }
  }

  void ReloadTls() {
    const Status status = rpc_->ReloadTls();
    if (!status.ok()) {
      log_.Error("cannot load the certificates, the old ones stay in force",
                 {{"error", status.error()}});
    } else if (Tls(config_).enabled()) {
      log_.Info("loaded the certificates", {{"file", config_.tls.cert}});
    }
  }

  void LookAfterStore() {
    pulse_ = clock_.Now();
    if (store_watch_->Begin()) {
      store_.Probe(kProbeTimeout, [watch = store_watch_](const Status& s) { watch->OnProbe(s); });
    }
    const StoreWatch::State store = store_watch_->state();
    if (store.known && store.up != store_up_) {
      store_up_ = store.up;
      if (store.up) {
        log_.Info("the store answers", {{"store", config_.store_grpc}});
      } else {
        log_.Warn("the store does not answer",
                  {{"store", config_.store_grpc}, {"why", store.detail}});
      }
      if (rpc_ && !draining_) {
        rpc_->SetServing(store.up);
      }
    }
    const InFlight::Usage usage = in_flight_.usage();
    ingest_metrics_.in_flight_items.Set(static_cast<double>(usage.items));
    ingest_metrics_.in_flight_bytes.Set(static_cast<double>(usage.bytes));
    ingest_metrics_.store_up.Set(store.up ? 1 : 0);
  }

  void Shutdown(std::chrono::milliseconds patience) {
    if (stopped_) {
      return;
    }
    stopped_ = true;
    draining_ = true;
    log_.Info("draining", {{"patience_ms", patience.count()}});
    const SteadyTime until = clock_.Now() + patience;
    const auto left = [&] {
      return std::chrono::duration_cast<std::chrono::milliseconds>(
          std::max(until - clock_.Now(), Duration::zero()));
    };
    if (rpc_) {
      rpc_->SetServing(false);
    }
    notify_.Drain();
    calls_.Drain();
    // Both ports close at once.
    std::thread rest([&] {
      if (rest_) {
        rest_->Shutdown(left());
      }
    });
    if (rpc_) {
      // gRPC would also wait for idle connections of callers who are not listening.
      while (Active() > 0 && left().count() > 0) {
        std::this_thread::sleep_for(kPollInterval);
      }
      if (Active() > 0) {
        // gRPC would wait for their answers.
        retries_.Stop();
        store_.StopRequests();
      }
      rpc_->Shutdown(std::min(left(), kShutdownGrace));
    }
    rest.join();
    // Nobody adds any more: what is left of it ends here.
    appender_.reset();
    retries_.Stop();
    store_.Stop();
    log_.Info("stopped");
  }

  // Calls over gRPC that have not ended.
  std::size_t Active() const { return notify_.active() + calls_.active(); }

  std::vector<http::Check> Live() const {
    const bool beats = clock_.Now() - pulse_.load() < kPulseMissed;
    return {{"pulse", beats, beats ? "" : "the main loop has not run for 10 s"}};
  }
  std::vector<http::Check> Ready() const {
    const StoreWatch::State store = store_watch_->state();
    return {{"serving", !draining_, draining_ ? "draining" : ""},
            {"store", store.up, store.up ? "" : config_.store_grpc + ": " + store.detail}};
  }

  // In dependency order: the last goes first.
  const Config config_;
  const Log log_;
  const SystemClock clock_;
  Metrics metrics_;
  IngestMetrics ingest_metrics_;
  const std::unique_ptr<KeyRing> keys_;
  const std::shared_ptr<wire::CallerKey> caller_key_;  // null: the certificate has the role
  Result<std::unique_ptr<AuditLog>> audit_log_;        // outlives all calls
  RateLimiter rate_limiter_;
  RateLimiter byte_rate_;
  InFlight in_flight_;
  const std::shared_ptr<StoreWatch> store_watch_;
  Retries retries_;  // idle, once the store's client has stopped
  StoreClient store_;
  std::unique_ptr<Appender> appender_;  // goes in Shutdown, when no call can use it any more
  Publisher publisher_;
  UnaryCalls calls_;
  Inbox inbox_;
  Audience audience_;
  NotifyService notify_;
  InboxService inbox_service_;
  AudienceService audience_service_;
  std::unique_ptr<wire::RpcServer> rpc_;
  std::unique_ptr<RestServer> rest_;

  // The main thread's; the admin thread reads what is atomic.
  std::atomic<SteadyTime> pulse_{};
  std::atomic<bool> draining_ = false;
  std::optional<bool> store_up_;  // as logged last
  bool stopped_ = false;

  std::unique_ptr<http::Admin> admin_;  // answers to the end
};

}  // namespace

Result<std::unique_ptr<App>> App::Start(const Config& config, Log log) {
  auto keys = KeyRing::Open(config.api_keys_file);
  if (!keys.ok()) {
    return Fail(Wrap("api_keys_file", std::move(keys.error())));
  }
  auto channel = wire::MakeChannel(config.store_grpc, Tls(config));
  if (!channel.ok()) {
    return Fail(Wrap("store_grpc", std::move(channel.error())));
  }
  auto caller_key = wire::LoadProof(config.internal_key_file, Tls(config), Role::kIngest);
  if (!caller_key.ok()) {
    return Fail(std::move(caller_key.error()));
  }
  auto app = std::make_unique<AppImpl>(config, std::move(log), std::move(*keys), *channel,
                                       std::move(*caller_key));
  if (Status status = app->Listen(); !status.ok()) {
    return Fail(std::move(status.error()));
  }
  return app;
}

}  // namespace belfry::ingest
