// SPDX-License-Identifier: Apache-2.0
// Reads and changes the inbox of a user through ingest's REST.
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/inbox_request.h"
#include "libs/common/clock.h"
#include "libs/http/client.h"

namespace belfry::cli {
namespace {

// Above a list of 100 notifications of the largest size.
constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;

}  // namespace

ExitCode Run(const InboxCommand& command, std::ostream& out, std::ostream& err) {
  const auto answer = http::Call(command.ingest, RequestOf(command),
                                 SystemClock().Now() + command.timeout, kAnswerBytesMax);
  if (!answer.ok()) {
    return Report(answer.error(), command.json, err);
  }
  if (answer->status != 200) {
    return Report(ErrorOf(*answer), command.json, err);
  }
  out << (command.json ? answer->body + "\n" : InboxLines(answer->body)) << std::flush;
  return kDone;
}

}  // namespace belfry::cli
