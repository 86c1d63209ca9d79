// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/status.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/common/text.h"
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
    const Error error{static_cast<Code>(number), "m"};
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
