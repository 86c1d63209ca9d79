// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/status.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/common/text.h"
#include "libs/wire/rpc/listener.h"
#include "tests/integration/wire_rpc/test_service.h"

namespace belfry::wire {
namespace {

using std::chrono::milliseconds;

Error FullError() {
  return {.code = Code::kInvalidArgument,
          .message = "check notification: caf\xC3\xA9",
          .reason = "BAD_FIELDS",
          .violations = {{"notification.title", "required"}, {"notification.level", "one of ..."}},
          .retry_after = milliseconds(1'500)};
}

void ExpectSame(const Error& actual, const Error& expected) {
  EXPECT_EQ(actual.code, expected.code);
  EXPECT_EQ(actual.message, expected.message);
  EXPECT_EQ(actual.reason, expected.reason);
  EXPECT_EQ(actual.violations, expected.violations);
  EXPECT_EQ(actual.retry_after, expected.retry_after);
}

// What a client gets when a server answers with `error`.
Error ThroughACall(const Error& error) {
  test::TestService service;
  service.answer = [&error](const v1::NotifyRequest&) { return ToGrpc(error); };
  const auto server = test::StartServer({&service});
  const grpc::Status status = test::Notify(*MakeChannel(test::AddressOf(*server), {}));
  EXPECT_FALSE(status.ok());
  return FromGrpc(status);
}

TEST(Status, EveryCodeComesBack) {
  for (int number = 1; number <= 16; ++number) {
    const Error error{static_cast<Code>(number), "m", "REASON"};
    ExpectSame(FromGrpc(ToGrpc(error)), error);
    google::rpc::Status proto;
    ToProto(error, &proto);
    EXPECT_EQ(proto.code(), number);
    ExpectSame(FromProto(proto), error);
  }
}

TEST(Status, AnErrorPassesThroughACallWithAllItsDetails) {
  ExpectSame(ThroughACall(FullError()), FullError());
}

TEST(Status, DetailsAreTheOnesEveryGrpcClientKnows) {
  const grpc::Status status = ToGrpc(FullError());
  google::rpc::Status proto;
  ASSERT_TRUE(proto.ParseFromString(status.error_details()));
  EXPECT_EQ(proto.code(), 3);
  EXPECT_EQ(proto.message(), status.error_message());
  ASSERT_EQ(proto.details_size(), 3);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(proto.details(0).UnpackTo(&info));
  EXPECT_EQ(proto.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_EQ(info.domain(), "belfry");
  EXPECT_EQ(info.reason(), "BAD_FIELDS");
  EXPECT_EQ(proto.details(1).type_url(), "type.googleapis.com/google.rpc.RetryInfo");
  EXPECT_EQ(proto.details(2).type_url(), "type.googleapis.com/google.rpc.BadRequest");
}

TEST(Status, ResourceExhaustedIsOnlyOursWithOurErrorInfo) {
  const auto exhausted = [](const std::string& message, const std::string& details) {
    return FromGrpc(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, message, details));
  };
  const std::string ours = ToGrpc({Code::kResourceExhausted, "m", "RATE_LIMITED"}).error_details();
  EXPECT_EQ(exhausted("m", ours).code, Code::kResourceExhausted);
  EXPECT_EQ(exhausted("GOAWAY received", "").code, Code::kUnavailable);
  EXPECT_EQ(exhausted("Received message larger than max (9 vs. 8)", "").code, Code::kUnknown);
  google::rpc::Status foreign;
  foreign.set_code(8);
  google::rpc::ErrorInfo info;
  info.set_reason("QUOTA");
  info.set_domain("proxy.example");
  foreign.add_details()->PackFrom(info);
  EXPECT_EQ(exhausted("m", foreign.SerializeAsString()).code, Code::kUnavailable);
  EXPECT_EQ(exhausted("m", foreign.SerializeAsString()).reason, "");
}

// Ends its first call as gRPC's servers do with all calls of a connection on which a neighbour has
// sent too much metadata, or too many pings: with HTTP/2's ENHANCE_YOUR_CALM.
class CalmingServer {
 public:
  CalmingServer() {
    auto listener = Listener::Bind("127.0.0.1:0", Log());
    EXPECT_TRUE(listener.ok());
    listener_ = std::move(*listener);
    listener_->Accept(
        [](int connection) {
          fcntl(connection, F_SETFL, fcntl(connection, F_GETFL) & ~O_NONBLOCK);
          Serve(connection);
          close(connection);
        },
        [] { return false; });
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(listener_->port()); }

 private:
  static bool Read(int connection, std::string* bytes) {
    return recv(connection, bytes->data(), bytes->size(), MSG_WAITALL) ==
           static_cast<ssize_t>(bytes->size());
  }
  static void Serve(int connection) {
    constexpr char kHeaders = 1;
    const std::string settings("\0\0\0\4\0\0\0\0\0", 9);
    std::string preface(24, 0), head(9, 0);
    send(connection, settings.data(), settings.size(), MSG_NOSIGNAL);
    if (!Read(connection, &preface)) {
      return;
    }
    while (Read(connection, &head)) {
      const auto byte = [&head](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(head[at]));
      };
      std::string payload(byte(0) << 16 | byte(1) << 8 | byte(2), 0);
      if (!payload.empty() && !Read(connection, &payload)) {
        return;
      }
      if (head[3] == kHeaders) {
        std::string reset("\0\0\4\3\0", 5);
        reset += head.substr(5, 4) + std::string("\0\0\0\x0B", 4);
        send(connection, reset.data(), reset.size(), MSG_NOSIGNAL);
      }
    }
  }

  std::unique_ptr<Listener> listener_;
};

TEST(Status, AConnectionThatIsEndedSaysNothingOfItsCalls) {
  const CalmingServer server;
  const auto channel = MakeChannel(server.address(), {});
  ASSERT_TRUE(channel.ok());
  const grpc::Status status = test::Notify(*channel);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_EQ(FromGrpc(status).code, Code::kUnavailable) << "not: it was not stored";
}

TEST(Status, AHugeErrorStillArrivesAsWhatItIs) {
  Error error{.code = Code::kInvalidArgument,
              .message = std::string(100'000, '\xE9') + "\r\n",
              .reason = std::string(10'000, 'R'),
              .violations = {},
              .retry_after = milliseconds(1)};
  for (int i = 0; i < 1'000; ++i) {
    error.violations.push_back({"field_" + std::to_string(i), std::string(200, '\xFF')});
  }
  const Error arrived = ThroughACall(error);
  EXPECT_EQ(arrived.code, Code::kInvalidArgument);
  EXPECT_TRUE(IsUtf8(arrived.message));
  EXPECT_FALSE(arrived.violations.empty());
  EXPECT_EQ(arrived.violations.front().field, "field_0");
  EXPECT_EQ(arrived.retry_after, milliseconds(1));
}

TEST(Status, ForeignStatusesAreReadForWhatTheyAre) {
  const Error plain = FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone"));
  ExpectSame(plain, Error{Code::kNotFound, "gone"});
  // Details that are garbage, or about another code, are not ours.
  ExpectSame(FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone", "\xFF\xFF")), plain);
  ExpectSame(FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "gone",
                                   ToGrpc(FullError()).error_details())),
             plain);
  EXPECT_EQ(FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(20), "?")).code, Code::kUnknown);
}

}  // namespace
}  // namespace belfry::wire
