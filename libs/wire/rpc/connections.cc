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
// Short, because in a flood each place is used by one stranger for so long.
constexpr std::chrono::milliseconds kStrangerMin{100};
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
  const auto peer = PeerOf(fd);
  if (!peer) {
    return;  // a unix socket's, or it has ended
  }
  const SteadyTime now = clock_.Now();
  const MutexLock lock(mutex_);
  // What had the number or the address before has gone.
  if (const auto before = peers_.find(fd); before != peers_.end()) {
    Forget(by_peer_.find(before->second));
  }
  if (const auto before = by_peer_.find(*peer); before != by_peer_.end()) {
    Forget(before);
  }
  peers_.emplace(fd, *peer);
  strangers_.emplace(++last_stranger_, *peer);
  by_peer_.emplace(*peer, Connection{fd, fruitless_max_, now, now, last_stranger_});
}

void Connections::Forget(Peers::iterator connection) {
  peers_.erase(connection->second.fd);
  strangers_.erase(connection->second.stranger);
  by_peer_.erase(connection);
}

bool Connections::End(Peers::iterator connection) {
  // The number may be another's by now; then that one has another peer.
  const int fd = connection->second.fd;
  const bool there = PeerOf(fd) == connection->first;
  if (there) {
    shutdown(fd, SHUT_RDWR);
  }
  Forget(connection);
  return there;
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
  return connection.left < 0 && End(found);
}

void Connections::NoteKnown(std::string_view peer) {
  const auto key = PeerOf(peer);
  if (!key) {
    return;
  }
  const MutexLock lock(mutex_);
  const auto found = by_peer_.find(*key);
  if (found != by_peer_.end() && found->second.stranger != 0) {
    strangers_.erase(std::exchange(found->second.stranger, 0));
  }
}

bool Connections::EndOldestStranger() {
  const SteadyTime now = clock_.Now();
  const MutexLock lock(mutex_);
  while (!strangers_.empty()) {
    const auto oldest = by_peer_.find(strangers_.begin()->second);
    if (now - oldest->second.since < kStrangerMin) {
      return false;
    }
    if (End(oldest)) {
      return true;
    }
  }
  return false;
}

}  // namespace belfry::wire
