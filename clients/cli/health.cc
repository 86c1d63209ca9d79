// SPDX-License-Identifier: Apache-2.0
// Checks a process through its admin port. A container's health check runs it, so that an image
// needs no other HTTP client.
#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "clients/cli/commands.h"
#include "libs/common/clock.h"
#include "libs/http/client.h"

namespace belfry::cli {
namespace {

constexpr std::string_view kScheme = "http://";
}  // namespace

ExitCode Run(const HealthCommand& command, std::ostream& out, std::ostream& err) {
  const std::string_view rest = std::string_view(command.url).substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string path = slash == rest.size() ? "/readyz" : std::string(rest.substr(slash));
  const auto answer = http::Call(std::string(rest.substr(0, slash)), {.path = path},
                                 SystemClock().Now() + command.timeout);
  if (!answer.ok()) {
    return Report(answer.error(), false, err);
  }
  (answer->status == 200 ? out : err) << Printable(answer->body) << "\n" << std::flush;
  return answer->status == 200 ? kDone : kFailed;
}

}  // namespace belfry::cli
