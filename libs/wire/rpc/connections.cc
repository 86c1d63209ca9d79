// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "libs/common/address.h"

namespace belfry::wire {
namespace {

constexpr double kRefillSeconds = 10;
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xFF\xFF", 12);

// The 16 bytes of an address, an IPv4 one as IPv6 maps it, and the port's.
std::string Key(std::string_view address, std::uint16_t port) {
  std::string key;
  key.reserve(kMapped.size() + sizeof(in_addr) + sizeof port);
  if (address.size() == sizeof(in_addr)) {
    key.append(kMapped);
  }
  key.append(address);
  key.push_back(static_cast<char>(port >> 8));
  key.push_back(static_cast<char>(port & 0xFF));
  return key;
}

template <typename Address>
std::string_view BytesOf(const Address& address) {
  return {reinterpret_cast<const char*>(&address), sizeof address};
}

// Of the other end of a TCP connection; std::nullopt: `fd` is none.
std::optional<std::string> PeerOf(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) {
    return std::nullopt;
  }
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    return Key(BytesOf(v4.sin_addr), ntohs(v4.sin_port));
  }
  if (peer.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
    return Key(BytesOf(v6.sin6_addr), ntohs(v6.sin6_port));
  }
  return std::nullopt;
}

// Without `text` at the begin or the end.
std::string_view WithoutBegin(std::string_view from, std::string_view text) {
  return from.starts_with(text) ? from.substr(text.size()) : from;
}
std::string_view WithoutEnd(std::string_view from, std::string_view text) {
  return from.ends_with(text) ? from.substr(0, from.size() - text.size()) : from;
}

// Of a URI as gRPC writes them: "ipv4:127.0.0.1:52114", "ipv6:%5Bfe80::1%25eth0%5D:52114".
std::optional<std::string> PeerOf(std::string_view uri) {
  const auto parts = SplitHostPort(uri.substr(std::min(uri.size(), uri.find(':') + 1)));
  if (!parts) {
    return std::nullopt;
  }
  std::string_view address = WithoutEnd(WithoutBegin(parts->host, "%5B"), "%5D");
  address = address.substr(0, address.find('%'));
  const std::string host(address);
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return Key(BytesOf(v4), parts->port);
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return Key(BytesOf(v6), parts->port);
  }
  return std::nullopt;
}

}  // namespace

void Connections::Add(int fd) {
  auto peer = PeerOf(fd);
  if (!peer) {
    return;  // a unix socket's, or it has ended
  }
  const SteadyTime now = clock_.Now();
  const MutexLock lock(mutex_);
  std::string& known = peers_[fd];
  if (const auto old = by_peer_.find(known); old != by_peer_.end() && old->second.fd == fd) {
    by_peer_.erase(old);
  }
  known = *peer;
  by_peer_.insert_or_assign(std::move(*peer), Connection{fd, fruitless_max_, now});
}

bool Connections::CountFruitless(std::string_view peer) {
  const auto key = PeerOf(peer);
  if (!key) {
    return false;
  }
  const SteadyTime now = clock_.Now();
  const MutexLock lock(mutex_);
  const auto found = by_peer_.find(*key);
  if (found == by_peer_.end()) {
    return false;
  }
  Connection& connection = found->second;
  const double seconds = std::chrono::duration<double>(now - connection.at).count();
  connection.left =
      std::min(fruitless_max_, connection.left + seconds * fruitless_max_ / kRefillSeconds) - 1;
  connection.at = now;
  if (connection.left >= 0) {
    return false;
  }
  // The number may be another's by now; then that one has another peer.
  if (PeerOf(connection.fd) == key) {
    shutdown(connection.fd, SHUT_RDWR);
  }
  peers_.erase(connection.fd);
  by_peer_.erase(found);
  return true;
}

}  // namespace belfry::wire
