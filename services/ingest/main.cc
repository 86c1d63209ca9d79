// SPDX-License-Identifier: Apache-2.0
// belfry-ingest: takes notifications from producers and hands them to the store.
#include <google/protobuf/stubs/logging.h>

#include "libs/common/service.h"
#include "libs/version/version.h"
#include "services/ingest/app.h"
#include "services/ingest/config.h"

int main(int argc, char** argv) {
  using belfry::Code;
  // Protobuf writes a line of its own for every bad byte a producer sends; our answer names the
  // field.
  google::protobuf::SetLogHandler(nullptr);

  belfry::ingest::Config config;
  belfry::Settings settings("belfry-ingest", "Takes notifications from producers.",
                            belfry::VersionText("belfry-ingest"));
  belfry::ingest::Declare(settings, config);
  return belfry::RunService(
      argc, argv, settings, config.log, config.process,
      {.name = "ingest",
       .mistakes = {Code::kInvalidArgument, Code::kNotFound, Code::kPermissionDenied},
       .start = [&config](const belfry::Log& log) {
         return belfry::ingest::App::Start(config, log);
       }});
}
