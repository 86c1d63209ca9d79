// SPDX-License-Identifier: Apache-2.0
#include "libs/common/supervisor.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace belfry {
namespace {

constexpr int kMessagesPerWatchdog = 4;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Since the machine has started: what the supervisor compares a reload with.
std::int64_t SteadyMicroseconds() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int Open(const std::string& path) {
  const bool fits = path.size() < sizeof(sockaddr_un::sun_path);
  return path.empty() || !fits ? -1 : socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

}  // namespace

Supervisor::Supervisor(std::string socket_path, std::chrono::microseconds watchdog)
    : path_(std::move(socket_path)), watchdog_(watchdog), socket_(Open(path_)) {}

Supervisor Supervisor::OfProcess() {
  std::int64_t watchdog = 0;
  const std::string text = Variable("WATCHDOG_USEC");
  std::from_chars(text.data(), text.data() + text.size(), watchdog);
  return Supervisor(Variable("NOTIFY_SOCKET"), std::chrono::microseconds(watchdog));
}

Supervisor::~Supervisor() {
  if (socket_ >= 0) {
    close(socket_);
  }
}

void Supervisor::Ready() { Send("READY=1"); }

void Supervisor::Reloading() {
  Send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(SteadyMicroseconds()));
}

void Supervisor::Stopping() { Send("STOPPING=1"); }

void Supervisor::Alive() {
  const auto now = std::chrono::steady_clock::now();
  if (watchdog_ <= std::chrono::microseconds::zero() || now < next_) {
    return;
  }
  next_ = now + watchdog_ / kMessagesPerWatchdog;
  Send("WATCHDOG=1");
}

void Supervisor::Send(std::string_view message) const {
  if (socket_ < 0) {
    return;
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_.front() == '@') {
    address.sun_path[0] = '\0';
  }
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
  sendto(socket_, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
         reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace belfry
