// SPDX-License-Identifier: Apache-2.0
// Makes calls to the store again that failed with kUnavailable, until their callers' deadlines: for
// calls that may be made twice. Appends have the Batcher. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "libs/common/backoff.h"
#include "libs/common/clock.h"
#include "libs/common/metrics.h"
#include "libs/common/mutex.h"
#include "libs/common/result.h"

namespace belfry::ingest {

class Retries {
 public:
  struct Waits {
    std::chrono::milliseconds min{20};  // before the second attempt
    std::chrono::milliseconds max{500};
  };

  // `clock` must outlive it. `made` counts what was made again.
  Retries(const Clock& clock, Counter made) : Retries(clock, std::move(made), Waits()) {}
  Retries(const Clock& clock, Counter made, Waits waits);
  ~Retries();  // Stop; the calls under way must have ended
  Retries(const Retries&) = delete;
  Retries& operator=(const Retries&) = delete;

  template <typename T>
  using Done = std::function<void(Result<T>)>;
  // Makes the call once, which may take `timeout`. `again`: an earlier attempt may have had effect.
  template <typename T>
  using Attempt = std::function<void(Duration timeout, bool again, Done<T> done)>;

  // Attempts until the answer is another than kUnavailable, or there is no time for one more.
  // `done` gets the last answer, once, on any thread. After the first attempt a kResourceExhausted
  // becomes kUnavailable, as it no longer says that the call had no effect, and kDeadlineExceeded
  // the kUnavailable before it, which says why there was no time left.
  template <typename T>
  void Call(SteadyTime deadline, Attempt<T> attempt, Done<T> done) {
    Try(std::make_shared<Pending<T>>(deadline, std::move(attempt), std::move(done), waits_));
  }

  // Whatever waits for its next attempt ends with the answer to its last one; so does everything
  // that would wait from now on.
  void Stop();

 private:
  template <typename T>
  struct Pending {
    Pending(SteadyTime until, Attempt<T> call, Done<T> answer, const Waits& waits)
        : deadline(until),
          attempt(std::move(call)),
          done(std::move(answer)),
          backoff(waits.min, waits.max) {}

    const SteadyTime deadline;
    const Attempt<T> attempt;
    const Done<T> done;
    // Of one attempt after the other.
    Backoff backoff;
    std::optional<Error> unavailable;  // what the attempt before was answered
  };
  using Action = std::function<void(bool stopped)>;

  template <typename T>
  void Try(const std::shared_ptr<Pending<T>>& call) {
    call->attempt(call->deadline - clock_.Now(), call->unavailable.has_value(),
                  [this, call](Result<T> answer) { OnAnswer(call, std::move(answer)); });
  }
  template <typename T>
  void OnAnswer(const std::shared_ptr<Pending<T>>& call, Result<T> answer) {
    if (answer.ok()) {
      return call->done(std::move(answer));
    }
    if (answer.error().code != Code::kUnavailable) {
      if (call->unavailable) {
        answer = Fail(AfterRetry(std::move(answer.error()), *call->unavailable));
      }
      return call->done(std::move(answer));
    }
    call->unavailable = answer.error();
    const SteadyTime at = clock_.Now() + call->backoff.Next();
    // The least that an attempt may take: else it would end with the time and not say why.
    if (at + waits_.min >= call->deadline) {
      return call->done(std::move(answer));
    }
    WaitUntil(at, [this, call, answer = std::move(answer)](bool stopped) {
      stopped ? call->done(answer) : Try(call);
    });
  }

  static Error AfterRetry(Error error, const Error& unavailable);
  // Calls `action` at that time on our own thread, or at once if it is stopped.
  void WaitUntil(SteadyTime time, Action action) BELFRY_EXCLUDES(mutex_);
  void Run();

  const Clock& clock_;
  const Counter made_;
  const Waits waits_;

  Mutex mutex_;
  CondVar changed_;
  std::multimap<SteadyTime, Action> waiting_ BELFRY_GUARDED_BY(mutex_);
  bool stopped_ BELFRY_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace belfry::ingest
