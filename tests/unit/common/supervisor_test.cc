// SPDX-License-Identifier: Apache-2.0
#include "libs/common/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/support/temp_dir.h"

namespace belfry {
namespace {

using ::testing::IsEmpty;
using ::testing::MatchesRegex;

// The supervisor's end: a datagram socket at `path`.
class Listener {
 public:
  explicit Listener(const std::string& path)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (path.front() == '@') {
      address.sun_path[0] = '\0';
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The next message, or "" if there is none.
  std::string Next() {
    std::array<char, 256> buffer{};
    const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : "";
  }

 private:
  int socket_;
};

TEST(Supervisor, HearsTheWholeLife) {
  const test::TempDir folder;
  const std::string path = (folder.path() / "notify").string();
  Listener listener(path);
  Supervisor supervisor(path, std::chrono::seconds(0));
  supervisor.Ready();
  EXPECT_EQ(listener.Next(), "READY=1");
  supervisor.Reloading();
  EXPECT_THAT(listener.Next(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  supervisor.Ready();
  EXPECT_EQ(listener.Next(), "READY=1");
  supervisor.Stopping();
  EXPECT_EQ(listener.Next(), "STOPPING=1");
}

TEST(Supervisor, MayHaveAnAbstractAddress) {
  const std::string path = "@belfry-supervisor-test-" + std::to_string(getpid());
  Listener listener(path);
  Supervisor(path, std::chrono::seconds(0)).Ready();
  EXPECT_EQ(listener.Next(), "READY=1");
}

TEST(Supervisor, HearsThatItIsAliveNoOftenerThanItNeeds) {
  const test::TempDir folder;
  const std::string path = (folder.path() / "notify").string();
  Listener listener(path);
  Supervisor supervisor(path, std::chrono::hours(1));
  supervisor.Alive();
  supervisor.Alive();
  EXPECT_EQ(listener.Next(), "WATCHDOG=1");
  EXPECT_THAT(listener.Next(), IsEmpty());
}

TEST(Supervisor, WithoutAWatchdogHearsNothingOfIt) {
  const test::TempDir folder;
  const std::string path = (folder.path() / "notify").string();
  Listener listener(path);
  Supervisor(path, std::chrono::seconds(0)).Alive();
  EXPECT_THAT(listener.Next(), IsEmpty());
}

TEST(Supervisor, IsFoundByTheVariablesOfTheProcess) {
  const test::TempDir folder;
  const std::string path = (folder.path() / "notify").string();
  Listener listener(path);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  setenv("WATCHDOG_USEC", "60000000", 1);
  Supervisor supervisor = Supervisor::OfProcess();
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  supervisor.Alive();
  EXPECT_EQ(listener.Next(), "WATCHDOG=1");
}

TEST(Supervisor, MayBeAbsentOrGone) {
  Supervisor absent("", std::chrono::seconds(1));
  absent.Ready();
  absent.Alive();
  Supervisor gone("/nowhere/at/all", std::chrono::seconds(1));
  gone.Ready();
  Supervisor too_long(std::string(500, 'x'), std::chrono::seconds(1));
  too_long.Ready();
}

}  // namespace
}  // namespace belfry
