// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/publisher.h"

#include <grpcpp/grpcpp.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "belfry/v1/notify_service.grpc.pb.h"

namespace belfry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kBody[] =
    "A notification's body as they are: a sentence or two, with a name and what has happened.";
constexpr std::size_t kBatchMax = 1000;

void Fill(v1::NotifyRequest* request, const std::string& user, const std::string& title) {
  v1::Notification* notification = request->mutable_notification();
  notification->set_user_id(user);
  notification->set_kind("comment.created");
  notification->set_title(title);
  notification->set_body(kBody);
  notification->set_action_url("/documents/4711#comment-12");
}

std::string KindName(std::size_t number) { return "kind-" + std::to_string(100 + number); }

// Users whom nobody listens for.
std::string Nobody(std::size_t n) { return "nobody-" + std::to_string(n % 10'000); }

// How many may be under way.
class Window {
 public:
  explicit Window(std::size_t size) : free_(size) {}
  void Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return free_ > 0; });
    --free_;
  }
  void Give() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t free_;
};

// Runs `work(i)` on `count` threads and adds up what they say.
Published OnThreads(std::size_t count, const std::function<Published(std::size_t)>& work) {
  const auto began = Clock::now();
  std::vector<Published> results(count);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&results, &work, i] { results[i] = work(i); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  Published sum;
  for (const Published& result : results) {
    sum.acknowledged += result.acknowledged;
    sum.failed += result.failed;
  }
  sum.per_second = static_cast<double>(sum.acknowledged) /
                   std::chrono::duration<double>(Clock::now() - began).count();
  return sum;
}

}  // namespace

struct Publisher::Impl {
  test::Endpoint ingest;
  std::string api_key;
  std::unique_ptr<v1::NotifyService::Stub> broadcasts = {};  // kept connected

  // A connection of its own for each: one HTTP/2 connection is one lock on each side.
  std::unique_ptr<v1::NotifyService::Stub> Connect(std::size_t number) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt("belfry.bench.channel", static_cast<int>(number));
    arguments.SetMaxReceiveMessageSize(-1);
    return v1::NotifyService::NewStub(grpc::CreateCustomChannel(
        ingest.ToString(), grpc::InsecureChannelCredentials(), arguments));
  }
  void Prepare(grpc::ClientContext* context) const {
    context->AddMetadata("authorization", "Bearer " + api_key);
  }

  // `next(request)` fills the next request, or says that there is none. Writes on this thread and
  // reads on another.
  Published Stream(std::size_t number, std::size_t window_size,
                   const std::function<bool(v1::NotifyRequest*)>& next) const {
    const auto stub = Connect(number);
    grpc::ClientContext context;
    Prepare(&context);
    const auto stream = stub->NotifyStream(&context);
    Window window(window_size);
    Published result;
    std::thread reader([&] {
      v1::NotifyStreamResponse response;
      while (stream->Read(&response)) {
        ++(response.result().has_ok() ? result.acknowledged : result.failed);
        window.Give();
      }
    });
    std::size_t written = 0;
    v1::NotifyStreamRequest request;
    for (; next(request.mutable_item()); ++written) {
      window.Take();
      if (!stream->Write(request)) {
        break;
      }
    }
    stream->WritesDone();
    reader.join();
    stream->Finish();
    result.failed = written - result.acknowledged;
    return result;
  }

  Published Batches(std::size_t number,
                    const std::function<bool(v1::NotifyBatchRequest*)>& next) const {
    const auto stub = Connect(number);
    Published result;
    v1::NotifyBatchRequest request;
    while (next(&request)) {
      grpc::ClientContext context;
      Prepare(&context);
      v1::NotifyBatchResponse response;
      const grpc::Status status = stub->NotifyBatch(&context, request, &response);
      for (const v1::NotifyResult& one : response.results()) {
        result.acknowledged += one.has_ok();
      }
      if (!status.ok()) {
        result.failed += static_cast<std::size_t>(request.items_size());
      }
    }
    return result;
  }
};

Publisher::Publisher(const test::Endpoint& ingest, std::string api_key)
    : impl_(new Impl{ingest, std::move(api_key)}) {
  impl_->broadcasts = impl_->Connect(0);
}
Publisher::~Publisher() = default;

Published Publisher::SaturateStreams(std::size_t streams, std::size_t window,
                                     std::chrono::seconds time) {
  const auto end = Clock::now() + time;
  return OnThreads(streams, [&](std::size_t i) {
    std::size_t made = i * 1'000'003;
    return impl_->Stream(i, window, [&](v1::NotifyRequest* request) {
      if (Clock::now() > end) {
        return false;
      }
      Fill(request, Nobody(made), "Somebody answered you");
      ++made;
      return true;
    });
  });
}

Published Publisher::SaturateBatches(std::size_t callers, std::size_t batch,
                                     std::chrono::seconds time) {
  const auto end = Clock::now() + time;
  return OnThreads(callers, [&](std::size_t i) {
    std::size_t made = i * 1'000'003;
    return impl_->Batches(i, [&](v1::NotifyBatchRequest* request) {
      request->Clear();
      for (std::size_t n = 0; n < batch; ++n) {
        Fill(request->add_items(), Nobody(made++), "Somebody answered you");
      }
      return Clock::now() < end;
    });
  });
}

Published Publisher::AtRate(double per_second, std::chrono::seconds time,
                            const std::vector<std::string>& users) {
  prctl(PR_SET_TIMERSLACK, 1);
  const auto began = Clock::now();
  const auto total = static_cast<std::size_t>(per_second * static_cast<double>(time.count()));
  std::mt19937 random(1);
  std::uniform_int_distribution<std::size_t> pick(0, users.size() - 1);
  std::size_t made = 0;
  Published published = impl_->Stream(0, total, [&](v1::NotifyRequest* request) {
    if (made == total) {
      return false;
    }
    const auto meant = began + std::chrono::nanoseconds(static_cast<std::int64_t>(
                                   1e9 * static_cast<double>(made) / per_second));
    std::this_thread::sleep_until(meant);
    Fill(request, users[pick(random)], std::to_string(meant.time_since_epoch().count()));
    ++made;
    return true;
  });
  published.per_second = static_cast<double>(published.acknowledged) /
                         std::chrono::duration<double>(Clock::now() - began).count();
  return published;
}

Published Publisher::TellEach(const std::vector<std::string>& users, std::size_t times) {
  constexpr std::size_t kCallers = 4;
  const std::size_t total = users.size() * times;
  std::atomic<std::size_t> next = 0;
  return OnThreads(kCallers, [&](std::size_t i) {
    return impl_->Batches(i, [&](v1::NotifyBatchRequest* request) {
      request->Clear();
      const std::size_t begin = next.fetch_add(kBatchMax);
      for (std::size_t n = begin; n < std::min(total, begin + kBatchMax); ++n) {
        Fill(request->add_items(), users[n % users.size()], "You missed this");
      }
      return request->items_size() > 0;
    });
  });
}

std::vector<std::vector<std::uint64_t>> Publisher::PublishEach(
    const std::vector<std::string>& users, std::size_t each, std::size_t kinds) {
  constexpr std::size_t kCallers = 4;
  std::vector<std::vector<std::uint64_t>> ids(users.size());
  const Published published = OnThreads(kCallers, [&](std::size_t caller) {
    const auto stub = impl_->Connect(caller);
    Published result;
    // All of one user by one caller, so that they are in order.
    std::vector<std::size_t> own;
    for (std::size_t user = caller; user < users.size(); user += kCallers) {
      own.push_back(user);
    }
    v1::NotifyBatchRequest request;
    for (std::size_t made = 0; made < own.size() * each;) {
      const std::size_t first = made;
      request.Clear();
      for (; request.items_size() < static_cast<int>(kBatchMax) && made < own.size() * each;
           ++made) {
        Fill(request.add_items(), users[own[made % own.size()]], "Somebody answered you");
        request.mutable_items()->rbegin()->mutable_notification()->set_kind(
            KindName(made / own.size() % kinds));
      }
      grpc::ClientContext context;
      impl_->Prepare(&context);
      v1::NotifyBatchResponse response;
      const grpc::Status status = stub->NotifyBatch(&context, request, &response);
      for (int i = 0; i < response.results_size() && response.results(i).has_ok(); ++i) {
        ids[own[(first + static_cast<std::size_t>(i)) % own.size()]].push_back(
            response.results(i).ok().id());
        ++result.acknowledged;
      }
      if (!status.ok()) {
        break;
      }
    }
    return result;
  });
  return published.acknowledged == users.size() * each ? ids
                                                       : std::vector<std::vector<std::uint64_t>>();
}

bool Publisher::Broadcast(const std::string& title) {
  grpc::ClientContext context;
  impl_->Prepare(&context);
  v1::BroadcastRequest request;
  request.mutable_notification()->set_title(title);
  request.mutable_notification()->set_body(kBody);
  v1::BroadcastResponse response;
  return impl_->broadcasts->Broadcast(&context, request, &response).ok();
}

}  // namespace belfry::bench
