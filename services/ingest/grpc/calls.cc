// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/calls.h"

#include <string>

#include "libs/wire/rpc/status.h"

namespace belfry::ingest {
namespace {

// NotifyResponse and BroadcastResponse have the same fields.
template <typename Response>
void Fill(const PublishResult& appended, Response& proto) {
  proto.set_duplicate(appended.duplicate);
  if (appended.suppressed) {
    return;
  }
  proto.set_id(appended.id);
  proto.mutable_created_at()->set_seconds(appended.created_us / 1'000'000);
  proto.mutable_created_at()->set_nanos(
      static_cast<std::int32_t>(appended.created_us % 1'000'000 * 1'000));
}

}  // namespace

Error MessageTooLarge(std::size_t bytes, std::size_t bytes_max) {
  return {Code::kInvalidArgument,
          "read the request: it has " + std::to_string(bytes) + " bytes, at most " +
              std::to_string(bytes_max) + " are taken",
          "MESSAGE_TOO_LARGE"};
}

std::optional<Duration> TimeLeft(const grpc::ServerContextBase& context) {
  const auto deadline = context.deadline();
  const auto now = std::chrono::system_clock::now();
  // "None" is the end of time; more than a year is as good as none.
  if (deadline > now + std::chrono::hours(24 * 365)) {
    return std::nullopt;
  }
  return deadline - now;
}

Error Draining() {
  return {Code::kUnavailable,
          "this ingest is stopping: call again",
          "DRAINING",
          {},
          std::chrono::milliseconds(500)};
}

void ToProto(const PublishResult& appended, v1::NotifyResponse& proto) {
  Fill(appended, proto);
  proto.set_suppressed(appended.suppressed);
}

void ToProto(const PublishResult& appended, v1::BroadcastResponse& proto) { Fill(appended, proto); }

void ToProto(const Result<PublishResult>& result, v1::NotifyResult& proto) {
  if (result.ok()) {
    ToProto(*result, *proto.mutable_ok());
  } else {
    wire::ToProto(result.error(), proto.mutable_error());
  }
}

}  // namespace belfry::ingest
