// SPDX-License-Identifier: Apache-2.0
#include "libs/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <future>
#include <mutex>
#include <vector>

#include "tests/support/wait.h"
#include "tests/unit/http/raw_client.h"
#include "tests/unit/http/test_server.h"

namespace belfry::http {
namespace {

using namespace std::chrono_literals;
using test::BodyIn;
using test::RawClient;
using test::StatusIn;
using test::WaitUntil;

std::string Get(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::string Post(const std::string& body, const std::string& fields = "") {
  return "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

// Keeps each request's responder for the test to use.
class Holder {
 public:
  Handler handler() {
    return [this](const Request&, std::shared_ptr<Responder> responder) {
      const std::lock_guard lock(mutex_);
      held_.push_back(std::move(responder));
    };
  }
  std::shared_ptr<Responder> Await() {
    EXPECT_TRUE(WaitUntil([this] {
      const std::lock_guard lock(mutex_);
      return !held_.empty();
    }));
    const std::lock_guard lock(mutex_);
    auto responder = std::move(held_.front());
    held_.erase(held_.begin());
    return responder;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<Responder>> held_;
};

TEST(Server, AnswersOneRequestAfterTheOtherOnOneConnection) {
  TestServer server(Echo);
  RawClient client(server.port());
  for (int i = 0; i < 3; ++i) {
    const std::string n = std::to_string(i);
    ASSERT_TRUE(client.Send(Get("/" + n)));
    const std::string response = client.ReadResponse();
    EXPECT_EQ(StatusIn(response), 200);
    EXPECT_EQ(BodyIn(response), "GET /" + n + "|");
    EXPECT_EQ(response.find("Connection:"), std::string::npos);
    ASSERT_TRUE(client.Send(Post("body " + n)));
    EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|body " + n);
  }
}

// Else a storm of connects overflows the kernel's queue, and who finds it full waits for a second.
TEST(Server, AcceptsThoseThatWaitBeforeItDoesAnythingElse) {
  boost::asio::io_context io{1};
  Metrics metrics;
  ServerOptions options;
  options.address = "127.0.0.1:0";
  auto server = Server::Listen(io, std::move(options), Echo, &metrics, Log());
  ASSERT_TRUE(server.ok());
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>((*server)->port()));
  }
  while ((*server)->connections() == 0) {
    ASSERT_EQ(io.run_one(), 1u);
  }
  EXPECT_EQ((*server)->connections(), clients.size());
  server->reset();
  io.poll();
}

TEST(Server, PassesThePeersAddressToTheHandler) {
  std::promise<std::string> address;
  TestServer server([&](const Request& request, const std::shared_ptr<Responder>& responder) {
    address.set_value(request.remote_address);
    responder->Send(Json("{}"));
  });
  RawClient client(server.port());
  client.Send(Get("/"));
  EXPECT_EQ(address.get_future().get(), "127.0.0.1");
}

TEST(Server, AnswersPipelinedRequestsInOrderAndOneAtATime) {
  std::atomic<int> open = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  {
    TestServer server([&](const Request& request, std::shared_ptr<Responder> responder) {
      most = std::max(most.load(), ++open);
      threads.emplace_back([&open, responder = std::move(responder), target = request.target] {
        --open;
        responder->Send(Json("\"" + target + "\""));
      });
    });
    RawClient client(server.port());
    std::string requests;
    for (int i = 0; i < 100; ++i) {
      requests += i % 3 == 0 ? Post("x") : Get("/" + std::to_string(i));
    }
    ASSERT_TRUE(client.Send(requests + Get("/last", "Connection: close\r\n")));
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(BodyIn(client.ReadResponse()),
                i % 3 == 0 ? "\"/p\"" : "\"/" + std::to_string(i) + "\"");
    }
    EXPECT_EQ(BodyIn(client.ReadResponse()), "\"/last\"");
    EXPECT_TRUE(client.ReadsEnd());
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(most, 1);
}

TEST(Server, TakesRequestsByteByByte) {
  TestServer server(Echo);
  RawClient client(server.port());
  for (const char byte : "\r\n" + Post("hello") + Post("you")) {
    ASSERT_TRUE(client.Send(std::string_view(&byte, 1)));
  }
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|hello");
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|you");
}

// Empty lines ahead of it, and a method that begins with no letter.
TEST(Server, JudgesARequestAlikeHoweverItsBytesCome) {
  TestServer server(Echo);
  for (const std::string& bytes : {"\r\n\r\n\r\n" + Post("hello"), "5" + Post("hello")}) {
    RawClient at_once(server.port());
    ASSERT_TRUE(at_once.Send(bytes));
    RawClient cut(server.port());
    for (const char byte : bytes) {
      ASSERT_TRUE(cut.Send(std::string_view(&byte, 1)));
    }
    EXPECT_EQ(StatusIn(at_once.ReadResponse()), 200) << bytes;
    EXPECT_EQ(StatusIn(cut.ReadResponse()), 200) << bytes;
  }
}

TEST(Server, AnswersHeadWithoutABody) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(client.Send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/y")));
  const std::string head = client.ReadResponse(true);
  EXPECT_NE(head.find("Content-Length: 8\r\n"), std::string::npos) << head;
  EXPECT_EQ(BodyIn(client.ReadResponse()), "GET /y|") << "the next answer begins right after";
}

TEST(Server, ClosesWhenTheClientAsksOrSpeaksHttp10) {
  TestServer server(Echo);
  for (const std::string& request :
       {Get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\nHost: a\r\n\r\n")}) {
    RawClient client(server.port());
    ASSERT_TRUE(client.Send(request));
    const std::string response = client.ReadResponse();
    EXPECT_EQ(StatusIn(response), 200);
    EXPECT_NE(response.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.ReadsEnd());
  }
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
}

TEST(Server, SendsContinueOnlyWhenItIsWaitedFor) {
  TestServer server(Echo);
  RawClient client(server.port());
  ASSERT_TRUE(
      client.Send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                  "Expect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.ReadResponse(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.Send("hello" + Post("you", "Expect: 100-continue\r\n")));
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|hello");
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|you");
}

TEST(Server, TakesABodyAsLargeAsItsLimitAndNoLarger) {
  ServerLimits limits;
  limits.body_bytes_max = 300'000;
  TestServer server(Echo, limits);
  const std::string body(limits.body_bytes_max, 'x');
  RawClient client(server.port());
  ASSERT_TRUE(client.Send(Post(body)));
  EXPECT_EQ(BodyIn(client.ReadResponse()).size(), body.size() + 8);
  // The refusal arrives although the body is still being sent.
  RawClient second(server.port());
  second.Send(Post(body + "x"));
  EXPECT_EQ(StatusIn(second.ReadResponse()), 413);
  EXPECT_EQ(server.Refused("body_too_large"), 1);
  // Nobody is asked to send what would be refused.
  RawClient third(server.port());
  ASSERT_TRUE(
      third.Send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 300001\r\n"
                 "Expect: 100-continue\r\n\r\n"));
  EXPECT_EQ(StatusIn(third.ReadResponse()), 413);
}

const std::string kChunkedPost =
    "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(Server, TakesABodyInChunksHoweverItIsCut) {
  TestServer server(Echo);
  const std::string request =
      kChunkedPost + "5\r\nhello\r\n1;ext=1\r\n \r\nA\r\nwide world\r\n0\r\n\r\n";
  RawClient client(server.port());
  client.Send(request + request);  // and the next one after it
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|hello wide world");
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|hello wide world");
  for (std::size_t i = 0; i < request.size(); ++i) {
    client.Send(request.substr(i, 1));
  }
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|hello wide world");
}

TEST(Server, TakesChunksWithinTheBodysLimits) {
  ServerLimits limits;
  limits.body_bytes_max = 1'000;
  limits.bodies_bytes_max = 100'000;
  TestServer server(Echo, limits);
  const std::string most = "3e8\r\n" + std::string(1'000, 'x') + "\r\n";
  RawClient client(server.port());
  client.Send(kChunkedPost + most + "0\r\n\r\n");
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|" + std::string(1'000, 'x'));
  for (const std::string& beyond :
       {std::string("3e9\r\n"), std::string("fffffffffffffff\r\n"), most + "1\r\n"}) {
    RawClient refused(server.port());
    refused.Send(kChunkedPost + beyond);
    EXPECT_EQ(StatusIn(refused.ReadResponse()), 413) << beyond;
    EXPECT_TRUE(refused.ReadsEnd());
  }
  RawClient endless(server.port());
  std::string extensions = kChunkedPost;
  for (int i = 0; i < 500; ++i) {
    extensions += "1;abc\r\nx\r\n";
  }
  endless.Send(extensions);
  EXPECT_EQ(StatusIn(endless.ReadResponse()), 400);
  EXPECT_EQ(server.Refused("chunks"), 1);
}

TEST(Server, AChunkedBodyThatIsSlowOrOneOfTooManyIsRefused) {
  ServerLimits limits;
  limits.body_timeout = 150ms;
  TestServer slow_server(Echo, limits);
  RawClient slow(slow_server.port());
  slow.Send(kChunkedPost + "5\r\nhel");
  EXPECT_EQ(StatusIn(slow.ReadResponse()), 408);

  limits = {};
  limits.bodies_bytes_max = 100'000;
  TestServer server(Echo, limits);
  const std::string most = "13880\r\n" + std::string(80'000, 'x') + "\r\n";
  RawClient first(server.port());
  RawClient second(server.port());
  first.Send(kChunkedPost + most);
  second.Send(kChunkedPost + most);
  ASSERT_TRUE(WaitUntil([&] { return server.Refused("bodies") == 1; }));
  first.Send("0\r\n\r\n");
  second.Send("0\r\n\r\n");
  const std::string one = first.ReadResponse();
  const std::string other = second.ReadResponse();
  EXPECT_EQ(std::min(StatusIn(one), StatusIn(other)), 200);
  EXPECT_EQ(std::max(StatusIn(one), StatusIn(other)), 429);
}

TEST(Server, SendsContinueForChunksToo) {
  TestServer server(Echo);
  RawClient client(server.port());
  client.Send(
      "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
      "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(StatusIn(client.ReadResponse()), 100);
  client.Send("2\r\nhi\r\n0\r\n\r\n");
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|hi");
}

TEST(Server, GivesABodyWithoutItsByteOrderMark) {
  TestServer server(Echo);
  RawClient client(server.port());
  client.Send(Post("\xEF\xBB\xBF{}"));
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|{}");
}

TEST(Server, NamesTheContentEncodingThatItDoesNotTake) {
  TestServer server(Echo);
  RawClient client(server.port());
  client.Send(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc");
  const std::string response = client.ReadResponse();
  EXPECT_EQ(StatusIn(response), 415);
  EXPECT_NE(response.find("\r\nAccept-Encoding: identity\r\n"), std::string::npos);
  EXPECT_NE(response.find("\"reason\":\"CONTENT_ENCODING\""), std::string::npos);
}

TEST(Server, AnswersFromAnyThread) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  std::thread([responder = holder.Await()] { responder->Send(Json("{}")); }).join();
  EXPECT_EQ(BodyIn(client.ReadResponse()), "{}");
}

TEST(Server, SendsOneAnswerOnly) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  client.Send(Get("/a") + Get("/b"));
  const auto first = holder.Await();
  first->Send(Json("1"));
  first->Send(Json("2"));
  const auto second = holder.Await();
  first->Send(Json("3"));
  second->Send(Json("4"));
  EXPECT_EQ(BodyIn(client.ReadResponse()), "1");
  EXPECT_EQ(BodyIn(client.ReadResponse()), "4");
  server.OnThread([&] { EXPECT_EQ(second->TakeSocket(), -1); });
}

TEST(Server, AnswersFor500AHandlerThatForgets) {
  TestServer server([](const Request&, const std::shared_ptr<Responder>&) {});
  RawClient client(server.port());
  client.Send(Get("/"));
  const std::string response = client.ReadResponse();
  EXPECT_EQ(StatusIn(response), 500);
  EXPECT_NE(response.find("application/problem+json"), std::string::npos);
}

TEST(Server, GivesTheSocketAway) {
  std::promise<int> taken;
  TestServer server([&](const Request&, const std::shared_ptr<Responder>& responder) {
    taken.set_value(responder->TakeSocket());
  });
  RawClient client(server.port());
  client.Send(Get("/"));
  const int socket = taken.get_future().get();
  ASSERT_GE(socket, 0);
  EXPECT_NE(fcntl(socket, F_GETFL) & O_NONBLOCK, 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  ASSERT_EQ(getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &no_delay, &size), 0);
  EXPECT_NE(no_delay, 0);
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
  // It outlives the server, and nothing has been written to it.
  server.DestroyServer();
  ASSERT_EQ(send(socket, "mine", 4, MSG_NOSIGNAL), 4);
  close(socket);
  EXPECT_EQ(client.ReadAll(), "mine");
}

TEST(Server, GivesNoSocketOfAPeerThatHasGone) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  const auto responder = holder.Await();
  client.Reset();
  ASSERT_TRUE(WaitUntil([&] {
    int socket = 0;
    server.OnThread([&] { socket = responder->TakeSocket(); });
    return socket == -1;
  }));
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
}

TEST(Server, ReportsWhenThePeerResets) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  const auto responder = holder.Await();
  std::promise<void> gone;
  responder->OnPeerGone([&gone] { gone.set_value(); });
  client.Reset();
  EXPECT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
  responder->Send(Json("{}"));
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
}

TEST(Server, ReportsAPeerThatResetsAfterItHasSentAhead) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  const auto responder = holder.Await();
  client.Send(Get("/next"));
  std::promise<void> gone;
  responder->OnPeerGone([&gone] { gone.set_value(); });
  client.Reset();
  EXPECT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Server, DoesNotCallAPeerGoneThatWaits) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  std::atomic<int> gone = 0;
  client.Send(Get("/"));
  const auto first = holder.Await();
  first->OnPeerGone([&gone] { ++gone; });
  client.Send(Get("/next"));
  first->Send(Json("1"));
  EXPECT_EQ(BodyIn(client.ReadResponse()), "1");
  const auto second = holder.Await();
  EXPECT_EQ(gone, 0);
  client.Close();
  second->Send(Json("2"));
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
  EXPECT_EQ(gone, 0) << "its request was answered before it went";
}

TEST(Server, APeerThatHasEndedItsSideIsNotGoneAndGetsItsAnswer) {
  for (const bool watched_first : {false, true}) {
    Holder holder;
    TestServer server(holder.handler());
    RawClient client(server.port());
    client.Send(Get("/"));
    std::shared_ptr<Responder> responder;
    std::atomic<bool> gone = false;
    if (watched_first) {
      responder = holder.Await();
      responder->OnPeerGone([&gone] { gone = true; });
    }
    client.HalfClose();
    if (!watched_first) {
      responder = holder.Await();
      responder->OnPeerGone([&gone] { gone = true; });
    }
    // The server looks at its sockets between two pieces of work.
    for (int i = 0; i < 20; ++i) {
      server.OnThread([] {});
    }
    EXPECT_FALSE(gone);
    responder->Send(Json("late"));
    EXPECT_EQ(BodyIn(client.ReadResponse()), "late");
    EXPECT_TRUE(client.ReadsEnd());
  }
}

TEST(Server, APeerThatResetsAfterItHasEndedItsSideIsGone) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient client(server.port());
  client.Send(Get("/"));
  client.HalfClose();
  const auto responder = holder.Await();
  std::promise<void> gone;
  responder->OnPeerGone([&gone] { gone.set_value(); });
  client.Reset();
  EXPECT_EQ(gone.get_future().wait_for(10s), std::future_status::ready);
}

TEST(Server, LosesNothingWhenItIsDestroyedWithRequestsUnderWay) {
  Holder holder;
  auto server = std::make_unique<TestServer>(holder.handler());
  RawClient waiting(server->port());
  RawClient half(server->port());
  waiting.Send(Get("/"));
  half.Send("GET / HT");
  const auto responder = holder.Await();
  std::atomic<bool> gone = false;
  responder->OnPeerGone([&gone] { gone = true; });
  server->DestroyServer();
  EXPECT_TRUE(waiting.ReadsEnd());
  EXPECT_TRUE(half.ReadsEnd());
  server.reset();
  responder->Send(Json("too late"));
  EXPECT_EQ(responder->TakeSocket(), -1);
  responder->OnPeerGone([] { FAIL(); });
  EXPECT_FALSE(gone) << "a server that goes calls nobody";
}

TEST(Server, EndsConnectionsAfterTheirAnswersWhenItStops) {
  Holder holder;
  TestServer server(holder.handler());
  RawClient idle(server.port());
  idle.Send(Get("/"));
  holder.Await()->Send(Json("1"));
  EXPECT_EQ(BodyIn(idle.ReadResponse()), "1");
  RawClient busy(server.port());
  busy.Send(Get("/"));
  const auto responder = holder.Await();
  server.StopAccepting();
  EXPECT_TRUE(idle.ReadsEnd());
  responder->Send(Json("2"));
  const std::string response = busy.ReadResponse();
  EXPECT_EQ(BodyIn(response), "2");
  EXPECT_NE(response.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.ReadsEnd());
}

TEST(Server, RefusesAPortThatIsTaken) {
  TestServer server(Echo);
  boost::asio::io_context io;
  ServerOptions options;
  options.address = "127.0.0.1:" + std::to_string(server.port());
  const auto second = Server::Listen(io, options, Echo, nullptr, Log());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kUnavailable);
  EXPECT_NE(second.error().message.find(options.address), std::string::npos);
}

TEST(Server, SharesAPortWhenBothAskForIt) {
  boost::asio::io_context io;
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.reuse_port = true;
  const auto first = Server::Listen(io, options, Echo, nullptr, Log());
  ASSERT_TRUE(first.ok());
  options.address = "127.0.0.1:" + std::to_string((*first)->port());
  EXPECT_TRUE(Server::Listen(io, options, Echo, nullptr, Log()).ok());
}

// The kernel's queue of one socket holds somaxconn connections, 4,096 where nobody set it. A storm
// sends more in the time that a thread works on something else, and who finds the queue full comes
// back after a second.
TEST(Server, HoldsMoreThanOneQueueOfTheKernel) {
  std::size_t somaxconn = 0;
  std::ifstream("/proc/sys/net/core/somaxconn") >> somaxconn;
  ASSERT_GT(somaxconn, 0u);
  rlimit descriptors{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
  descriptors.rlim_cur = descriptors.rlim_max;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
  const std::size_t storm = somaxconn + somaxconn / 2;
  if (descriptors.rlim_cur < storm + 100) {
    GTEST_SKIP() << "the process may have " << descriptors.rlim_cur << " descriptors, " << storm
                 << " connections are needed";
  }
  boost::asio::io_context io{1};
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.reuse_port = true;
  // The kernel spreads them by their addresses: not each queue gets the same number.
  options.limits.unaccepted_max = 4 * somaxconn;
  options.limits.connections_max = static_cast<std::uint32_t>(2 * storm);
  options.limits.connections_per_address_max = options.limits.connections_max;
  auto server = Server::Listen(io, options, Echo, nullptr, Log());
  ASSERT_TRUE(server.ok());
  // Nobody runs `io`: all wait in the kernel.
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((*server)->port());
  std::vector<int> clients;
  for (std::size_t i = 0; i < storm; ++i) {
    clients.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ASSERT_GE(clients.back(), 0);
    // On loopback a connection is complete at once, unless the queue is full: that is silent, and
    // only then the client sends again.
    const int connected =
        connect(clients.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    ASSERT_TRUE(connected == 0 || errno == EINPROGRESS) << std::strerror(errno);
  }
  int sent_again = 0;
  for (const int client : clients) {
    tcp_info info{};
    socklen_t length = sizeof info;
    ASSERT_EQ(getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &length), 0);
    sent_again += info.tcpi_state == TCP_ESTABLISHED ? 0 : 1;
  }
  EXPECT_EQ(sent_again, 0) << "of " << storm << " connections found the queue full";
  for (const int client : clients) {
    close(client);
  }
  server->reset();
  io.poll();
}

TEST(Server, NamesABadAddress) {
  boost::asio::io_context io;
  for (const char* address :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "example.org:80", ":80", "1.2.3:80", "127.0.0.1:8 "}) {
    ServerOptions options;
    options.address = address;
    const auto server = Server::Listen(io, options, Echo, nullptr, Log());
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.error().code, Code::kInvalidArgument) << address;
  }
}

}  // namespace
}  // namespace belfry::http
