// SPDX-License-Identifier: Apache-2.0
// Calls between processes: they take time, get lost on the way or on the way back, and end with the
// process that answers them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "libs/common/result.h"
#include "tests/simulation/context.h"

namespace belfry::sim {

// One direction and back between two processes.
struct Link {
  bool cut = false;
};

// A process that answers calls, as those who call it see it.
struct Server {
  bool up = false;
  // Told when it dies: what ends the calls that it has not answered, by number.
  std::map<std::uint64_t, std::function<void()>> open = {};
};

// The caller, as the server sees it.
struct Caller {
  SteadyTime deadline;
  Mortal life;
  bool gave_up = false;
  bool gone() const { return gave_up || life.expired(); }
};
using CallerPtr = std::shared_ptr<const Caller>;

class Network {
 public:
  explicit Network(Context& context) : context_(context) {}

  template <typename T>
  using Done = std::function<void(Result<T>)>;
  // Runs at the server; calls its second argument once, now or later, or never if it dies.
  template <typename T>
  using Serve = std::function<void(CallerPtr, Done<T>)>;

  // Calls `server`, which must outlive all calls. `done` is called exactly once, never from within,
  // unless `caller` ends before. Returns what cancels the call.
  template <typename T>
  std::function<void()> Call(Server& server, const Link& link, Mortal caller, Duration timeout,
                             Serve<T> serve, Done<T> done);

  // The process is gone: most of its callers learn of it, the others wait for their deadlines.
  void Died(Server& server);

 private:
  Duration Latency() { return context_.random.UpTo(context_.plan.call_max); }

  Context& context_;
  std::uint64_t calls_ = 0;
};

template <typename T>
std::function<void()> Network::Call(Server& server, const Link& link, Mortal caller,
                                    Duration timeout, Serve<T> serve, Done<T> done) {
  struct State {
    std::uint64_t number;
    Done<T> done;  // empty once called
    std::shared_ptr<Caller> caller;
  };
  Scheduler& scheduler = context_.scheduler;
  auto state = std::make_shared<State>(
      State{++calls_, std::move(done),
            std::make_shared<Caller>(Caller{scheduler.now() + timeout, caller})});
  const auto finish = [state, &server](Result<T> result) {
    server.open.erase(state->number);
    if (state->done) {
      std::exchange(state->done, nullptr)(std::move(result));
    }
  };
  // Whoever gives up is seen to have done so a little later.
  const auto abandon = [this, state, finish](Error error) {
    if (state->done) {
      context_.scheduler.After(Latency(), [state] { state->caller->gave_up = true; });
      finish(Fail(std::move(error)));
    }
  };
  scheduler.After(timeout, caller, [this, state, abandon] {
    if (state->done) {
      context_.coverage.Add(Seen::kCallTimedOut);
    }
    abandon({Code::kDeadlineExceeded, "no answer before the deadline"});
  });
  const auto answer = [this, &link, caller, finish](Result<T> result) {
    if (link.cut || context_.random.Chance(context_.plan.answers_lost)) {
      context_.coverage.Add(Seen::kAnswerLost);
      return;
    }
    context_.scheduler.After(Latency(), caller, [finish, result = std::move(result)]() mutable {
      finish(std::move(result));
    });
  };
  if (link.cut || context_.random.Chance(context_.plan.calls_lost)) {
    context_.coverage.Add(Seen::kCallLost);
    // A broken connection is often noticed at once, a silent one never.
    if (context_.random.Chance(80)) {
      scheduler.After(Latency(), caller, [abandon] {
        abandon({Code::kUnavailable, "connection reset"});
      });
    }
  } else {
    scheduler.After(Latency(), [this, state, caller, answer, abandon, finish, &server,
                                serve = std::move(serve)] {
      if (!server.up) {
        context_.scheduler.After(Latency(), caller, [abandon] {
          abandon({Code::kUnavailable, "connection refused"});
        });
        return;
      }
      server.open.emplace(state->number, [this, caller, abandon] {
        context_.scheduler.After(Latency(), caller, [abandon] {
          abandon({Code::kUnavailable, "connection reset"});
        });
      });
      serve(state->caller, answer);
    });
  }
  return [abandon] { abandon({Code::kCancelled, "cancelled"}); };
}

}  // namespace belfry::sim
