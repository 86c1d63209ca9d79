// SPDX-License-Identifier: Apache-2.0
#include "tests/support/nats_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "libs/common/check.h"
#include "tests/support/wait.h"

extern char** environ;

namespace belfry::test {
namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool Accepts(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  BELFRY_CHECK(fd >= 0);
  const sockaddr_in address = Loopback(port);
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  // A server that answers sends INFO first.
  char first = 0;
  const bool answered = connected && recv(fd, &first, 1, 0) == 1 && first == 'I';
  close(fd);
  return answered;
}

}  // namespace

// nats-server could pick its own port (-p -1), but clients that start before it must know it. With
// SO_REUSEADDR on both sides a socket that never listens keeps the port for the server.
NatsServer::NatsServer(std::vector<std::string> arguments)
    : arguments_(std::move(arguments)),
      reservation_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  BELFRY_CHECK(reservation_ >= 0);
  BELFRY_CHECK(setsockopt(reservation_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  BELFRY_CHECK(bind(reservation_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  BELFRY_CHECK(getsockname(reservation_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

NatsServer::~NatsServer() {
  Kill();
  close(reservation_);
}

std::string NatsServer::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

void NatsServer::Start() {
  BELFRY_CHECK(pid_ == -1);
  std::vector<std::string> words = {"nats-server", "-a", "127.0.0.1", "-p", std::to_string(port_)};
  words.insert(words.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);

  const std::string log = (dir_.path() / "nats.log").string();
  posix_spawn_file_actions_t actions;
  BELFRY_CHECK(posix_spawn_file_actions_init(&actions) == 0);
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    BELFRY_CHECK(posix_spawn_file_actions_addopen(&actions, fd, log.c_str(),
                                                  O_WRONLY | O_CREAT | O_APPEND, 0600) == 0);
  }
  // The test program may have blocked signals; its child must not inherit that.
  posix_spawnattr_t attributes;
  sigset_t none;
  sigemptyset(&none);
  BELFRY_CHECK(posix_spawnattr_init(&attributes) == 0);
  BELFRY_CHECK(posix_spawnattr_setsigmask(&attributes, &none) == 0);
  BELFRY_CHECK(posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) == 0);
  BELFRY_CHECK(posix_spawnp(&pid_, "nats-server", &actions, &attributes, argv.data(), environ) ==
               0);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  BELFRY_CHECK(WaitUntil([this] { return Accepts(port_); }));
}

void NatsServer::Kill() {
  if (pid_ == -1) {
    return;
  }
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void NatsServer::Pause() { BELFRY_CHECK(pid_ != -1 && kill(pid_, SIGSTOP) == 0); }

void NatsServer::Resume() { BELFRY_CHECK(pid_ != -1 && kill(pid_, SIGCONT) == 0); }

}  // namespace belfry::test
