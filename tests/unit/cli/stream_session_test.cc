// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/stream_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace belfry::cli {
namespace {

using namespace std::chrono_literals;
using State = StreamSession::State;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

const std::string kHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

class StreamSessionTest : public ::testing::Test {
 protected:
  std::string Open() { return session.Open("edge:80", "token"); }
  State Receive(const std::string& bytes) {
    return session.Receive(bytes, [this](const http::SseEvent& event) {
      if (event.kind == http::SseEvent::Kind::kEvent) {
        events.push_back(event.data);
      }
    });
  }

  StreamSession session{"", 0, 1};
  std::vector<std::string> events;
};

TEST_F(StreamSessionTest, AsksForAStream) {
  EXPECT_EQ(Open(),
            "GET /v1/stream HTTP/1.1\r\nHost: edge:80\r\nAccept: text/event-stream\r\n"
            "User-Agent: belfry\r\nAuthorization: Bearer token\r\n\r\n");
  StreamSession resumed("5", 200, 1);
  EXPECT_THAT(resumed.Open("e", "t"), AllOf(HasSubstr("GET /v1/stream?batch_ms=200 "),
                                            HasSubstr("\r\nLast-Event-ID: 5\r\n\r\n")));
}

TEST_F(StreamSessionTest, ResumesAfterTheLastCompleteEvent) {
  Open();
  EXPECT_EQ(Receive(kHead.substr(0, 20)), State::kWaiting);
  EXPECT_EQ(Receive(kHead.substr(20)), State::kOpen);
  EXPECT_EQ(Receive("id: 1\ndata: a\n\nid: 2\ndata: b\n"), State::kOpen);
  EXPECT_THAT(events, ElementsAre("a"));
  EXPECT_EQ(session.Lose(), State::kBroken);
  EXPECT_THAT(Open(), HasSubstr("\r\nLast-Event-ID: 1\r\n"));
  EXPECT_EQ(Receive(kHead + "data: b\nid: 2\n\n"), State::kOpen);
  EXPECT_THAT(events, ElementsAre("a", "b"));
}

TEST_F(StreamSessionTest, ABookmarkMovesTheCursor) {
  Open();
  Receive(kHead + "id: 9\n\n");
  EXPECT_EQ(session.cursor(), "9");
  EXPECT_THAT(events, ElementsAre());
}

TEST_F(StreamSessionTest, KeepsTheCursorWhileANewConnectionSendsNothing) {
  Open();
  Receive(kHead + "id: 9\ndata: a\n\n");
  session.Lose();
  Open();
  Receive(kHead + ": hb\n");
  session.Lose();
  EXPECT_THAT(Open(), HasSubstr("Last-Event-ID: 9"));
}

TEST_F(StreamSessionTest, AHeartbeatIsALineAndTheNextBlockIsItsOwn) {
  Open();
  Receive(kHead + ": hb\n");
  Receive(": hb\nid: 9\ndata: a\n\n: hb\n");
  EXPECT_THAT(events, ElementsAre("a"));
  EXPECT_EQ(session.cursor(), "9");
}

TEST_F(StreamSessionTest, ReadsChunksThatAProxyMade) {
  Open();
  EXPECT_EQ(Receive("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n6\r\ndata: \r\n3\r\na\n\n\r\n"),
            State::kOpen);
  EXPECT_THAT(events, ElementsAre("a"));
  EXPECT_EQ(Receive("0\r\n\r\n"), State::kBroken) << "the stream's end";
}

TEST_F(StreamSessionTest, WaitsAsLongAsTheServerSays) {
  Open();
  Receive(kHead + "retry: 250\n\n");
  session.Lose();
  EXPECT_EQ(session.NextWait(), 250ms) << "the server has jittered it";
}

TEST_F(StreamSessionTest, BacksOffAsFailuresGoOn) {
  for (int failures = 1; failures <= 20; ++failures) {
    session.Lose();
    const auto longest = std::min<std::int64_t>(30'000, 1'000LL << std::min(failures, 10));
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(session.NextWait().count(), AllOf(Ge(1'000), Le(longest)));
    }
  }
  Open();
  Receive(kHead);
  session.Lose();
  EXPECT_EQ(session.NextWait(), 1s) << "a stream that opened begins anew";
}

TEST_F(StreamSessionTest, ALongRetryIsNeverCutShort) {
  Open();
  Receive(kHead + "retry: 600000\n\n");
  for (int i = 0; i < 20; ++i) {
    session.Lose();
  }
  EXPECT_EQ(session.NextWait(), 10min) << "evicted means ten minutes";
}

TEST_F(StreamSessionTest, NeverReconnectsAtOnce) {
  Open();
  Receive(kHead + "retry: 0\n\n");
  session.Lose();
  EXPECT_THAT(session.NextWait(), Ge(50ms));
}

TEST_F(StreamSessionTest, IsRefusedForGoodWithTheReason) {
  for (const auto& [status, code] :
       {std::pair{400, Code::kInvalidArgument}, std::pair{401, Code::kUnauthenticated},
        std::pair{403, Code::kPermissionDenied}, std::pair{404, Code::kNotFound},
        std::pair{301, Code::kInvalidArgument}}) {
    const std::string body = R"({"detail":"token: it has expired","reason":"TOKEN_EXPIRED"})";
    Open();
    EXPECT_EQ(Receive("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body.substr(0, 10)),
              State::kWaiting);
    EXPECT_EQ(Receive(body.substr(10)), State::kRefused);
    EXPECT_EQ(session.refusal().code, code);
    EXPECT_EQ(session.refusal().reason, "TOKEN_EXPIRED");
    EXPECT_THAT(session.refusal().message, HasSubstr(std::to_string(status)));
    EXPECT_THAT(session.refusal().message, HasSubstr("it has expired"));
  }
  EXPECT_FALSE(session.ever_open());
}

TEST_F(StreamSessionTest, IsRefusedByWhatIsNoEventStream) {
  Open();
  EXPECT_EQ(Receive("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"),
            State::kRefused);
  EXPECT_THAT(session.refusal().message, HasSubstr("no event stream"));
}

TEST_F(StreamSessionTest, ARefusalWithoutLengthEndsWithTheConnection) {
  Open();
  EXPECT_EQ(Receive("HTTP/1.1 401 No\r\nConnection: close\r\n\r\nnot json"), State::kWaiting);
  EXPECT_EQ(session.Lose(), State::kRefused);
  EXPECT_EQ(session.refusal().code, Code::kUnauthenticated);
}

TEST_F(StreamSessionTest, TriesAgainWhenARefusalMayPass) {
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    Open();
    EXPECT_EQ(Receive("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 0\r\n\r\n"),
              State::kBroken)
        << status;
  }
  Open();
  Receive("HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(session.NextWait(), Ge(7s));
}

TEST_F(StreamSessionTest, AnAnswerThatIsNotHttpIsAFailure) {
  Open();
  EXPECT_EQ(Receive("SSH-2.0-OpenSSH_9.2p1 Debian\r\n\r\n"), State::kBroken);
  EXPECT_FALSE(session.ever_open());
}

TEST_F(StreamSessionTest, BoundsARefusalsBody) {
  Open();
  State state = Receive("HTTP/1.1 404 No\r\n\r\n");
  for (int i = 0; state == State::kWaiting && i < 1'000; ++i) {
    state = Receive(std::string(1'000, 'x'));
  }
  EXPECT_EQ(state, State::kRefused);
}

}  // namespace
}  // namespace belfry::cli
