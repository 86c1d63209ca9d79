// SPDX-License-Identifier: Apache-2.0
// belfry.v1.StoreControlService: what an operator on the store's machine may request.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "libs/common/clock.h"
#include "libs/common/log.h"
#include "libs/common/metrics.h"
#include "libs/common/result.h"

namespace grpc {
class Service;
}
namespace belfry::wire {
class HeadFirstCalls;
}

namespace belfry::store {

// A backup to make. `stop` returns why to stop, std::nullopt to go on.
struct BackupRequest {
  std::string directory;
  std::uint64_t bytes_per_second = 0;
  std::function<std::optional<Error>()> stop;
};
// Makes it and returns its id; blocks for as long as that takes. One at a time, on any thread.
using BackupMaker = std::function<Result<std::uint32_t>(const BackupRequest& request)>;

// How far the dropping of a project is.
struct DropProgress {
  std::uint64_t operation_id = 0;
  bool done = false;
  std::uint64_t cleared = 0;
};
// With an operation's id: its progress; kNotFound: there is none. Otherwise begins one, or finds
// the one under way. Calls back once, on any thread; must not block.
using ProjectDropper = std::function<void(const std::string& project, std::uint64_t operation_id,
                                          std::function<void(Result<DropProgress>)> done)>;

struct ControlMetrics {
  static ControlMetrics Make(Metrics& metrics);
  Counter backups_made, backups_failed;
  Gauge last_backup_seconds;  // unix time
};

// Its destruction waits for a backup under way, which stops once its call is cancelled. The gate of
// `calls` says who may call. `calls` and `clock` must outlive it.
std::unique_ptr<grpc::Service> MakeControlService(BackupMaker maker, ProjectDropper dropper,
                                                  wire::HeadFirstCalls& calls, const Clock& clock,
                                                  ControlMetrics metrics, Log log);

}  // namespace belfry::store
