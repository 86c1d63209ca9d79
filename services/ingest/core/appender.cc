// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/core/appender.h"

#include <utility>

namespace belfry::ingest {
namespace {

constexpr std::chrono::milliseconds kTick{10};

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Appender::Appender(BatchLimits limits, StoreLink& store, const Clock& clock,
                   AppenderMetrics metrics)
    : clock_(clock), store_(store), metrics_(std::move(metrics)), batcher_(limits), ticker_([this] {
        TickWhileBusy();
      }) {}

Appender::~Appender() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& [id, call] : calls_) {
      call.call->Cancel();
    }
    changed_.NotifyAll();
    // The Batcher may still retry or send what waited: each ends as cancelled.
    changed_.Wait(mutex_, [this]() BELFRY_REQUIRES(mutex_) {
      return batcher_.idle() && calls_.empty() && performing_ == 0;
    });
  }
  ticker_.join();
}

void Appender::Add(const OrderedGroupPtr& group, std::vector<ItemPtr> items) {
  Work work;
  {
    const MutexLock lock(mutex_);
    const bool was_idle = batcher_.idle();
    batcher_.Add(group, std::move(items), clock_.Now(), &work.actions);
    Take(&work);
    if (was_idle) {
      changed_.NotifyAll();
    }
  }
  Perform(work);
}

void Appender::Cancel(const std::vector<ItemPtr>& items) {
  Work work;
  {
    const MutexLock lock(mutex_);
    batcher_.Cancel(items, clock_.Now(), &work.actions);
    Take(&work);
  }
  Perform(work);
}

Appender::Load Appender::load() const {
  const MutexLock lock(mutex_);
  return {batcher_.appends(), batcher_.waiting()};
}

void Appender::Take(Work* work) {
  for (const Actions::Send& send : work->actions.sends) {
    // Made under the lock, so that a Cancel decided by another thread finds it.
    std::shared_ptr<AppendCall> call = store_.NewCall();
    if (stopping_) {
      call->Cancel();
    }
    calls_[send.append_id] = {call, clock_.Now()};
    work->starts.push_back(std::move(call));
  }
  for (const std::uint64_t id : work->actions.cancels) {
    if (const auto found = calls_.find(id); found != calls_.end()) {
      work->cancels.push_back(found->second.call);
    }
  }
  metrics_.appends_in_flight.Set(static_cast<double>(calls_.size()));
  if (const std::uint64_t retries = batcher_.retries(); retries != retries_counted_) {
    metrics_.retries.Add(static_cast<double>(retries - std::exchange(retries_counted_, retries)));
  }
}

void Appender::Perform(Work& work) {
  for (const auto& call : work.cancels) {
    call->Cancel();
  }
  for (std::size_t i = 0; i < work.starts.size(); ++i) {
    const Actions::Send& send = work.actions.sends[i];
    metrics_.append_items.Observe(static_cast<double>(send.items.size()));
    const auto done = [this, id = send.append_id](AppendAnswer answer) {
      OnDone(id, std::move(answer));
    };
    work.starts[i]->Start(send.items, send.fresh, send.timeout, done);
  }
  for (Actions::Answer& answer : work.actions.answers) {
    if (answer.result.ok()) {
      metrics_.accept_to_commit_seconds.Observe(Seconds(answer.waited));
    }
    answer.on_answer(std::move(answer.result));
  }
}

void Appender::OnDone(std::uint64_t append_id, AppendAnswer answer) {
  Work work;
  {
    const MutexLock lock(mutex_);
    performing_ += 1;
    const auto call = calls_.find(append_id);
    const SteadyTime now = clock_.Now();
    metrics_.append_seconds.Observe(Seconds(now - call->second.started));
    calls_.erase(call);
    batcher_.OnAppend(append_id, std::move(answer), now, &work.actions);
    Take(&work);
  }
  Perform(work);
  const MutexLock lock(mutex_);
  performing_ -= 1;
  if (stopping_) {
    changed_.NotifyAll();
  }
}

void Appender::TickWhileBusy() {
  MutexLock lock(mutex_);
  while (!stopping_ || !batcher_.idle()) {
    if (batcher_.idle()) {
      changed_.Wait(mutex_);
      continue;
    }
    Work work;
    batcher_.Tick(clock_.Now(), &work.actions);
    Take(&work);
    lock.Unlock();
    Perform(work);
    lock.Lock();
    if (stopping_) {
      changed_.NotifyAll();
    }
    changed_.WaitFor(mutex_, kTick);
  }
}

}  // namespace belfry::ingest
