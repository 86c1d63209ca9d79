// SPDX-License-Identifier: Apache-2.0
// Hostile clients: half requests, slow ones, too many, too large, ambiguous ones.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "libs/http/server.h"
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

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// The usual limits but one that is short: what a busy machine delays must not meet another.
ServerLimits Quick(std::chrono::milliseconds ServerLimits::*timeout) {
  ServerLimits limits;
  limits.*timeout = 150ms;
  return limits;
}

// A request hidden in another one's body or behind an ambiguous length is never answered: the
// first is refused and the connection ends.
TEST(Attacks, SmuggledRequestsAreNeverSeen) {
  std::atomic<int> seen = 0;
  TestServer server([&](const Request& request, const std::shared_ptr<Responder>& responder) {
    ++seen;
    Echo(request, responder);
  });
  const std::string hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string attacks[] = {
      post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX" + hidden,
      post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + hidden,
      post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + hidden,
      post + "Transfer-Encoding: xchunked\r\n\r\n" + hidden,
      post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
      post + "Transfer-Encoding:\x0B chunked\r\n\r\n0\r\n\r\n" + hidden,
      post + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + hidden,
      post + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden,
      post + "Content-Length: 0, 44\r\n\r\n" + hidden,
      post + "Content-Length: +0\r\n\r\n" + hidden,
      post + "Content-Length:\r\n 44\r\n\r\n" + hidden,
      post + "Host: b\r\n\r\n" + hidden,
      "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
      "GET / HTTP/1.1\r\nHost: a\r\nX: a\nContent-Length: 44\r\n\r\n" + hidden,
      "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n" + hidden,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden,
      "\r\n\r\n\r\n" + std::string(1, '\0') + hidden,
      "GET /\r\n\r\n" + hidden,
  };
  for (const std::string& attack : attacks) {
    RawClient client(server.port());
    client.Send(attack);
    const int status = StatusIn(client.ReadResponse());
    EXPECT_TRUE(status == 400 || status == 501 || status == 505) << attack << status;
    EXPECT_EQ(client.ReadAll(), "") << attack;
  }
  EXPECT_EQ(seen, 0);
}

TEST(Attacks, ABodyIsNoRequest) {
  TestServer server(Echo);
  RawClient client(server.port());
  client.Send("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 27\r\n\r\n" + kGet + kGet);
  EXPECT_EQ(BodyIn(client.ReadResponse()), "POST /p|" + kGet);
  EXPECT_EQ(BodyIn(client.ReadResponse()), "GET /|");
}

TEST(Attacks, HugeHeadsAre431) {
  TestServer server(Echo);
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\n";
  std::vector<std::string> attacks = {
      start + "X: " + std::string(20'000, 'x') + "\r\n\r\n",
      start + "X: " + std::string(20'000, 'x'),
      "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n",
      std::string(20'000, 'G'),
      start,
  };
  for (int i = 0; i < 5'000; ++i) {
    attacks.back() += "a: b\r\n";
  }
  for (const std::string& attack : attacks) {
    RawClient client(server.port());
    client.Send(attack);
    EXPECT_EQ(StatusIn(client.ReadResponse()), 431);
    EXPECT_TRUE(client.ReadsEnd());
  }
  EXPECT_EQ(server.Refused("header_too_large"), static_cast<int>(attacks.size()));
}

TEST(Attacks, TheHeadsLimitIsExact) {
  TestServer server(Echo);
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::size_t room = ServerLimits().header_bytes_max - start.size() - 4;
  RawClient client(server.port());
  client.Send(start + std::string(room, 'x') + "\r\n\r\n");
  EXPECT_EQ(StatusIn(client.ReadResponse()), 200);
  client.Send(start + std::string(room + 1, 'x') + "\r\n\r\n");
  EXPECT_EQ(StatusIn(client.ReadResponse()), 431);
}

TEST(Attacks, ASlowHeadIs408) {
  TestServer server(Echo, Quick(&ServerLimits::header_timeout));
  RawClient client(server.port());
  const auto begin = std::chrono::steady_clock::now();
  // Each byte comes soon after the last one; the head as a whole does not.
  while (!client.Readable(2ms) && client.Send("G")) {
  }
  const std::string response = client.ReadResponse();
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(StatusIn(response), 408);
  EXPECT_GE(took, 150ms);
  EXPECT_EQ(server.Refused("header_timeout"), 1);
}

TEST(Attacks, ASlowBodyIs408) {
  TestServer server(Echo, Quick(&ServerLimits::body_timeout));
  RawClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
  EXPECT_EQ(StatusIn(client.ReadResponse()), 408);
  EXPECT_TRUE(client.ReadsEnd());
  EXPECT_EQ(server.Refused("body_timeout"), 1);
}

TEST(Attacks, BodiesTogetherAreBounded) {
  ServerLimits limits;
  limits.bodies_bytes_max = 100'000;
  TestServer server(Echo, limits);
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n";
  const std::string most(80'000, 'x');
  {
    RawClient first(server.port());
    RawClient second(server.port());
    first.Send(head + most);
    second.Send(head + most);
    // Whichever needs room last is refused; the other is served.
    ASSERT_TRUE(WaitUntil([&] { return server.Refused("bodies") == 1; }));
    first.Send(std::string(10'000, 'x'));
    second.Send(std::string(10'000, 'x'));
    const std::string one = first.ReadResponse();
    const std::string other = second.ReadResponse();
    EXPECT_EQ(std::min(StatusIn(one), StatusIn(other)), 200);
    EXPECT_EQ(std::max(StatusIn(one), StatusIn(other)), 429);
    EXPECT_NE((one + other).find("Retry-After: 1\r\n"), std::string::npos);
  }
  // What was refused, answered or given up is no longer counted.
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
  {
    RawClient gone(server.port());
    gone.Send(head + most);
    ASSERT_TRUE(WaitUntil([&] { return server.connections() == 1; }));
  }
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
  RawClient first(server.port());
  first.Send(head + most);
  RawClient small(server.port());
  small.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(StatusIn(small.ReadResponse()), 200);
  first.Send(std::string(10'000, 'x'));
  EXPECT_EQ(StatusIn(first.ReadResponse()), 200);
}

TEST(Attacks, OneBodyAloneIsAlwaysRead) {
  ServerLimits limits;
  limits.bodies_bytes_max = 1'000;
  TestServer server(Echo, limits);
  RawClient client(server.port());
  client.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n" +
              std::string(90'000, 'x'));
  EXPECT_EQ(StatusIn(client.ReadResponse()), 200);
}

// The path says what becomes of the body: "/no" is refused, "/small" may have 10 bytes, any other
// is an account.
HeadVerdict ByPath(const Request& head) {
  HeadVerdict verdict;
  verdict.read_body = head.path != "/no";
  verdict.account = head.path;
  if (head.path == "/small") {
    verdict.body_bytes_max = 10;
  }
  return verdict;
}

std::string BigHead(const std::string& path) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n";
}

TEST(Attacks, ABodyIsOnlyReadOnceItsHeadIsJudged) {
  TestServer server(Echo, {}, nullptr, ByPath);
  RawClient refused(server.port());
  refused.Send(BigHead("/no") + "the begin");
  const std::string answer = refused.ReadResponse();
  EXPECT_EQ(BodyIn(answer), "POST /no|");
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(refused.ReadsEnd());
  RawClient large(server.port());
  large.Send(BigHead("/small"));
  EXPECT_EQ(StatusIn(large.ReadResponse()), 413);
  RawClient whole(server.port());
  whole.Send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(BodyIn(whole.ReadResponse()), "POST /no|hello") << "it has come already";
}

TEST(Attacks, ABodyInChunksIsJudgedByItsHeadToo) {
  TestServer server(Echo, {}, nullptr, ByPath);
  const auto head = [](const std::string& path) {
    return "POST " + path + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  };
  RawClient refused(server.port());
  refused.Send(head("/no"));
  EXPECT_EQ(BodyIn(refused.ReadResponse()), "POST /no|");
  RawClient large(server.port());
  large.Send(head("/small") + "b\r\nhello there");
  EXPECT_EQ(StatusIn(large.ReadResponse()), 413);
  RawClient good(server.port());
  good.Send(head("/small") + "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(BodyIn(good.ReadResponse()), "POST /small|hello");
}

TEST(Attacks, OneAccountsBodiesLeaveRoomForOthers) {
  ServerLimits limits;
  limits.bodies_bytes_max = 400'000;
  limits.account_bytes_max = 100'000;
  TestServer server(Echo, limits, nullptr, ByPath);
  const std::string most(80'000, 'x');
  RawClient first(server.port());
  RawClient second(server.port());
  first.Send(BigHead("/a") + most);
  second.Send(BigHead("/a") + most);
  ASSERT_TRUE(WaitUntil([&] { return server.Refused("bodies") == 1; }));
  RawClient other(server.port());
  other.Send(BigHead("/b") + most + std::string(10'000, 'x'));
  EXPECT_EQ(StatusIn(other.ReadResponse()), 200);
  // What was given back may be taken again.
  first.Close();
  second.Close();
  ASSERT_TRUE(WaitUntil([&] { return server.connections() <= 1; }));
  RawClient third(server.port());
  third.Send(BigHead("/a") + most + std::string(10'000, 'x'));
  EXPECT_EQ(StatusIn(third.ReadResponse()), 200);
}

TEST(Attacks, ConnectionsThatSayNothingAreClosedWithoutAWord) {
  TestServer server(Echo, Quick(&ServerLimits::header_timeout));
  RawClient fresh(server.port());
  RawClient empty_lines(server.port());
  empty_lines.Send("\r\n");
  EXPECT_TRUE(fresh.ReadsEnd());
  EXPECT_TRUE(empty_lines.ReadsEnd());
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
}

TEST(Attacks, KeptConnectionsAreClosedWithoutAWord) {
  TestServer server(Echo, Quick(&ServerLimits::idle_timeout));
  RawClient kept(server.port());
  kept.Send(kGet);
  EXPECT_EQ(StatusIn(kept.ReadResponse()), 200);
  EXPECT_TRUE(kept.ReadsEnd());
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
}

TEST(Attacks, APeerThatDoesNotReadIsClosed) {
  TestServer server(
      [](const Request&, const std::shared_ptr<Responder>& responder) {
        Response response;
        response.body = std::string(32 * 1024 * 1024, 'x');
        responder->Send(std::move(response));
      },
      Quick(&ServerLimits::write_timeout));
  RawClient client(server.port());
  client.Send(kGet);
  EXPECT_TRUE(WaitUntil([&] { return server.Refused("write_timeout") == 1; }));
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
}

TEST(Attacks, APeerThatPipelinesAndDoesNotReadIsNotReadFrom) {
  std::atomic<int> seen = 0;
  TestServer server(
      [&](const Request&, const std::shared_ptr<Responder>& responder) {
        ++seen;
        Response response;
        response.body = std::string(8 * 1024 * 1024, 'x');
        responder->Send(std::move(response));
      },
      Quick(&ServerLimits::write_timeout));
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += kGet;
  }
  client.Send(requests);
  EXPECT_TRUE(WaitUntil([&] { return seen > 0; }));
  EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
  EXPECT_LE(seen, 3) << "answers pile up in memory";
}

TEST(Attacks, GarbageIsRefusedAtOnce) {
  TestServer server(Echo);  // with its long default timeouts
  for (const std::string& garbage : {std::string("\x16\x03\x01\x02", 4), std::string("\0", 1),
                                     std::string("GET / HTTP/1.1\nHost: a\n\n")}) {
    RawClient client(server.port());
    client.Send(garbage);
    EXPECT_EQ(StatusIn(client.ReadResponse()), 400);
  }
  EXPECT_EQ(server.Refused("malformed"), 3);
}

std::vector<std::unique_ptr<RawClient>> Clients(const TestServer& server, int count) {
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.port()));
  }
  return clients;
}

TEST(Attacks, BeyondTheLimitTheOldestIdleConnectionGivesWay) {
  ServerLimits limits;
  limits.connections_max = 10;
  limits.silent_min = 0ms;
  TestServer server(Echo, limits);
  auto clients = Clients(server, 10);
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 10; }));
  clients[0]->Send(kGet);  // and so it is not the oldest any more
  EXPECT_EQ(StatusIn(clients[0]->ReadResponse()), 200);
  for (int i = 1; i <= 5; ++i) {
    RawClient beyond(server.port());
    beyond.Send(kGet);
    EXPECT_EQ(StatusIn(beyond.ReadResponse()), 200);
    EXPECT_TRUE(clients[static_cast<std::size_t>(i)]->ReadsEnd());
    EXPECT_EQ(server.Refused("idle"), i);
    beyond.Close();
    ASSERT_TRUE(WaitUntil([&] { return server.connections() == 9; }));
    clients.push_back(std::make_unique<RawClient>(server.port()));
    ASSERT_TRUE(WaitUntil([&] { return server.connections() == 10; }));
  }
  clients[0]->Send(kGet);
  EXPECT_EQ(StatusIn(clients[0]->ReadResponse()), 200);
}

// Before, strangers pushed out a backend that had been quiet for a moment.
TEST(Attacks, WhoHasShownGoodCredentialsGivesWayLast) {
  ServerLimits limits;
  limits.connections_max = 10;
  limits.silent_min = 0ms;
  TestServer server(
      [](const Request& request, const std::shared_ptr<Responder>& responder) {
        if (request.Header("Authorization")) {
          responder->NoteKnown();
        }
        Echo(request, responder);
      },
      limits);
  auto known = Clients(server, 4);
  for (const auto& client : known) {
    client->Send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n");
    EXPECT_EQ(StatusIn(client->ReadResponse()), 200);
  }
  std::vector<std::unique_ptr<RawClient>> strangers;
  for (int i = 0; i < 50; ++i) {  // the later ones push out the earlier ones
    strangers.push_back(std::make_unique<RawClient>(server.port()));
    strangers.back()->Send(kGet);
    EXPECT_EQ(StatusIn(strangers.back()->ReadResponse()), 200);
  }
  EXPECT_EQ(server.Refused("idle"), 44);
  for (const auto& client : known) {
    client->Send(kGet);  // and they stay known
    EXPECT_EQ(StatusIn(client->ReadResponse()), 200);
  }
  auto more = Clients(server, 6);
  for (const auto& client : more) {
    client->Send("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n");
    EXPECT_EQ(StatusIn(client->ReadResponse()), 200);
  }
  RawClient last(server.port());
  last.Send(kGet);
  EXPECT_EQ(StatusIn(last.ReadResponse()), 200);
  EXPECT_TRUE(known[0]->ReadsEnd()) << "there is no stranger left: the one idle for longest goes";
}

TEST(Attacks, HalfAHeadIsIdleToo) {
  ServerLimits limits;
  limits.connections_max = 3;
  limits.silent_min = 0ms;
  TestServer server(Echo, limits);
  auto clients = Clients(server, 3);
  for (const auto& client : clients) {
    client->Send("GET / HTTP/1.1\r\nHost:");
  }
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 3; }));
  RawClient beyond(server.port());
  beyond.Send(kGet);
  EXPECT_EQ(StatusIn(beyond.ReadResponse()), 200);
}

TEST(Attacks, WhileNoConnectionIsIdleNewOnesWait) {
  ServerLimits limits;
  limits.connections_max = 2;
  limits.silent_min = 10s;  // as if they had just come
  TestServer server(Echo, limits);
  auto clients = Clients(server, 2);
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 2; }));
  RawClient third(server.port());
  third.Send(kGet);
  ASSERT_TRUE(WaitUntil([&] { return server.Refused("connections") >= 2; }));
  EXPECT_LE(server.Refused("connections"), 50) << "it asks in a hot loop";
  EXPECT_FALSE(third.Readable(0ms));
  clients.pop_back();
  EXPECT_EQ(StatusIn(third.ReadResponse()), 200);
  EXPECT_EQ(server.Refused("idle"), 0);
}

TEST(Attacks, OneAddressHasItsPartOfTheConnectionsAndAProxyAllOfThem) {
  constexpr std::uint32_t kNeighbour = INADDR_LOOPBACK + 1;
  constexpr std::uint32_t kProxy = INADDR_LOOPBACK + 2;
  ServerLimits limits;
  limits.connections_per_address_max = 3;
  TestServer server(Echo, limits, [](std::string_view address) { return address == "127.0.0.3"; });
  auto clients = Clients(server, 3);
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 3; }));
  RawClient fourth(server.port());
  EXPECT_TRUE(fourth.ReadsEnd());
  EXPECT_EQ(server.Refused("address"), 1);
  RawClient neighbour(server.port(), kNeighbour);
  neighbour.Send(kGet);
  EXPECT_EQ(StatusIn(neighbour.ReadResponse()), 200);
  std::vector<std::unique_ptr<RawClient>> proxied;
  for (int i = 0; i < 10; ++i) {
    proxied.push_back(std::make_unique<RawClient>(server.port(), kProxy));
    proxied.back()->Send(kGet);
    EXPECT_EQ(StatusIn(proxied.back()->ReadResponse()), 200);
  }
  clients.pop_back();
  ASSERT_TRUE(WaitUntil([&] { return server.connections() == 13; }));
  RawClient later(server.port());
  later.Send(kGet);
  EXPECT_EQ(StatusIn(later.ReadResponse()), 200) << "what has gone is not counted";
}

TEST(Attacks, ManyConnectionsComeAndGo) {
  TestServer server(Echo);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 300; ++i) {
      clients.push_back(std::make_unique<RawClient>(server.port()));
      clients.back()->Send(i % 3 == 0 ? kGet.substr(0, 10) : kGet);
    }
    for (int i = 0; i < 300; ++i) {
      if (i % 3 != 0) {
        EXPECT_EQ(StatusIn(clients[i]->ReadResponse()), 200);
      }
      if (i % 2 == 0) {
        clients[i]->Reset();
      }
    }
    clients.clear();
    EXPECT_TRUE(WaitUntil([&] { return server.connections() == 0; }));
  }
}

// Lowers the process's descriptor limit so that exactly `more` can be opened. The limit is on
// numbers, and what the process inherited may have left holes in them.
class FewDescriptors {
 public:
  explicit FewDescriptors(int more) {
    rlim_t limit = 0;
    for (int unused = 0; unused < more; ++limit) {
      if (fcntl(static_cast<int>(limit), F_GETFD) < 0) {
        ++unused;
      }
    }
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit lowered = before_;
    lowered.rlim_cur = limit;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST(Attacks, AcceptingGoesOnAfterDescriptorsRanOut) {
  TestServer server(Echo);
  std::unique_ptr<RawClient> first;
  std::unique_ptr<RawClient> second;
  {
    const FewDescriptors few(3);
    first = std::make_unique<RawClient>(server.port());
    first->Send(kGet);
    EXPECT_EQ(StatusIn(first->ReadResponse()), 200);
    second = std::make_unique<RawClient>(server.port());  // the last descriptor
    second->Send(kGet);
    ASSERT_TRUE(WaitUntil([&] { return server.Refused("descriptors") >= 3; }));
    EXPECT_LE(server.Refused("descriptors"), 50) << "accept() is called in a hot loop";
    first->Send(kGet);
    EXPECT_EQ(StatusIn(first->ReadResponse()), 200) << "open connections are served";
  }
  EXPECT_EQ(StatusIn(second->ReadResponse()), 200);
}

}  // namespace
}  // namespace belfry::http
