// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "libs/wire/rpc/typed_call.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

using std::chrono::milliseconds;

// Takes every descriptor of the process until destroyed.
class Exhaustion {
 public:
  Exhaustion() {
    BELFRY_CHECK(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit low = before_;
    low.rlim_cur = std::min<rlim_t>(before_.rlim_cur, 256);
    BELFRY_CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
  }
  ~Exhaustion() {
    for (const int fd : taken_) {
      close(fd);
    }
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  Exhaustion(const Exhaustion&) = delete;
  Exhaustion& operator=(const Exhaustion&) = delete;

  // Takes what is free now; threads may give some back later.
  void Take() {
    for (int fd = open("/dev/null", O_RDONLY | O_CLOEXEC); fd >= 0;
         fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) {
      taken_.push_back(fd);
    }
    BELFRY_CHECK(errno == EMFILE);
  }

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

// Sockets that are not connected yet, so that it takes no descriptor of this process to connect
// them later.
std::vector<int> MakeSockets(std::size_t count) {
  std::vector<int> sockets(count);
  for (int& fd : sockets) {
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    BELFRY_CHECK(fd >= 0);
  }
  return sockets;
}

sockaddr_in AddressOf(const RpcServer& server) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool Connect(int client, const sockaddr_in& address) {
  return connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// stderr through a pipe that a test reads while others write.
class StderrPipe {
 public:
  StderrPipe() : stderr_(dup(STDERR_FILENO)) {
    BELFRY_CHECK(stderr_ >= 0 && pipe(ends_.data()) == 0);
    BELFRY_CHECK(dup2(ends_[1], STDERR_FILENO) >= 0);
  }
  ~StderrPipe() {
    dup2(stderr_, STDERR_FILENO);
    for (const int fd : {stderr_, ends_[0], ends_[1]}) {
      close(fd);
    }
  }
  StderrPipe(const StderrPipe&) = delete;
  StderrPipe& operator=(const StderrPipe&) = delete;

  // True once a line that has `text` was written; false after `at_most` without one.
  bool Await(const std::string& text, std::chrono::milliseconds at_most) {
    while (read_.find(text) == std::string::npos) {
      pollfd waiting{ends_[0], POLLIN, 0};
      if (poll(&waiting, 1, static_cast<int>(at_most.count())) <= 0) {
        return false;
      }
      std::array<char, 512> block{};
      const ssize_t size = read(ends_[0], block.data(), block.size());
      BELFRY_CHECK(size > 0);
      read_.append(block.data(), static_cast<std::size_t>(size));
    }
    read_.erase(0, read_.find(text) + text.size());
    return true;
  }

 private:
  const int stderr_;
  std::array<int, 2> ends_{};
  std::string read_;
};

TEST(Listener, AcceptsAgainAfterDescriptorsRanOut) {
  test::TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  StderrPipe lines;
  RpcServerOptions options;
  options.address = "127.0.0.1:0";
  auto server =
      RpcServer::Start(options, {&service}, Log::Make("test", LogLevel::kInfo, LogFormat::kJson));
  ASSERT_TRUE(server.ok());
  const auto early = *MakeChannel(test::AddressOf(**server), {});
  ASSERT_TRUE(test::Notify(early).ok());
  const sockaddr_in address = AddressOf(**server);
  for (int round = 0; round < 2; ++round) {
    const std::vector<int> clients = MakeSockets(50);
    {
      Exhaustion exhaustion;
      bool refused = false;
      for (std::size_t i = 0; i < clients.size() && !refused; ++i) {
        exhaustion.Take();
        ASSERT_TRUE(Connect(clients[i], address));
        refused = lines.Await("cannot accept connections", milliseconds(200));
      }
      ASSERT_TRUE(refused);
      EXPECT_TRUE(test::Notify(early).ok());  // who is connected does not notice
    }
    EXPECT_TRUE(lines.Await("accepting connections again", milliseconds(20'000)));
    EXPECT_TRUE(test::Notify(*MakeChannel(test::AddressOf(**server), {})).ok());
    for (const int client : clients) {
      close(client);
    }
  }
}

TEST(Listener, LeavesTheLastDescriptorsToTheProcess) {
  test::TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  StderrPipe lines;
  RpcServerOptions options;
  options.address = "127.0.0.1:0";
  auto server =
      RpcServer::Start(options, {&service}, Log::Make("test", LogLevel::kInfo, LogFormat::kJson));
  ASSERT_TRUE(server.ok());
  const sockaddr_in address = AddressOf(**server);
  const auto early = *MakeChannel(test::AddressOf(**server), {});
  ASSERT_TRUE(test::Notify(early).ok());
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const std::vector<int> clients = MakeSockets(200);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(clients.back()) + 100;  // not enough for all
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (const int client : clients) {
    ASSERT_TRUE(Connect(client, address));
  }
  EXPECT_TRUE(lines.Await("cannot accept connections", milliseconds(20'000)));
  std::vector<int> own(16);
  for (int& fd : own) {
    fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_GE(fd, 0) << "connections took them all";
  }
  EXPECT_TRUE(test::Notify(early).ok());
  for (const int fd : own) {
    close(fd);
  }
  for (const int client : clients) {
    close(client);
  }
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(lines.Await("accepting connections again", milliseconds(20'000)));
}

// Before, strangers who connected first kept everybody out.
TEST(Listener, StrangersGiveWayWhereDescriptorsAreFewAndWhoIsKnownStays) {
  const SystemClock clock;
  std::mutex mutex;
  std::vector<std::string> peers;  // guarded by mutex
  HeadFirstCalls calls({}, clock, [&](const CallHead& head) -> Status {
    if (head.Authorization() != "Bearer friend") {
      return Fail(Code::kUnauthenticated, "who?");
    }
    const std::lock_guard lock(mutex);
    peers.push_back(head.Peer());
    return {};
  });
  HeadFirstService service(v1::NotifyService::service_full_name());
  using Call = TypedCall<v1::NotifyRequest, v1::NotifyResponse>;
  AddTyped<Call>(&service, "Notify", calls, [](Call& call) { call.End({}); });
  RpcServerOptions options;
  options.calls = &calls;
  const auto server = test::StartServer({&service}, options);
  const auto notify = [](const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer friend");
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    v1::NotifyResponse response;
    return v1::NotifyService::NewStub(channel)->Notify(&context, {}, &response).ok();
  };
  const auto early = *MakeChannel(test::AddressOf(*server), {});
  ASSERT_TRUE(notify(early));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const std::vector<int> clients = MakeSockets(200);
  rlimit low = before;
  low.rlim_cur = static_cast<rlim_t>(clients.back()) + 100;  // not enough for all
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (const int client : clients) {
    ASSERT_TRUE(Connect(client, AddressOf(*server)));
  }
  const auto late = *MakeChannel(test::AddressOf(*server), {});
  EXPECT_TRUE(belfry::test::WaitUntil([&] { return notify(late); }));
  EXPECT_TRUE(notify(early));
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(peers.back(), peers.front()) << "it did not have to connect again";
  }
  for (const int client : clients) {
    close(client);
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace belfry::wire
