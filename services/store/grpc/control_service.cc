// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/control_service.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "belfry/v1/store_control.grpc.pb.h"
#include "libs/common/names.h"
#include "libs/wire/rpc/head_first.h"
#include "libs/wire/rpc/typed_call.h"
#include "services/store/grpc/reader_pool.h"

namespace belfry::store {
namespace {

using BackupCall = wire::TypedCall<v1::BackupRequest, v1::BackupResponse>;
using DropCall = wire::TypedCall<v1::DropProjectRequest, v1::DropProjectResponse>;

class ControlServiceImpl final : public wire::HeadFirstService {
 public:
  ControlServiceImpl(BackupMaker maker, ProjectDropper dropper, wire::HeadFirstCalls& calls,
                     const Clock& clock, ControlMetrics metrics, Log log)
      : HeadFirstService(v1::StoreControlService::service_full_name()),
        maker_(std::move(maker)),
        dropper_(std::move(dropper)),
        clock_(clock),
        metrics_(metrics),
        log_(std::move(log)) {
    wire::AddTyped<BackupCall>(this, "Backup", calls, [this](BackupCall& call) { Backup(call); });
    wire::AddTyped<DropCall>(this, "DropProject", calls, [this](DropCall& call) { Drop(call); });
  }

 private:
  void Backup(BackupCall& call) {
    if (!call.request().directory().starts_with('/')) {
      Error error{Code::kInvalidArgument, "make a backup: its directory must be an absolute path"};
      error.violations.push_back({"directory", "an absolute path"});
      return call.Refuse(error);
    }
    if (running_.exchange(true)) {
      return call.Refuse({Code::kFailedPrecondition, "make a backup: another one is being made",
                          "BACKUP_RUNNING"});
    }
    const bool taken = thread_.Submit([this, &call] {
      const Status made = Make(call);
      running_ = false;
      call.End(made);
    });
    if (!taken) {
      running_ = false;
      call.Refuse({Code::kUnavailable, "make a backup: the store is stopping"});
    }
  }

  void Drop(DropCall& call) {
    const v1::DropProjectRequest& request = call.request();
    if (!IsProject(request.project())) {
      Error error{Code::kInvalidArgument, "drop a project: that is no project's name"};
      error.violations.push_back({"project", "a project's name"});
      return call.Refuse(error);
    }
    dropper_(request.project(), request.operation_id(),
             [this, &call](const Result<DropProgress>& progress) {
               if (!progress.ok()) {
                 return call.Refuse(progress.error());
               }
               if (call.request().operation_id() == 0) {
                 log_.Info("dropping a project", {{"project", call.request().project()},
                                                  {"operation", progress->operation_id}});
               }
               call.response().set_operation_id(progress->operation_id);
               call.response().set_done(progress->done);
               call.response().set_cleared(progress->cleared);
               call.End({});
             });
  }

  Status Make(BackupCall& call) {
    const SteadyTime started = clock_.Now();
    const std::string& directory = call.request().directory();
    log_.Info("making a backup", {{"directory", directory}});
    const auto stop = [&call]() -> std::optional<Error> {
      if (call.IsCancelled()) {
        return Error{Code::kCancelled, "make a backup: cancelled"};
      }
      return std::nullopt;
    };
    const auto made = maker_({directory, call.request().bytes_per_second(), stop});
    const double seconds = std::chrono::duration<double>(clock_.Now() - started).count();
    if (!made.ok()) {
      metrics_.backups_failed.Add();
      log_.Error("cannot make a backup", {{"error", made.error()}, {"seconds", seconds}});
      return Fail(made.error());
    }
    metrics_.backups_made.Add();
    metrics_.last_backup_seconds.Set(static_cast<double>(clock_.UnixMicros()) / 1e6);
    log_.Info("made a backup", {{"backup", *made}, {"seconds", seconds}});
    call.response().set_backup_id(*made);
    return {};
  }

  const BackupMaker maker_;
  const ProjectDropper dropper_;
  const Clock& clock_;
  const ControlMetrics metrics_;
  const Log log_;
  std::atomic<bool> running_ = false;
  ReaderPool thread_{1, 1, Gauge()};  // last: its destruction waits for what uses the others
};

}  // namespace

ControlMetrics ControlMetrics::Make(Metrics& metrics) {
  const auto backups = [&metrics](const char* result) {
    return metrics.AddCounter("belfry_store_backups_total", "Backups requested, by result",
                              {{"result", result}});
  };
  return {.backups_made = backups("made"),
          .backups_failed = backups("failed"),
          .last_backup_seconds =
              metrics.AddGauge("belfry_store_last_backup_timestamp_seconds",
                               "When this process made its last backup, in unix time; 0: never")};
}

std::unique_ptr<grpc::Service> MakeControlService(BackupMaker maker, ProjectDropper dropper,
                                                  wire::HeadFirstCalls& calls, const Clock& clock,
                                                  ControlMetrics metrics, Log log) {
  return std::make_unique<ControlServiceImpl>(std::move(maker), std::move(dropper), calls, clock,
                                              metrics, std::move(log));
}

}  // namespace belfry::store
