// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/bare_loop.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
#include <string_view>
#include <vector>

#include "libs/common/check.h"

namespace belfry::bench {
namespace {

constexpr std::string_view kBegun =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    "1b\r\nevent: connected\ndata: {}\n\n\r\n";
constexpr std::string_view kFire = "FIRE ";

int Listen(const test::Endpoint& at) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(at.port);
  BELFRY_CHECK(inet_pton(AF_INET, at.host.c_str(), &address.sin_addr) == 1);
  BELFRY_CHECK(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  BELFRY_CHECK(listen(listener, 4096) == 0);
  return listener;
}

class BareLoop {
 public:
  explicit BareLoop(const test::Endpoint& at) : listener_(Listen(at)) { Watch(listener_); }

  [[noreturn]] void Run() {
    std::array<epoll_event, 512> events;
    while (true) {
      const int n = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.fd == listener_) {
          Accept();
        } else {
          Read(events[i].data.fd);
        }
      }
    }
  }

 private:
  void Watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    BELFRY_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
  }

  void Accept() const {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) {
        return;
      }
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Watch(fd);
    }
  }

  void Read(int fd) {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) {
      close(fd);
      commands_.erase(fd);
      std::erase(streams_, fd);
      return;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    if (commands_.contains(fd) || bytes.starts_with(kFire)) {
      TakeCommand(commands_[fd].append(bytes));
    } else {
      streams_.push_back(fd);
      send(fd, kBegun.data(), kBegun.size(), MSG_NOSIGNAL);
    }
  }

  void TakeCommand(std::string& command) const {
    const std::size_t line = command.find('\n');
    if (line == std::string::npos) {
      return;
    }
    const std::size_t size = std::strtoull(command.c_str() + kFire.size(), nullptr, 10);
    if (command.size() < line + 1 + size) {
      return;
    }
    const char* frame = command.data() + line + 1;
    for (const int fd : streams_) {
      send(fd, frame, size, MSG_NOSIGNAL);
    }
    command.erase(0, line + 1 + size);
  }

  const int epoll_ = epoll_create1(0);
  const int listener_;
  std::vector<int> streams_;
  std::map<int, std::string> commands_;
};

}  // namespace

void ServeBareLoop(const test::Endpoint& at) { BareLoop(at).Run(); }

std::string FireCommand(const std::string& frame) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), frame.size(), 16).ptr;
  const std::string chunk = std::string(size.data(), end) + "\r\n" + frame + "\r\n";
  return std::string(kFire) + std::to_string(chunk.size()) + "\n" + chunk;
}

}  // namespace belfry::bench
