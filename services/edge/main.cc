// SPDX-License-Identifier: Apache-2.0
// belfry-edge: holds browsers' streams and delivers what the store has committed.
#include "libs/common/service.h"
#include "libs/version/version.h"
#include "services/edge/app.h"
#include "services/edge/config.h"

int main(int argc, char** argv) {
  using belfry::Code;
  belfry::edge::Config config;
  belfry::Settings settings("belfry-edge", "Holds browsers' streams.",
                            belfry::VersionText("belfry-edge"));
  belfry::edge::Declare(settings, config);
  return belfry::RunService(argc, argv, settings, config.log, config.process,
                            {.name = "edge",
                             .mistakes = {Code::kInvalidArgument, Code::kNotFound,
                                          Code::kPermissionDenied, Code::kFailedPrecondition},
                             .start = [&config](const belfry::Log& log) {
                               return belfry::edge::App::Start(config, log);
                             }});
}
