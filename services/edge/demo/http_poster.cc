// SPDX-License-Identifier: Apache-2.0
#include "services/edge/demo/http_poster.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <thread>
#include <utility>

#include "libs/common/clock.h"
#include "libs/common/mutex.h"

namespace belfry::edge {
namespace {

constexpr std::size_t kWaitingMax = 16;
constexpr std::chrono::seconds kTimeout{5};

}  // namespace

struct HttpPoster::Impl {
  struct Task {
    http::ClientRequest request;
    std::function<void(Result<http::ClientResponse>)> done;
  };

  explicit Impl(std::string to) : address(std::move(to)), thread([this] { Run(); }) {}
  ~Impl() {
    {
      const MutexLock lock(mutex);
      stopping = true;
      some.NotifyAll();
    }
    thread.join();
    for (const Task& task : Take()) {
      task.done(Fail(Code::kCancelled, "stopping"));
    }
  }

  std::deque<Task> Take() BELFRY_EXCLUDES(mutex) {
    const MutexLock lock(mutex);
    return std::exchange(waiting, {});
  }

  void Run() BELFRY_EXCLUDES(mutex) {
    while (true) {
      Task task;
      {
        const MutexLock lock(mutex);
        some.Wait(mutex, [this]() BELFRY_REQUIRES(mutex) { return stopping || !waiting.empty(); });
        if (stopping) {
          return;
        }
        task = std::move(waiting.front());
        waiting.pop_front();
      }
      task.done(http::Call(address, task.request, SystemClock().Now() + kTimeout));
    }
  }

  const std::string address;
  Mutex mutex;
  CondVar some;
  std::deque<Task> waiting BELFRY_GUARDED_BY(mutex);
  bool stopping BELFRY_GUARDED_BY(mutex) = false;
  std::thread thread;  // last: it uses all of the above
};

HttpPoster::HttpPoster(std::string address, std::string authorization)
    : authorization_(std::move(authorization)), impl_(std::make_unique<Impl>(std::move(address))) {}

HttpPoster::~HttpPoster() = default;

void HttpPoster::Post(std::string path, std::string json, std::string idempotency_key,
                      std::function<void(Result<http::ClientResponse>)> done) {
  http::ClientRequest request{
      .method = "POST",
      .path = std::move(path),
      .headers = {{"Authorization", authorization_}, {"Content-Type", "application/json"}},
      .body = std::move(json)};
  if (!idempotency_key.empty()) {
    request.headers.emplace_back("Idempotency-Key", std::move(idempotency_key));
  }
  {
    const MutexLock lock(impl_->mutex);
    if (impl_->waiting.size() < kWaitingMax) {
      impl_->waiting.push_back({std::move(request), std::move(done)});
      impl_->some.NotifyOne();
      return;
    }
  }
  done(Fail(Code::kResourceExhausted, "too many requests wait"));
}

}  // namespace belfry::edge
