// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/retries.h"

namespace belfry::ingest {
namespace {

constexpr std::chrono::milliseconds kTick{10};

}  // namespace

Retries::Retries(const Clock& clock, Counter made, Waits waits)
    : clock_(clock), made_(std::move(made)), waits_(waits), thread_([this] { Run(); }) {}

Retries::~Retries() {
  Stop();
  thread_.join();
}

void Retries::Stop() {
  std::multimap<SteadyTime, Action> ended;
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
    ended.swap(waiting_);
    changed_.NotifyAll();
  }
  for (const auto& [time, action] : ended) {
    action(true);
  }
}

Error Retries::AfterRetry(Error error, const Error& unavailable) {
  if (error.code == Code::kDeadlineExceeded) {
    return unavailable;
  }
  if (error.code == Code::kResourceExhausted) {
    error.code = Code::kUnavailable;
    return Wrap("an earlier attempt may have had effect", std::move(error));
  }
  return error;
}

void Retries::WaitUntil(SteadyTime time, Action action) {
  {
    const MutexLock lock(mutex_);
    if (!stopped_) {
      waiting_.emplace(time, std::move(action));
      changed_.NotifyAll();
      return;
    }
  }
  action(true);
}

void Retries::Run() {
  MutexLock lock(mutex_);
  while (!stopped_) {
    if (waiting_.empty()) {
      changed_.Wait(mutex_);
    } else if (waiting_.begin()->first > clock_.Now()) {
      changed_.WaitFor(mutex_, kTick);
    } else {
      const Action action = std::move(waiting_.extract(waiting_.begin()).mapped());
      lock.Unlock();
      made_.Add();
      action(false);
      lock.Lock();
    }
  }
}

}  // namespace belfry::ingest
