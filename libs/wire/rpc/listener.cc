// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "libs/common/address.h"
#include "libs/common/check.h"
#include "libs/wire/rpc/unix_address.h"

namespace belfry::wire {
namespace {

constexpr int kBacklog = 1024;
// How long to leave the queue alone when there are no descriptors or no memory for a connection.
constexpr int kExhaustedPauseMs = 100;
constexpr rlim_t kReservedDescriptors = 128;

struct FreeAddresses {
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

// "127.0.0.1:7100", "[::1]:7100", "localhost:7100".
Result<std::unique_ptr<addrinfo, FreeAddresses>> Resolve(const std::string& address) {
  const auto parts = SplitHostPort(address);
  if (!parts) {
    return Fail(Code::kInvalidArgument,
                "listen on \"" + address + "\": must be host:port, the port 0 to 65535");
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(std::string(parts->host).c_str(),
                                std::string(parts->port_text).c_str(), &hints, &found);
  if (error != 0) {
    return Fail(Code::kInvalidArgument, "listen on \"" + address + "\": " + gai_strerror(error));
  }
  return std::unique_ptr<addrinfo, FreeAddresses>(found);
}

Error Unavailable(const std::string& address, int error) {
  return {Code::kUnavailable,
          "listen on " + address + ": " + std::strerror(error) +
              (error == EADDRINUSE ? "; \"ss -ltnp\" says by whom: end that, or choose another port"
                                   : "")};
}

// A bound and listening socket.
Result<int> BindInternet(const std::string& address) {
  const auto resolved = Resolve(address);
  if (!resolved.ok()) {
    return Fail(resolved.error());
  }
  const addrinfo& target = **resolved;
  const int fd = socket(target.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||  // inherited by connections
      bind(fd, target.ai_addr, target.ai_addrlen) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    if (fd >= 0) {
      close(fd);
    }
    return Fail(Unavailable(address, error));
  }
  return fd;
}

// Nobody but its owner can connect: its mode is set before it listens.
Result<int> BindUnix(const std::string& address, const std::string& path) {
  const auto target = UnixAddressOf(path);
  if (!target.ok()) {
    return Fail(Wrap("listen on " + address, target.error()));
  }
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&*target), sizeof *target) != 0 ||
      chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(fd, kBacklog) != 0) {
    const int error = errno;
    if (fd >= 0) {
      close(fd);
    }
    return Fail(Unavailable(address, error));
  }
  return fd;
}

std::uint16_t PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  BELFRY_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  if (bound.ss_family == AF_UNIX) {
    return 0;
  }
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

enum class Room { kEnough, kLittle, kNone };

// How many descriptors are left. Linux gives out the lowest free one, so that of a new connection
// says it. The last ones are for the process itself: its files, calls and admin port. Of these half
// may be used for the moment until a connection that was ended has gone.
Room RoomFor(int connection) {
  rlimit limit{};
  BELFRY_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlim_t reserved = std::min(kReservedDescriptors, limit.rlim_cur / 8);
  const auto used = static_cast<rlim_t>(connection);
  if (used < limit.rlim_cur - reserved) {
    return Room::kEnough;
  }
  return used < limit.rlim_cur - reserved / 2 ? Room::kLittle : Room::kNone;
}

bool Exhausted(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Bind(const std::string& address, Log log) {
  constexpr std::string_view kUnix = "unix:";
  const auto bound = address.starts_with(kUnix) ? BindUnix(address, address.substr(kUnix.size()))
                                                : BindInternet(address);
  if (!bound.ok()) {
    return Fail(bound.error());
  }
  const int fd = *bound;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) {
    const int error = errno;
    close(fd);
    return Fail(Unavailable(address, error));
  }
  return std::unique_ptr<Listener>(new Listener(fd, PortOf(fd), wake, std::move(log)));
}

Listener::Listener(int fd, std::uint16_t port, int wake, Log log)
    : fd_(fd), port_(port), wake_(wake), log_(std::move(log)) {}

Listener::~Listener() {
  Stop();
  close(wake_);
}

void Listener::Accept(std::function<void(int fd)> take, std::function<bool()> make_room) {
  BELFRY_CHECK(!thread_.joinable());
  thread_ = std::thread(
      [this, take = std::move(take), make_room = std::move(make_room)] { Run(take, make_room); });
}

void Listener::Stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  BELFRY_CHECK(write(wake_, &one, sizeof one) == sizeof one);
  if (thread_.joinable()) {
    thread_.join();
  }
  if (fd_ >= 0) {
    close(fd_);
    fd_ = -1;
  }
}

void Listener::Wait(bool for_connections, int timeout_ms) const {
  std::array<pollfd, 2> waiting = {{{wake_, POLLIN, 0}, {fd_, POLLIN, 0}}};
  poll(waiting.data(), for_connections ? 2 : 1, timeout_ms);
}

void Listener::Run(const std::function<void(int fd)>& take,
                   const std::function<bool()>& make_room) {
  bool exhausted = false;
  while (!stopping_) {
    int connection = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = connection >= 0 ? 0 : errno;
    const Room room = connection >= 0 ? RoomFor(connection) : Room::kEnough;
    if (room == Room::kNone || (room == Room::kLittle && !make_room())) {
      close(connection);
      connection = -1;
      error = EMFILE;
    }
    if (Exhausted(error) != exhausted) {  // Linux reports it even if no connection waits
      exhausted = !exhausted;
      if (exhausted) {
        log_.Error("cannot accept connections", {{"port", port_}, {"error", std::strerror(error)}});
      } else {
        log_.Info("accepting connections again", {{"port", port_}});
      }
    }
    if (connection >= 0) {
      take(connection);
    } else if (error == EAGAIN || error == EWOULDBLOCK) {
      Wait(true, -1);
    } else if (exhausted) {
      Wait(false, kExhaustedPauseMs);
    }
    // Anything else is the end of one connection before it was taken.
  }
}

}  // namespace belfry::wire
