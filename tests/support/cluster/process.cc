// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace belfry::test {
namespace {

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void Become(char* const* argv, char* const* environment, int log, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(127);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  execve(argv[0], argv, environment);
  _exit(127);
}

}  // namespace

Result<std::unique_ptr<Process>> Process::Start(std::vector<std::string> argv,
                                                const std::string& log_path) {
  if (access(argv.at(0).c_str(), X_OK) != 0) {
    return Fail(Code::kUnavailable, "start " + argv[0] + ": " + std::strerror(errno));
  }
  const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) {
    return Fail(Code::kUnavailable, "open " + log_path + ": " + std::strerror(errno));
  }

  std::vector<char*> arguments;
  for (std::string& argument : argv) {
    arguments.push_back(argument.data());
  }
  arguments.push_back(nullptr);
  std::string path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* environment[] = {path.data(), nullptr};

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    Become(arguments.data(), environment, log, parent);
  }
  const int fork_error = errno;
  close(log);
  if (pid < 0) {
    return Fail(Code::kUnavailable, "fork: " + std::string(std::strerror(fork_error)));
  }
  const int pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  return std::unique_ptr<Process>(new Process(pid, pid_fd));
}

Process::~Process() {
  Kill();
  close(pid_fd_);
}

bool Process::Running() { return !WaitForEnd(std::chrono::milliseconds(0)).has_value(); }

void Process::Signal(int signal) {
  if (Running()) {
    kill(pid_, signal);
  }
}

void Process::Kill() {
  if (status_) {
    return;
  }
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = status;
}

std::optional<int> Process::WaitForEnd(std::chrono::milliseconds timeout) {
  if (status_) {
    return status_;
  }
  pollfd ended{pid_fd_, POLLIN, 0};
  poll(&ended, 1, static_cast<int>(timeout.count()));
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = status;
  }
  return status_;
}

}  // namespace belfry::test
