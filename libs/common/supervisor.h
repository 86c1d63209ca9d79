// SPDX-License-Identifier: Apache-2.0
// Tells the supervisor that started this process how it is, by systemd's protocol sd_notify(3): a
// datagram per message to the socket that NOTIFY_SOCKET names. Without one every function does
// nothing. A message that cannot be sent is dropped: the supervisor goes by its own timeouts then.
// One thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace belfry {

class Supervisor {
 public:
  // `socket_path`: empty for none; a leading '@' for an abstract address. `watchdog`: within which
  // time the supervisor expects the next Alive; zero for never.
  Supervisor(std::string socket_path, std::chrono::microseconds watchdog);
  // The one that NOTIFY_SOCKET and WATCHDOG_USEC name.
  static Supervisor OfProcess();
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // It has started and serves, or has read its keys and certificates again.
  void Ready();
  // It is about to read them again.
  void Reloading();
  // It takes no more and ends.
  void Stopping();
  // The main thread runs. As often as you like: a message goes out four times per `watchdog`.
  void Alive();

 private:
  void Send(std::string_view message) const;

  const std::string path_;
  const std::chrono::microseconds watchdog_;
  const int socket_;  // -1 without a supervisor
  std::chrono::steady_clock::time_point next_;
};

}  // namespace belfry
