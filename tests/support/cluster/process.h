// SPDX-License-Identifier: Apache-2.0
// A child process with its output in a file. Dies with us.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/common/result.h"

namespace belfry::test {

// One thread only, and that thread must outlive the child: the kernel kills the child when the
// thread that started it ends (PR_SET_PDEATHSIG).
class Process {
 public:
  // `argv[0]` is the binary's path; the environment is empty but for PATH; stdout and stderr are
  // appended to `log_path`. kUnavailable: no such binary, or no process can be made.
  static Result<std::unique_ptr<Process>> Start(std::vector<std::string> argv,
                                                const std::string& log_path);
  // Kills and reaps.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // Whether it has not ended yet.
  bool Running();
  // SIGSTOP, SIGCONT, SIGTERM, SIGKILL, ...; nothing if it has ended.
  void Signal(int signal);
  // SIGKILL and reap.
  void Kill();
  // The wait status once it has ended; nothing after `timeout`.
  std::optional<int> WaitForEnd(std::chrono::milliseconds timeout);

 private:
  Process(pid_t pid, int pid_fd) : pid_(pid), pid_fd_(pid_fd) {}

  const pid_t pid_;
  const int pid_fd_;
  std::optional<int> status_;
};

}  // namespace belfry::test
