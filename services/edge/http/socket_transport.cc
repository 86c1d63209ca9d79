// SPDX-License-Identifier: Apache-2.0
#include "services/edge/http/socket_transport.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace belfry::edge {
namespace {

constexpr int kNotSentLowWater = 16 * 1024;  // unsent bytes in the kernel, per socket
constexpr int kUserTimeoutMs = 20'000;       // unacknowledged for so long: the peer is dead
constexpr int kEventsMax = 256;
constexpr std::size_t kDroppedMax = 64 * 1024;

void SetOption(int socket, int name, int value) {
  // Without it the stream still works, only later or with more memory; a local test socket that is
  // no TCP has none of them.
  (void)setsockopt(socket, IPPROTO_TCP, name, &value, sizeof(value));
}

}  // namespace

Result<std::unique_ptr<SocketTransport>> SocketTransport::Make() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) {
    return Fail(Code::kResourceExhausted, std::string("create epoll: ") + std::strerror(errno));
  }
  return std::unique_ptr<SocketTransport>(new SocketTransport(epoll));
}

SocketTransport::~SocketTransport() { close(epoll_); }

bool SocketTransport::Watch(int socket, StreamHandle handle) {
  SetOption(socket, TCP_NODELAY, 1);
  SetOption(socket, TCP_NOTSENT_LOWAT, kNotSentLowWater);
  SetOption(socket, TCP_USER_TIMEOUT, kUserTimeoutMs);
  // Edge-triggered, so that one call per stream is enough: room to write is only reported after a
  // write that did not fit.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = handle;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0;
}

bool SocketTransport::Poll(Streams& streams) {
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_, events.data(), kEventsMax, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const StreamHandle handle = event.data.u64;
    if ((event.events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) != 0) {
      streams.OnGone(handle);
      continue;
    }
    if ((event.events & EPOLLIN) != 0) {
      if (const auto socket = streams.SocketOf(handle)) {
        const Peer peer = DropInput(*socket);
        if (peer != Peer::kThere) {
          streams.OnGone(handle,
                         peer == Peer::kFlooding ? CloseReason::kFlooding : CloseReason::kPeerGone);
          continue;
        }
      }
    }
    if ((event.events & EPOLLOUT) != 0) {
      streams.OnWritable(handle);
    }
  }
  return count == kEventsMax;
}

SocketTransport::Peer SocketTransport::DropInput(int socket) {
  std::array<char, 4096> scratch;
  while (true) {
    const ssize_t got = recv(socket, scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (got > 0) {
      std::size_t& dropped = dropped_[socket];
      dropped += static_cast<std::size_t>(got);
      if (dropped > kDroppedMax) {
        return Peer::kFlooding;
      }
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      const bool there = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
      return there ? Peer::kThere : Peer::kGone;
    }
  }
}

std::optional<std::size_t> SocketTransport::Write(int socket, std::string_view bytes) {
  while (true) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      return static_cast<std::size_t>(sent);
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return 0;
    }
    if (errno != EINTR) {
      return std::nullopt;
    }
  }
}

void SocketTransport::FinishWriting(int socket) { shutdown(socket, SHUT_WR); }

void SocketTransport::Close(int socket) {
  // Bytes that were never read would make the kernel reset the connection and so destroy what is
  // still under way to the peer.
  (void)DropInput(socket);
  dropped_.erase(socket);
  close(socket);
}

}  // namespace belfry::edge
