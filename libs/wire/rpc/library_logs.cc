// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/library_logs.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <mutex>
#include <string_view>

namespace belfry::wire {
namespace {

// Never destroyed: gRPC's threads may write until the process is gone.
const Log* library_log = nullptr;

std::string_view FileName(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void OnGrpcLine(gpr_log_func_args* line) {
  const Log::Fields fields = {{"file", FileName(line->file)}, {"line", line->line}};
  switch (line->severity) {
    case GPR_LOG_SEVERITY_DEBUG:
      return library_log->Debug(line->message, fields);
    case GPR_LOG_SEVERITY_INFO:
      return library_log->Info(line->message, fields);
    case GPR_LOG_SEVERITY_ERROR:
      // Most of these report a peer that went away.
      return library_log->Warn(line->message, fields);
  }
}

}  // namespace

void RouteLibraryLogs(const Log& log) {
  static std::once_flag once;
  std::call_once(once, [&log] {
    library_log = new Log(log.Room("library"));
    gpr_set_log_function(OnGrpcLine);
    google::protobuf::SetLogHandler(nullptr);
  });
}

}  // namespace belfry::wire
