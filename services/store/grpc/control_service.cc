// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/control_service.h"

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <utility>

#include "belfry/v1/store_control.grpc.pb.h"
#include "libs/common/names.h"
#include "libs/wire/rpc/status.h"
#include "services/store/grpc/reader_pool.h"

namespace belfry::store {
namespace {

class ControlServiceImpl final : public v1::StoreControlService::CallbackService {
 public:
  ControlServiceImpl(BackupMaker maker, ProjectDropper dropper, const Clock& clock,
                     ControlMetrics metrics, Log log)
      : maker_(std::move(maker)),
        dropper_(std::move(dropper)),
        clock_(clock),
        metrics_(metrics),
        log_(std::move(log)) {}

  grpc::ServerUnaryReactor* Backup(grpc::CallbackServerContext* context,
                                   const v1::BackupRequest* request,
                                   v1::BackupResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (!request->directory().starts_with('/')) {
      Error error{Code::kInvalidArgument, "make a backup: its directory must be an absolute path"};
      error.violations.push_back({"directory", "an absolute path"});
      reactor->Finish(wire::ToGrpc(error));
      return reactor;
    }
    if (running_.exchange(true)) {
      reactor->Finish(wire::ToGrpc({Code::kFailedPrecondition,
                                    "make a backup: another one is being made", "BACKUP_RUNNING"}));
      return reactor;
    }
    const bool taken = thread_.Submit([this, context, request, response, reactor] {
      const grpc::Status status = Make(*context, *request, response);
      running_ = false;
      reactor->Finish(status);
    });
    if (!taken) {
      running_ = false;
      reactor->Finish({grpc::StatusCode::UNAVAILABLE, "make a backup: the store is stopping"});
    }
    return reactor;
  }

  grpc::ServerUnaryReactor* DropProject(grpc::CallbackServerContext* context,
                                        const v1::DropProjectRequest* request,
                                        v1::DropProjectResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (!IsProject(request->project())) {
      Error error{Code::kInvalidArgument, "drop a project: that is no project's name"};
      error.violations.push_back({"project", "a project's name"});
      reactor->Finish(wire::ToGrpc(error));
      return reactor;
    }
    dropper_(request->project(), request->operation_id(),
             [this, request, response, reactor](const Result<DropProgress>& progress) {
               if (!progress.ok()) {
                 return reactor->Finish(wire::ToGrpc(progress.error()));
               }
               if (request->operation_id() == 0) {
                 log_.Info("dropping a project", {{"project", request->project()},
                                                  {"operation", progress->operation_id}});
               }
               response->set_operation_id(progress->operation_id);
               response->set_done(progress->done);
               response->set_cleared(progress->cleared);
               reactor->Finish(grpc::Status::OK);
             });
    return reactor;
  }

 private:
  grpc::Status Make(const grpc::CallbackServerContext& context, const v1::BackupRequest& request,
                    v1::BackupResponse* response) {
    const SteadyTime started = clock_.Now();
    log_.Info("making a backup", {{"directory", request.directory()}});
    const auto stop = [&context]() -> std::optional<Error> {
      if (context.IsCancelled()) {
        return Error{Code::kCancelled, "make a backup: cancelled"};
      }
      return std::nullopt;
    };
    const auto made = maker_({request.directory(), request.bytes_per_second(), stop});
    const double seconds = std::chrono::duration<double>(clock_.Now() - started).count();
    if (!made.ok()) {
      metrics_.backups_failed.Add();
      log_.Error("cannot make a backup", {{"error", made.error()}, {"seconds", seconds}});
      return wire::ToGrpc(made.error());
    }
    metrics_.backups_made.Add();
    metrics_.last_backup_seconds.Set(static_cast<double>(clock_.UnixMicros()) / 1e6);
    log_.Info("made a backup", {{"backup", *made}, {"seconds", seconds}});
    response->set_backup_id(*made);
    return grpc::Status::OK;
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
                                                  const Clock& clock, ControlMetrics metrics,
                                                  Log log) {
  return std::make_unique<ControlServiceImpl>(std::move(maker), std::move(dropper), clock, metrics,
                                              std::move(log));
}

}  // namespace belfry::store
