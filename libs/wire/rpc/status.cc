// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/status.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <string>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/common/text.h"

namespace belfry::wire {
namespace {

using google::protobuf::util::TimeUtil;
using google::rpc::BadRequest;
using google::rpc::ErrorInfo;
using google::rpc::RetryInfo;

constexpr char kDomain[] = "belfry";
// All of a status travels in trailers, which gRPC clients bound to 8 KiB by default; details go in
// base64 and the message once more percent-encoded.
constexpr std::size_t kMessageBytesMax = 512;
constexpr std::size_t kReasonBytesMax = 64;
constexpr std::size_t kDetailsBytesMax = 3 * 1024;

std::string Text(std::string_view text, std::size_t bytes_max) {
  return ToUtf8(TruncateUtf8(text, bytes_max));
}

// As many violations as fit into `bytes_max`.
BadRequest ToBadRequest(const Error& error, std::size_t bytes_max) {
  BadRequest request;
  std::size_t bytes = 0;
  for (const FieldViolation& violation : error.violations) {
    auto* const added = request.add_field_violations();
    added->set_field(Text(violation.field, kMessageBytesMax));
    added->set_description(Text(violation.description, kMessageBytesMax));
    bytes += added->ByteSizeLong() + 4;
    if (bytes > bytes_max) {
      request.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  return request;
}

Code ToCode(int number) {
  const bool known =
      number > static_cast<int>(Code::kOk) && number <= static_cast<int>(Code::kUnauthenticated);
  return known ? static_cast<Code>(number) : Code::kUnknown;
}

}  // namespace

void ToProto(const Error& error, google::rpc::Status* proto) {
  proto->set_code(static_cast<int>(ToCode(static_cast<int>(error.code))));
  proto->set_message(Text(error.message, kMessageBytesMax));
  if (!error.reason.empty()) {
    ErrorInfo info;
    info.set_reason(Text(error.reason, kReasonBytesMax));
    info.set_domain(kDomain);
    proto->add_details()->PackFrom(info);
  }
  if (error.retry_after) {
    RetryInfo retry;
    *retry.mutable_retry_delay() = TimeUtil::MillisecondsToDuration(error.retry_after->count());
    proto->add_details()->PackFrom(retry);
  }
  if (!error.violations.empty()) {
    const std::size_t taken = proto->ByteSizeLong();
    proto->add_details()->PackFrom(
        ToBadRequest(error, kDetailsBytesMax - std::min(taken, kDetailsBytesMax)));
  }
}

Error FromProto(const google::rpc::Status& proto) {
  Error error{ToCode(proto.code()), proto.message()};
  for (const google::protobuf::Any& detail : proto.details()) {
    ErrorInfo info;
    RetryInfo retry;
    BadRequest request;
    if (detail.UnpackTo(&info)) {
      if (info.domain() != kDomain) {
        continue;  // a proxy's
      }
      error.reason = std::move(*info.mutable_reason());
    } else if (detail.UnpackTo(&retry)) {
      error.retry_after =
          std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(retry.retry_delay()));
    } else if (detail.UnpackTo(&request)) {
      for (auto& violation : *request.mutable_field_violations()) {
        error.violations.push_back(
            {std::move(*violation.mutable_field()), std::move(*violation.mutable_description())});
      }
    }
  }
  return error;
}

grpc::Status ToGrpc(const Error& error) {
  google::rpc::Status proto;
  ToProto(error, &proto);
  return ToGrpc(proto);
}

grpc::Status ToGrpc(const google::rpc::Status& proto) {
  return {static_cast<grpc::StatusCode>(proto.code()), proto.message(),
          proto.details().empty() ? std::string() : proto.SerializeAsString()};
}

Error FromGrpc(const grpc::Status& status) {
  google::rpc::Status proto;
  // Details of another code are not about this status.
  if (status.error_details().empty() || !proto.ParseFromString(status.error_details()) ||
      proto.code() != static_cast<int>(status.error_code())) {
    proto.Clear();
    proto.set_code(static_cast<int>(status.error_code()));
  }
  Error error = FromProto(proto);
  error.message = status.error_message();
  if (error.code == Code::kResourceExhausted && error.reason.empty()) {
    const bool too_large = error.message.find("message larger than max") != std::string::npos;
    error.code = too_large ? Code::kUnknown : Code::kUnavailable;
  }
  return error;
}

Error FromInternal(const grpc::Status& status) {
  Error error = FromGrpc(status);
  if (error.code == Code::kUnauthenticated || error.code == Code::kPermissionDenied) {
    error.code = Code::kUnavailable;
    error.message = "this process is not admitted: " + error.message;
  }
  return error;
}

}  // namespace belfry::wire
