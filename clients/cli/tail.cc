// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ostream>
#include <string>
#include <thread>

#include "clients/cli/commands.h"
#include "clients/cli/event_printer.h"
#include "clients/cli/stream_session.h"
#include "clients/cli/tokens.h"
#include "libs/common/clock.h"
#include "libs/common/random.h"
#include "libs/http/tcp_stream.h"

namespace belfry::cli {
namespace {

using State = StreamSession::State;
using std::chrono::milliseconds;

constexpr milliseconds kConnectTime{5'000};
constexpr milliseconds kHeartbeatDefault{60'000};

// One `belfry tail`, from its first connection to its end.
class Tail {
 public:
  Tail(const TailCommand& command, std::ostream& out, std::ostream& err)
      : command_(command),
        out_(out),
        err_(err),
        end_(command.timeout.count() > 0 ? clock_.Now() + command.timeout : SteadyTime::max()),
        session_(command.last_event_id, command.batch_ms, RandomSeed()) {}

  ExitCode Run() {
    while (true) {
      const Result<State> state = OneConnection();
      if (!state.ok()) {
        Report(state.error(), command_.json, err_);
        return kFailed;
      }
      if (Enough()) {
        return kDone;
      }
      if (*state == State::kRefused) {
        Report(session_.refusal(), command_.json, err_);
        return kRefused;
      }
      WaitForNext();
      if (clock_.Now() >= end_) {
        return TimeIsUp();
      }
    }
  }

 private:
  bool Enough() const { return command_.count > 0 && seen_ >= command_.count; }

  SteadyTime Within(milliseconds time) const { return std::min(end_, clock_.Now() + time); }

  // Fails only for what is wrong here: the keys file.
  Result<State> OneConnection() {
    std::string token = command_.token;
    if (!command_.new_token.user.empty()) {
      auto made = MakeToken(command_.new_token, clock_.UnixMicros() / 1'000'000);
      if (!made.ok()) {
        return Fail(std::move(made.error()));
      }
      token = std::move(*made);
    }
    auto stream = http::TcpStream::Connect(command_.edge, Within(kConnectTime));
    if (!stream.ok()) {
      if (stream.error().code == Code::kInvalidArgument) {
        return Fail(std::move(stream.error()));
      }
      why_ = stream.error().message;
      return session_.Lose();
    }
    const Status sent = stream->Send(session_.Open(command_.edge, token), Within(kConnectTime));
    if (!sent.ok()) {
      why_ = sent.error().message;
      return session_.Lose();
    }
    return Follow(*stream);
  }

  State Follow(http::TcpStream& stream) {
    milliseconds heartbeat = kHeartbeatDefault;
    State state = State::kWaiting;
    while ((state == State::kWaiting || state == State::kOpen) && !Enough()) {
      const auto bytes = stream.Receive(Within(heartbeat * 5 / 2));
      if (!bytes.ok() || bytes->empty()) {
        why_ = bytes.ok() ? "the server ended it" : bytes.error().message;
        return session_.Lose();
      }
      state = session_.Receive(*bytes, [&](const http::SseEvent& event) {
        heartbeat = HeartbeatIn(event).value_or(heartbeat);
        Show(event);
      });
      out_.flush();
      why_ =
          session_.refusal().message.empty() ? "the server ended it" : session_.refusal().message;
    }
    return state;
  }

  void Show(const http::SseEvent& event) {
    if (Enough()) {
      return;
    }
    out_ << EventLines(event, command_.json, command_.verbose);
    seen_ += static_cast<std::int64_t>(NotificationsIn(event));
  }

  void WaitForNext() {
    if (clock_.Now() >= end_) {
      return;
    }
    const milliseconds wait = session_.NextWait();
    err_ << "belfry: no stream (" << Printable(why_) << "); next try in " << wait.count() << " ms";
    if (!session_.cursor().empty()) {
      err_ << ", after " << Printable(session_.cursor());
    }
    err_ << "\n" << std::flush;
    std::this_thread::sleep_until(Within(wait));
  }

  ExitCode TimeIsUp() {
    if (!session_.ever_open()) {
      err_ << "belfry: no stream opened in time: " << Printable(why_) << "\n";
      return kUnavailable;
    }
    if (command_.count == 0) {
      return kDone;
    }
    err_ << "belfry: timed out after " << seen_ << " of " << command_.count << " notifications\n";
    return kFailed;
  }

  const TailCommand& command_;
  std::ostream& out_;
  std::ostream& err_;
  const SystemClock clock_;
  const SteadyTime end_;
  StreamSession session_;
  std::int64_t seen_ = 0;
  std::string why_ = "it was not tried";  // the last connection ended
};

}  // namespace

ExitCode Run(const TailCommand& command, std::ostream& out, std::ostream& err) {
  return Tail(command, out, err).Run();
}

}  // namespace belfry::cli
