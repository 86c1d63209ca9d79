// SPDX-License-Identifier: Apache-2.0
// Reads and changes users and segments, and follows operations, through ingest's REST.
#include <ostream>
#include <thread>

#include "clients/cli/audience_request.h"
#include "clients/cli/commands.h"
#include "clients/cli/inbox_request.h"
#include "libs/common/clock.h"
#include "libs/http/client.h"

namespace belfry::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCallTimeout{10'000};
constexpr milliseconds kPoll{250};
// Above a page of 1,000 users with all their attributes and segments.
constexpr std::size_t kAnswerBytesMax = 64 * 1024 * 1024;

void Print(const AudienceCommand& command, const http::ClientResponse& answer, std::ostream& out,
           std::ostream& err) {
  if (command.json) {
    out << (answer.body.empty() ? "{}" : answer.body) << "\n" << std::flush;
    return;
  }
  out << AudienceLines(command.what, answer) << std::flush;
  if (const std::string after = NextAfter(answer.body); !after.empty()) {
    err << "belfry: there are more, --after " << Printable(after) << "\n";
  }
}

}  // namespace

ExitCode Run(const AudienceCommand& command, std::ostream& out, std::ostream& err) {
  const SystemClock clock;
  const SteadyTime end = clock.Now() + command.timeout;
  while (true) {
    const auto answer =
        http::Call(command.ingest, RequestOf(command), clock.Now() + kCallTimeout, kAnswerBytesMax);
    if (!answer.ok()) {
      return Report(answer.error(), command.json, err);
    }
    if (answer->status < 200 || answer->status > 299) {
      return Report(ErrorOf(*answer), command.json, err);
    }
    const std::string state =
        command.what == AudienceCommand::What::kOperation ? StateOf(answer->body) : std::string();
    const bool late = command.timeout.count() > 0 && clock.Now() + kPoll > end;
    if (command.wait && state == "running" && !late) {
      std::this_thread::sleep_for(kPoll);
      continue;
    }
    Print(command, *answer, out, err);
    return state == "failed" || (command.wait && state == "running") ? kFailed : kDone;
  }
}

}  // namespace belfry::cli
