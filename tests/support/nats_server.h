// SPDX-License-Identifier: Apache-2.0
// A real nats-server for a test, on a free loopback port.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temp_dir.h"

namespace belfry::test {

// One server: started, killed and started again on the same port. Not thread-safe. Aborts the test
// program when nats-server cannot be run.
class NatsServer {
 public:
  // Does not start it. `arguments` are added to its command line.
  explicit NatsServer(std::vector<std::string> arguments = {});
  ~NatsServer();  // kills it
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // For the next start.
  void set_arguments(std::vector<std::string> arguments) { arguments_ = std::move(arguments); }
  // Starts it and returns once it accepts clients.
  void Start();
  // SIGKILL, and waits for its end. Its clients see a reset.
  void Kill();
  // SIGSTOP and SIGCONT: it is there and does not answer.
  void Pause();
  void Resume();

  // Its port, also before the first start and between starts: nobody else gets it.
  std::uint16_t port() const { return port_; }
  std::string url() const;  // nats://127.0.0.1:<port>

 private:
  std::vector<std::string> arguments_;
  TempDir dir_;
  int reservation_ = -1;  // a socket bound to the port, never listening
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace belfry::test
