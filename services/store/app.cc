// SPDX-License-Identifier: Apache-2.0
#include "services/store/app.h"

#include <grpcpp/impl/codegen/service_type.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "libs/common/clock.h"
#include "libs/common/file.h"
#include "libs/common/metrics.h"
#include "libs/http/admin.h"
#include "libs/wire/announce/announce_keys.h"
#include "libs/wire/rpc/head_first_call.h"
#include "libs/wire/rpc/server.h"
#include "services/store/core/disk_guard.h"
#include "services/store/core/guarded_clock.h"
#include "services/store/core/project_drop.h"
#include "services/store/grpc/control_client.h"
#include "services/store/grpc/control_service.h"
#include "services/store/grpc/reader_pool.h"
#include "services/store/grpc/role_gate.h"
#include "services/store/grpc/store_service.h"
#include "services/store/nats/nats_bus.h"
#include "services/store/rocks/log/rocks_store.h"
#include "services/store/run/free_disk.h"
#include "services/store/run/maintenance.h"
#include "services/store/run/writer.h"

namespace belfry::store {
namespace {

// A commit that runs for longer is reported by /readyz.
constexpr std::chrono::seconds kCommitStuck{2};

wire::TlsFiles Tls(const Config& config) {
  return {config.tls.ca, config.tls.cert, config.tls.key};
}

RocksOptions ForRocks(const Config& config) {
  return {.directory = config.data,
          .partitions = static_cast<Partition>(config.partitions),
          .accept_loss = config.accept_loss,
          .block_cache_bytes = config.block_cache,
          .write_buffer_bytes = config.write_buffer};
}

SequencerOptions ForSequencer(const Config& config) {
  SequencerOptions options;
  options.queue = {static_cast<std::size_t>(config.queue_items_max), config.queue_bytes_max};
  options.round_items_max = static_cast<std::size_t>(config.round_items_max);
  options.commit_bytes_max = config.commit_bytes_max;
  options.users_cached_max = static_cast<std::size_t>(config.users_cached_max);
  options.key_ttl = config.key_ttl;
  options.broadcasts_live_max = static_cast<std::size_t>(config.broadcasts_live_max);
  options.critical_kinds = ReadCriticalKinds(config.critical_kinds);
  options.broadcast_lookback = ReadBroadcastLookback(config.broadcast_lookback).value();
  options.quotas = ReadProjectQuotas(config.project_quotas).value();
  return options;
}

AnnouncerOptions ForAnnouncer(const Config& config) {
  AnnouncerOptions options;
  options.tail_entries_max = static_cast<std::size_t>(config.announce_tail_max);
  options.resume_window = config.announce_window;
  return options;
}

WriterOptions ForWriter(const Config& config) {
  WriterOptions options;
  options.sequencer = ForSequencer(config);
  options.announcer = ForAnnouncer(config);
  options.retention.window = config.retention;
  options.thread.retention_every = std::clamp(config.retention / 10, std::chrono::milliseconds(100),
                                              options.thread.retention_every);
  return options;
}

class AppImpl final : public App {
 public:
  AppImpl(const Config& config, Log log) : config_(config), log_(std::move(log)) {}

  Status Open() {
    if (Status keys = OpenInternalKeys(); !keys.ok()) {
      return keys;
    }
    auto keys = wire::AnnounceKeys::Load(config_.announce_keys_file);
    if (!keys.ok()) {
      return Fail(Code::kInvalidArgument, "announce_keys_file: " + keys.error().message);
    }
    auto store = RocksStore::Open(ForRocks(config_), clock_, log_.Room("rocks"));
    if (!store.ok()) {
      return Fail(std::move(store.error()));
    }
    store_ = std::move(*store);
    log_.Info(store_->opened_clean() ? "opened the log" : "recovered the log after an unclean end",
              {{"directory", config_.data}, {"history", store_->history_id()}});
    auto bus = StartNatsBus({config_.nats_url, "belfry-store", config_.tls.ca, config_.tls.cert,
                             config_.tls.key, config_.nats_credentials_file},
                            std::move(*keys), store_->history_id(), log_.Room("nats"));
    if (!bus.ok()) {
      return Fail(Wrap("nats_url", std::move(bus.error())));
    }
    bus_ = std::move(*bus);
    return {};
  }

  Status Listen() {
    WarnOfOthers(log_, {config_.internal_keys_file, config_.announce_keys_file,
                        config_.nats_credentials_file, config_.tls.key});
    maintenance_ = std::make_unique<Maintenance>(
        MaintenanceOptions{.directory = config_.data, .compact_every = config_.compact_every},
        *store_, clock_, disk_, *bus_, metrics_, log_.Room("maintenance"));
    readers_ = std::make_unique<ReaderPool>(
        static_cast<std::size_t>(config_.readers),
        static_cast<std::size_t>(config_.reads_waiting_max),
        metrics_.AddGauge("belfry_store_reads_waiting", "Reads that wait for a thread"));
    auto writer = Writer::Start(
        ForWriter(config_), {*store_, *store_, *bus_, disk_, clock_}, store_->noted_time_us(),
        [this](const Error&) { failed_ = true; }, WriterMetrics::Make(metrics_), log_);
    if (!writer.ok()) {
      return Fail(std::move(writer.error()));
    }
    writer_ = std::move(*writer);
    gate_ = std::make_unique<RoleGate>(internal_keys_.get(), clock_,
                                       RoleGateMetrics::Make(metrics_), log_.Room("gate"));
    service_ = MakeStoreService(writer_->sequencer(), *store_, *readers_, calls_, clock_,
                                StoreServiceMetrics::Make(metrics_), log_.Room("grpc"));
    wire::RpcServerOptions options;
    options.address = config_.grpc;
    options.tls = Tls(config_);
    options.reflection = config_.grpc_reflection;
    options.calls = &calls_;
    auto rpc = wire::RpcServer::Start(options, {service_.get()}, log_.Room("grpc"));
    if (!rpc.ok()) {
      return Fail(Wrap("store_grpc", std::move(rpc.error())));
    }
    rpc_ = std::move(*rpc);
    ListenForControl();
    rpc_->SetServing(true);
    // Last: nobody is told that this is ready before the other ports are open.
    http::Admin::Probes probes{[this] { return Live(); }, [this] { return Ready(); }};
    auto admin = http::Admin::Start(config_.admin, config_.admin_hosts, std::move(probes), metrics_,
                                    log_.Room("admin"));
    if (!admin.ok()) {
      return Fail(Wrap("store_admin", std::move(admin.error())));
    }
    admin_ = std::move(*admin);
    log_.Info("listening", {{"grpc_port", ports().grpc},
                            {"admin_port", ports().admin},
                            {"partitions", config_.partitions}});
    return {};
  }

  // Without it the store serves as well; only backups have to wait until it is stopped. Whoever can
  // open the socket is the store's own user or root, and that is what an operator is.
  void ListenForControl() {
    control_ = MakeControlService([this](const BackupRequest& request) { return Backup(request); },
                                  [this](const std::string& project, std::uint64_t operation_id,
                                         std::function<void(Result<DropProgress>)> done) {
                                    Drop(project, operation_id, std::move(done));
                                  },
                                  control_calls_, clock_, ControlMetrics::Make(metrics_),
                                  log_.Room("control"));
    wire::RpcServerOptions options;
    options.address = "unix:" + ControlSocket(config_.data);
    auto rpc = wire::RpcServer::Start(options, {control_.get()}, log_.Room("control"));
    if (!rpc.ok()) {
      log_.Error("cannot listen for backups", {{"error", rpc.error()}});
      return;
    }
    control_rpc_ = std::move(*rpc);
  }

  Ports ports() const override { return {rpc_->port(), admin_->port()}; }

  Status Pulse() override {
    calls_.EndStalled();
    control_calls_.EndStalled();
    if (failed_) {
      return Fail(Code::kDataLoss, "a commit failed: only recovery can tell what is stored");
    }
    return {};
  }

  void Reload() override {
    ReloadTls();
    if (internal_keys_ == nullptr) {
      return;
    }
    const Status status = internal_keys_->Reload();
    (status.ok() ? reloads_ok_ : reloads_failed_).Add();
    if (status.ok()) {
      log_.Info("loaded the internal keys", {{"file", config_.internal_keys_file}});
    } else {
      log_.Error("cannot load the internal keys, the old ones stay in force",
                 {{"error", status.error()}});
    }
  }

  void Stop() override {
    draining_ = true;
    log_.Info("draining", {{"patience_ms", config_.drain_timeout.count()}});
    rpc_->SetServing(false);
    control_rpc_.reset();
    rpc_->Shutdown(config_.drain_timeout);
    maintenance_.reset();
    writer_->Stop();
    if (failed_) {
      return;
    }
    if (const Status closed = store_->CloseCleanly(); !closed.ok()) {
      log_.Error("cannot close cleanly, the next start recovers", {{"error", closed.error()}});
      return;
    }
    log_.Info("stopped");
  }

 private:
  Status OpenInternalKeys() {
    if (config_.internal_keys_file.empty()) {
      if (Tls(config_).enabled()) {
        return {};
      }
      return Fail(Code::kInvalidArgument,
                  "internal_keys_file: neither internal keys nor TLS: nobody could call the store");
    }
    auto keys = InternalKeyRing::Open(config_.internal_keys_file);
    if (!keys.ok()) {
      return Fail(Code::kInvalidArgument, "internal_keys_file: " + keys.error().message);
    }
    internal_keys_ = std::move(*keys);
    return {};
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

  Counter AddReloads(const char* result) {
    return metrics_.AddCounter("belfry_store_internal_keys_reloads_total",
                               "Times the file of internal keys was read again.",
                               {{"result", result}});
  }

  // Any thread. A backup that would bring the disk to its reserve is stopped: publishes come first.
  Result<std::uint32_t> Backup(const BackupRequest& request) {
    const auto stop = [this, &request]() -> std::optional<Error> {
      if (disk_.low() && OnSameFileSystem(config_.data, request.directory)) {
        return Error{Code::kResourceExhausted, "make a backup: the disk's reserve is reached",
                     "DISK_RESERVE"};
      }
      return request.stop();
    };
    const auto made = store_->Backup({request.directory, request.bytes_per_second, stop});
    if (!made.ok()) {
      return Fail(made.error());
    }
    return made->id;
  }

  // Any thread.
  void Drop(const std::string& project, std::uint64_t operation_id,
            std::function<void(Result<DropProgress>)> done) {
    if (operation_id != 0) {
      auto progress = ReadDrop(*store_, operation_id, project);
      return done(progress.ok() ? Result<DropProgress>(DropProgress{
                                      progress->operation_id, progress->done, progress->cleared})
                                : Fail(progress.error()));
    }
    PendingAppend call;
    call.items.push_back(DropItem(project));
    call.accepted = clock_.Now();
    call.done = [done = std::move(done)](Result<AppendResults> results) {
      if (!results.ok()) {
        return done(Fail(results.error()));
      }
      const Result<Appended>& begun = results->front();
      done(begun.ok() ? Result<DropProgress>(DropProgress{begun->audience->operation_id})
                      : Fail(begun.error()));
    };
    writer_->sequencer().Append(std::move(call));
  }

  std::vector<http::Check> Live() const {
    return {{"commit", !failed_, failed_ ? "a commit failed: the process is ending" : ""}};
  }

  std::vector<http::Check> Ready() const {
    const bool stuck = writer_->sequencer().commit_running_for() > kCommitStuck;
    std::string commit = stuck ? "a commit has been running for more than 2 s" : "";
    if (failed_) {
      commit = "a commit failed: the process is ending";
    }
    const bool low = disk_.low();
    return {{"serving", !draining_, draining_ ? "draining" : ""},
            {"commit", !stuck && !failed_, std::move(commit)},
            {"disk", !low, low ? "the disk's reserve is reached: publishes are refused" : ""},
            {"nats", true, NatsDetail()}};
  }

  // Never a reason not to be ready: edges read from the store what is not announced.
  std::string NatsDetail() const {
    const std::string trouble = bus_->trouble();
    if (!bus_->connected()) {
      return "degraded: not connected" + (trouble.empty() ? "" : ": " + trouble);
    }
    return trouble.empty() ? "" : "degraded: " + trouble;
  }

  // In dependency order: the last goes first.
  const Config config_;
  const Log log_;
  const SystemClock machine_clock_;
  Metrics metrics_;
  const Counter reloads_ok_ = AddReloads("ok");
  const Counter reloads_failed_ = AddReloads("error");
  GuardedClock clock_{
      {.grace = config_.clock_grace},
      machine_clock_,
      metrics_.AddGauge("belfry_store_clock_doubted_seconds",
                        "How far the wall clock is from the time that is used while "
                        "its jump is not accepted, else 0"),
      log_.Room("clock")};
  DiskGuard disk_{config_.disk_reserve, config_.disk_scarce};
  std::atomic<bool> failed_ = false;
  std::atomic<bool> draining_ = false;
  std::unique_ptr<RocksStore> store_;
  std::unique_ptr<Bus> bus_;
  std::unique_ptr<Maintenance> maintenance_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<ReaderPool> readers_;
  std::unique_ptr<InternalKeyRing> internal_keys_;  // null: certificates have the roles
  std::unique_ptr<RoleGate> gate_;
  wire::HeadFirstCalls calls_{{config_.stall_timeout, config_.fruitless_max},
                              clock_,
                              [this](const wire::CallHead& head) { return gate_->Admit(head); }};
  wire::HeadFirstCalls control_calls_{
      {config_.stall_timeout}, clock_, [](const wire::CallHead& head) {
        return MayCall({Role::kOperator}, head.method());
      }};
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<http::Admin> admin_;
  std::unique_ptr<wire::RpcServer> rpc_;
  std::unique_ptr<grpc::Service> control_;
  std::unique_ptr<wire::RpcServer> control_rpc_;
};

}  // namespace

Result<std::unique_ptr<App>> App::Start(const Config& config, Log log) {
  auto app = std::make_unique<AppImpl>(config, std::move(log));
  if (Status opened = app->Open(); !opened.ok()) {
    return Fail(std::move(opened.error()));
  }
  if (Status listening = app->Listen(); !listening.ok()) {
    return Fail(std::move(listening.error()));
  }
  return app;
}

}  // namespace belfry::store
