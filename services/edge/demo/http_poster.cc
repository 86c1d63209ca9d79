// SPDX-License-Identifier: Apache-2.0
#include "services/edge/demo/http_poster.h"
#include "libs/common/mutex.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string_view>
#include <thread>
#include <utility>

namespace belfry::edge {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kWaitingMax = 16;
constexpr std::size_t kAnswerBytesMax = 64 * 1024;
constexpr std::chrono::seconds kTimeout{5};

// A non-blocking socket, each of whose operations ends at `deadline`.
class Connection {
 public:
  Connection(int socket, steady_clock::time_point deadline)
      : socket_(socket), deadline_(deadline) {}
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status Connect(const addrinfo& to) {
    if (connect(socket_, to.ai_addr, to.ai_addrlen) == 0) {
      return {};
    }
    if (errno != EINPROGRESS) {
      return Fail(Code::kUnavailable, std::strerror(errno));
    }
    if (Status ready = Await(POLLOUT); !ready.ok()) {
      return ready;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? Status() : Fail(Code::kUnavailable, std::strerror(error));
  }

  Status Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno != EAGAIN) {
        return Fail(Code::kUnavailable, std::strerror(errno));
      } else if (Status ready = Await(POLLOUT); !ready.ok()) {
        return ready;
      }
    }
    return {};
  }

  // Until the peer closes.
  Result<std::string> ReceiveAll() {
    std::string all;
    std::array<char, 4096> some;
    while (all.size() <= kAnswerBytesMax) {
      const ssize_t got = recv(socket_, some.data(), some.size(), 0);
      if (got > 0) {
        all.append(some.data(), static_cast<std::size_t>(got));
      } else if (got == 0) {
        return all;
      } else if (errno != EAGAIN) {
        return Fail(Code::kUnavailable, std::strerror(errno));
      } else if (Status ready = Await(POLLIN); !ready.ok()) {
        return Fail(std::move(ready.error()));
      }
    }
    return Fail(Code::kDataLoss, "the answer is too long");
  }

 private:
  Status Await(short events) {
    pollfd waiting{socket_, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady_clock::now());
    if (left.count() <= 0 || poll(&waiting, 1, static_cast<int>(left.count())) <= 0) {
      return Fail(Code::kDeadlineExceeded, "no answer in time");
    }
    return {};
  }

  const int socket_;
  const steady_clock::time_point deadline_;
};

Result<std::string> Exchange(const std::string& address, const std::string& request) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error =
          getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found);
      error != 0) {
    return Fail(Code::kUnavailable, gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> to(found, &freeaddrinfo);
  const int made =
      socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);
  if (made < 0) {
    return Fail(Code::kUnavailable, std::strerror(errno));
  }
  Connection connection(made, steady_clock::now() + kTimeout);
  if (Status connected = connection.Connect(*to); !connected.ok()) {
    return Fail(std::move(connected.error()));
  }
  if (Status sent = connection.Send(request); !sent.ok()) {
    return Fail(std::move(sent.error()));
  }
  return connection.ReceiveAll();
}

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

Result<PostAnswer> ParseAnswer(const std::string& bytes) {
  const std::string_view all = bytes;
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string_view::npos || all.size() < 12 || !all.starts_with("HTTP/1.")) {
    return Fail(Code::kDataLoss, "the answer is not HTTP");
  }
  PostAnswer answer;
  for (const char digit : all.substr(9, 3)) {
    if (digit < '0' || digit > '9') {
      return Fail(Code::kDataLoss, "the answer has no status");
    }
    answer.status = answer.status * 10 + (digit - '0');
  }
  std::string_view head = all.substr(0, end);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && SameName(line.substr(0, colon), "content-type")) {
      std::string_view value = line.substr(colon + 1);
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      answer.content_type = value;
    }
  }
  answer.body = all.substr(end + 4);
  return answer;
}

struct HttpPoster::Impl {
  struct Task {
    std::string request;
    std::function<void(Result<PostAnswer>)> done;
  };

  void Run() {
    while (true) {
      Task task;
      {
        const MutexLock lock(mutex);
        some.Wait(mutex, [this]() BELFRY_REQUIRES(mutex) { return stopping || !waiting.empty(); });
        if (stopping) {
          break;
        }
        task = std::move(waiting.front());
        waiting.pop_front();
      }
      Result<std::string> answer = Exchange(address, task.request);
      task.done(answer.ok() ? ParseAnswer(*answer)
                            : Fail(Wrap("post to " + address, std::move(answer.error()))));
    }
    std::deque<Task> left;
    {
      const MutexLock lock(mutex);
      left.swap(waiting);
    }
    for (const Task& task : left) {
      task.done(Fail(Code::kCancelled, "stopping"));
    }
  }

  const std::string address;
  const std::string authorization;
  Mutex mutex;
  CondVar some;
  std::deque<Task> waiting BELFRY_GUARDED_BY(mutex);
  bool stopping BELFRY_GUARDED_BY(mutex) = false;
  std::thread thread;
};

HttpPoster::HttpPoster(std::string address, std::string authorization)
    : impl_(new Impl{std::move(address), std::move(authorization), {}, {}, {}, false, {}}) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

HttpPoster::~HttpPoster() {
  {
    const MutexLock lock(impl_->mutex);
    impl_->stopping = true;
    impl_->some.NotifyAll();
  }
  impl_->thread.join();
}

void HttpPoster::Post(std::string path, std::string json,
                      std::function<void(Result<PostAnswer>)> done) {
  std::string request =
      "POST " + std::move(path) + " HTTP/1.1\r\nHost: " + impl_->address +
      "\r\nAuthorization: " + impl_->authorization +
      "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(json.size()) +
      "\r\nConnection: close\r\n\r\n" + std::move(json);
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
