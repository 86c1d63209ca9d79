// SPDX-License-Identifier: Apache-2.0
// Asks an admin port how its process is: what a container's health check runs, so that an image
// needs no other HTTP client.
#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>

#include "clients/cli/commands.h"
#include "clients/cli/tcp_stream.h"
#include "libs/common/clock.h"
#include "libs/http/response_reader.h"

namespace belfry::cli {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kBodyBytesMax = 64 * 1024;

struct Answer {
  int status = 0;
  std::string body;
};

Result<Answer> Get(const std::string& address, const std::string& path, SteadyTime deadline) {
  auto stream = TcpStream::Connect(address, deadline);
  if (!stream.ok()) return Fail(std::move(stream.error()));
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
  if (Status sent = stream->Send(request, deadline); !sent.ok()) return Fail(sent.error());
  http::ResponseReader reader;
  Answer answer;
  while (!reader.done() && answer.body.size() < kBodyBytesMax) {
    const auto bytes = stream->Receive(deadline);
    if (!bytes.ok()) return Fail(bytes.error());
    if (bytes->empty()) break;
    if (Status fed = reader.Feed(*bytes, &answer.body); !fed.ok()) return Fail(fed.error());
  }
  if (!reader.head_done()) return Fail(Code::kUnavailable, address + " ended without an answer");
  answer.status = reader.status();
  return answer;
}

}  // namespace

ExitCode Run(const HealthCommand& command, std::ostream& out, std::ostream& err) {
  const std::string_view rest = std::string_view(command.url).substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string path = slash == rest.size() ? "/readyz" : std::string(rest.substr(slash));
  const auto answer =
      Get(std::string(rest.substr(0, slash)), path, SystemClock().Now() + command.timeout);
  if (!answer.ok()) return Report(answer.error(), false, err);
  (answer->status == 200 ? out : err) << Printable(answer->body) << "\n" << std::flush;
  return answer->status == 200 ? kDone : kFailed;
}

}  // namespace belfry::cli
