// SPDX-License-Identifier: Apache-2.0
// `belfry tail` against an edge that plays a part for each connection.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "clients/cli/commands.h"
#include "libs/common/clock.h"
#include "libs/wire/auth/jwt.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/http/test_server.h"

namespace belfry::cli {
namespace {

using namespace std::chrono_literals;

const std::string kOpen = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

std::string Notification(int id) {
  const std::string text = std::to_string(id);
  return "event: notification\ndata: {\"id\":\"" + text + "\",\"title\":\"n" + text +
         "\"}\nid: " + text + "\n\n";
}

struct Part {
  Part(std::string text, bool hold = false) : bytes(std::move(text)), held(hold) {}
  Part(const char* text) : bytes(text) {}

  std::string bytes;
  bool held = false;  // the connection stays open in silence
};

// The nth connection is written the nth part and closed; the last one's is held open.
class ScriptedEdge {
 public:
  explicit ScriptedEdge(std::vector<Part> parts)
      : parts_(std::move(parts)),
        server_([this](const http::Request& request,
                       const std::shared_ptr<http::Responder>& responder) {
          Play(request, responder->TakeSocket());
        }) {}
  ~ScriptedEdge() {
    server_.DestroyServer();
    for (const int socket : held_) {
      close(socket);
    }
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_.port()); }
  std::vector<http::Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Play(const http::Request& request, int socket) {
    const std::lock_guard lock(mutex_);
    const std::size_t turn = requests_.size();
    requests_.push_back(request);
    if (socket < 0) {
      return;
    }
    if (turn < parts_.size()) {
      const std::string& bytes = parts_[turn].bytes;
      EXPECT_EQ(send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(bytes.size()));
    }
    if (turn + 1 < parts_.size() && !parts_[turn].held) {
      close(socket);
    } else {
      held_.push_back(socket);
    }
  }

  const std::vector<Part> parts_;
  std::mutex mutex_;
  std::vector<http::Request> requests_;
  std::vector<int> held_;
  http::TestServer server_;
};

class CliTail : public ::testing::Test {
 protected:
  CliTail() {
    command.token = "a.b.c";
    command.timeout = 20s;
  }

  ExitCode Do(const ScriptedEdge& edge) {
    command.edge = edge.address();
    return cli::Run(command, out, err);
  }

  TailCommand command;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(CliTail, EndsAfterThatManyNotifications) {
  ScriptedEdge edge({kOpen + "event: connected\ndata: {\"upTo\":\"0\"}\nid: 0\n\n" +
                     Notification(1) + Notification(2) + Notification(3)});
  command.count = 2;
  ASSERT_EQ(Do(edge), kDone) << err.str();
  EXPECT_EQ(out.str(), "0  connected  {\"upTo\":\"0\"}\n1    n1\n2    n2\n");
  EXPECT_EQ(edge.requests().at(0).Header("Authorization"), "Bearer a.b.c");
  EXPECT_FALSE(edge.requests().at(0).Header("Last-Event-ID"));
}

TEST_F(CliTail, ResumesByItselfAfterTheCursor) {
  ScriptedEdge edge({kOpen + "retry: 10\n\n" + Notification(1) + "event: notification\nid: 2\n",
                     kOpen + Notification(2) + "id: 5\n\n", kOpen + Notification(6)});
  command.count = 3;
  command.json = true;
  ASSERT_EQ(Do(edge), kDone) << err.str();
  EXPECT_EQ(out.str(),
            "{\"event\":\"notification\",\"id\":\"1\",\"data\":{\"id\":\"1\",\"title\":\"n1\"}}\n"
            "{\"event\":\"notification\",\"id\":\"2\",\"data\":{\"id\":\"2\",\"title\":\"n2\"}}\n"
            "{\"event\":\"notification\",\"id\":\"6\",\"data\":{\"id\":\"6\",\"title\":\"n6\"}}\n");
  const auto requests = edge.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].Header("Last-Event-ID"), "1") << "what was cut off does not count";
  EXPECT_EQ(requests[2].Header("Last-Event-ID"), "5") << "a bookmark does";
}

TEST_F(CliTail, BeginsAfterAGivenCursor) {
  ScriptedEdge edge({kOpen + Notification(9)});
  command.last_event_id = "8";
  command.batch_ms = 100;
  command.count = 1;
  ASSERT_EQ(Do(edge), kDone);
  EXPECT_EQ(edge.requests().at(0).Header("Last-Event-ID"), "8");
  EXPECT_EQ(edge.requests().at(0).Query("batch_ms"), "100");
}

TEST_F(CliTail, CountsEachNotificationOfABatch) {
  ScriptedEdge edge(
      {kOpen + "event: notifications\ndata: [{\"title\":\"a\"},{\"title\":\"b\"}]\nid: 2\n\n"});
  command.count = 2;
  ASSERT_EQ(Do(edge), kDone);
  EXPECT_EQ(out.str(), "2    a\n2    b\n");
}

TEST_F(CliTail, EndsWithTheReasonWhenItIsRefused) {
  const std::string body = R"({"detail":"token: it has expired","reason":"TOKEN_EXPIRED"})";
  ScriptedEdge edge({"HTTP/1.1 401 Unauthorized\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body});
  EXPECT_EQ(Do(edge), kRefused);
  EXPECT_NE(err.str().find("token: it has expired"), std::string::npos) << err.str();
  EXPECT_EQ(out.str(), "");
}

TEST_F(CliTail, TriesAgainWhatMayPass) {
  ScriptedEdge edge({"HTTP/1.1 503 No\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n", "",
                     "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n", kOpen + Notification(1)});
  command.count = 1;
  EXPECT_EQ(Do(edge), kDone) << err.str();
  EXPECT_EQ(edge.requests().size(), 4u);
}

TEST_F(CliTail, LeavesAnEdgeThatHasFallenSilent) {
  ScriptedEdge edge(
      {Part(kOpen + "retry: 1\nevent: connected\ndata: {\"heartbeatMs\":100}\nid: 3\n\n", true),
       kOpen + Notification(4)});
  command.count = 1;
  EXPECT_EQ(Do(edge), kDone) << err.str();
  EXPECT_EQ(edge.requests().at(1).Header("Last-Event-ID"), "3");
}

TEST_F(CliTail, ReportsHowItsTimeoutWasMet) {
  ScriptedEdge edge({kOpen + Notification(1)});
  command.timeout = 1s;
  EXPECT_EQ(Do(edge), kDone) << "without a count it is just the end";
  ScriptedEdge again({kOpen + Notification(1)});
  command.count = 2;
  EXPECT_EQ(Do(again), kFailed);
  EXPECT_NE(err.str().find("1 of 2"), std::string::npos) << err.str();
  command.edge = "127.0.0.1:1";
  EXPECT_EQ(cli::Run(command, out, err), kUnavailable);
}

TEST_F(CliTail, MakesAFreshTokenForEachConnection) {
  const test::TempDir dir;
  command.token.clear();
  command.new_token.user = "alice";
  command.new_token.project = "demo";
  command.new_token.keys_file = dir.Write("jwt.json", wire::MakeJwtKeysJson("main"));
  const auto verifier = wire::JwtVerifier::Load(command.new_token.keys_file, {});
  ASSERT_TRUE(verifier.ok());
  ScriptedEdge edge({kOpen + "retry: 1\n\n", kOpen + Notification(1)});
  command.count = 1;
  ASSERT_EQ(Do(edge), kDone) << err.str();
  for (const http::Request& request : edge.requests()) {
    const std::string token{request.Header("Authorization").value_or("").substr(7)};
    const auto identity = (*verifier)->Verify(token, SystemClock().UnixMicros() / 1'000'000);
    ASSERT_TRUE(identity.ok()) << identity.error().ToString();
    EXPECT_EQ(identity->user_id, "alice");
    EXPECT_FALSE(identity->ticket);
  }
  command.new_token.keys_file += ".none";
  EXPECT_EQ(Do(edge), kFailed) << "what is wrong here is not tried again";
}

TEST_F(CliTail, NamesABadAddress) {
  command.edge = "nowhere";
  EXPECT_EQ(cli::Run(command, out, err), kFailed);
  EXPECT_NE(err.str().find("HOST:PORT"), std::string::npos);
}

}  // namespace
}  // namespace belfry::cli
