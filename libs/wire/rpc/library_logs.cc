// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/log_limit.h"

namespace belfry::wire {
namespace {

// Of one place in gRPC's code, which may be reached by a stranger's each header.
constexpr std::uint32_t kLinesMax = 5;
constexpr std::chrono::minutes kLinesPeriod{1};

struct Destination {
  explicit Destination(Log where) : log(std::move(where)) {}
  const Log log;
  const SystemClock clock;
  LogLimit limit{kLinesMax, kLinesPeriod};
};

// Never destroyed: gRPC's threads may write until the process is gone.
Destination* destination = nullptr;

std::string_view FileName(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void OnGrpcLine(gpr_log_func_args* line) {
  const std::string_view file = FileName(line->file);
  const auto left_out = destination->limit.Admit(file, line->line, destination->clock.Now());
  if (!left_out) {
    return;
  }
  const Log::Fields fields = {{"file", file}, {"line", line->line}, {"left_out", *left_out}};
  const Log& log = destination->log;
  switch (line->severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return log.Debug(line->message, fields);
    case GPR_LOG_SEVERITY_INFO:
      return log.Info(line->message, fields);
    case GPR_LOG_SEVERITY_ERROR:
      // Most of these report a peer that went away.
      return log.Warn(line->message, fields);
  }
}

}  // namespace

void RouteLibraryLogs(const Log& log) {
  static std::once_flag once;
  std::call_once(once, [&log] {
    destination = new Destination(log.Room("library"));
    gpr_set_log_function(OnGrpcLine);
    google::protobuf::SetLogHandler(nullptr);
  });
}

}  // namespace belfry::wire
