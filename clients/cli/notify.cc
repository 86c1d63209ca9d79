// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/json_util.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <ostream>
#include <thread>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "clients/cli/commands.h"
#include "libs/common/backoff.h"
#include "libs/common/clock.h"
#include "libs/common/random.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/codec/notification_json.h"
#include "libs/wire/codec/strict_json.h"
#include "libs/wire/rpc/server.h"
#include "libs/wire/rpc/status.h"

namespace belfry::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kIdempotencyKeyRandomBytes = 16;

// As ingest reads it over REST: a number that would lose digits is refused here too.
Result<google::protobuf::Struct> ReadMeta(const std::string& text) {
  const auto value = wire::ParseStrictJson(text);
  if (!value.ok()) {
    return Fail(Wrap("--meta", value.error()));
  }
  v1::Notification read;
  const Status status = wire::ParseNotificationJson(boost::json::object{{"meta", *value}}, &read);
  if (!status.ok()) {
    const FieldViolation& wrong = status.error().violations.front();
    return Fail(Code::kInvalidArgument, "--meta: " + wrong.field + ": " + wrong.description);
  }
  return std::move(*read.mutable_meta());
}

Result<v1::Notification> ToNotification(const NotifyCommand& command) {
  v1::Notification notification;
  notification.set_user_id(command.user);
  notification.set_title(command.title);
  notification.set_body(command.body);
  notification.set_kind(command.kind);
  notification.set_level(command.level);
  notification.set_actor_id(command.actor_id);
  notification.set_subject_type(command.subject_type);
  notification.set_subject_id(command.subject_id);
  notification.set_action_url(command.action_url);
  notification.set_image_url(command.image_url);
  if (!command.meta.empty()) {
    auto meta = ReadMeta(command.meta);
    if (!meta.ok()) {
      return Fail(std::move(meta.error()));
    }
    *notification.mutable_meta() = std::move(*meta);
  }
  if (command.expires_in.count() > 0) {
    const std::int64_t micros =
        SystemClock().UnixMicros() + std::chrono::microseconds(command.expires_in).count();
    notification.mutable_expires_at()->set_seconds(micros / 1'000'000);
    notification.mutable_expires_at()->set_nanos(
        static_cast<std::int32_t>(micros % 1'000'000 * 1'000));
  }
  return notification;
}

// Calls until it is not UNAVAILABLE or the time is up. Safe because of the idempotency key.
template <typename Response, typename Call>
Result<Response> CallWithRetries(const NotifyCommand& command, Call call) {
  const auto deadline = std::chrono::system_clock::now() + command.timeout;
  Backoff backoff(milliseconds(50), milliseconds(1'000));
  while (true) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + command.api_key);
    context.set_deadline(deadline);
    Response response;
    const grpc::Status status = call(&context, &response);
    if (status.ok()) {
      return response;
    }
    const milliseconds wait = backoff.Next();
    Error error = wire::FromGrpc(status);
    const bool again =
        error.code == Code::kUnavailable && std::chrono::system_clock::now() + wait < deadline;
    if (!again) {
      return Fail(std::move(error));
    }
    std::this_thread::sleep_for(wait);
  }
}

void PrintLine(const v1::NotifySegmentResponse& response, std::ostream& out) {
  out << "operation " << response.operation_id() << ", up to " << response.recipients() << " users"
      << (response.duplicate() ? " (it was there already)" : "") << "\n"
      << std::flush;
}

template <typename Response>
void PrintLine(const Response& response, std::ostream& out) {
  out << "stored as " << response.id() << (response.duplicate() ? " (it was already)" : "") << "\n"
      << std::flush;
}

template <typename Response>
void Print(const Response& response, bool json, std::ostream& out) {
  if (json) {
    google::protobuf::util::JsonPrintOptions options;
    options.always_print_primitive_fields = true;
    std::string text;
    // Cannot fail: the message has plain fields only.
    if (google::protobuf::util::MessageToJsonString(response, &text, options).ok()) {
      out << text;
    }
    out << "\n" << std::flush;
    return;
  }
  PrintLine(response, out);
}

ExitCode Send(const NotifyCommand& command, v1::Notification notification, std::ostream& out,
              std::ostream& err) {
  const wire::TlsFiles tls{command.tls_ca, command.tls_cert, command.tls_key};
  const auto channel = wire::MakeChannel(command.ingest, tls);
  if (!channel.ok()) {
    Report(channel.error(), command.json, err);
    return kFailed;
  }
  const auto stub = v1::NotifyService::NewStub(*channel);
  const std::string key =
      command.idempotency_key.empty()
          ? "cli-" + wire::Base64UrlEncode(RandomBytes(kIdempotencyKeyRandomBytes))
          : command.idempotency_key;
  const auto send = [&]<typename Response>(auto request, auto method) -> ExitCode {
    *request.mutable_notification() = std::move(notification);
    request.set_idempotency_key(key);
    const auto response =
        CallWithRetries<Response>(command, [&](grpc::ClientContext* context, Response* answer) {
          return ((*stub).*method)(context, request, answer);
        });
    if (!response.ok()) {
      return Report(response.error(), command.json, err);
    }
    Print(*response, command.json, out);
    return kDone;
  };
  if (command.broadcast) {
    v1::BroadcastRequest request;
    request.mutable_exclude_user_ids()->Assign(command.exclude.begin(), command.exclude.end());
    return send.operator()<v1::BroadcastResponse>(std::move(request),
                                                  &v1::NotifyService::Stub::Broadcast);
  }
  if (!command.segment.empty()) {
    v1::NotifySegmentRequest request;
    request.set_segment(command.segment);
    request.mutable_exclude_user_ids()->Assign(command.exclude.begin(), command.exclude.end());
    return send.operator()<v1::NotifySegmentResponse>(std::move(request),
                                                      &v1::NotifyService::Stub::NotifySegment);
  }
  return send.operator()<v1::NotifyResponse>(v1::NotifyRequest(), &v1::NotifyService::Stub::Notify);
}

}  // namespace

ExitCode Run(const NotifyCommand& command, std::ostream& out, std::ostream& err) {
  auto notification = ToNotification(command);
  if (!notification.ok()) {
    Report(notification.error(), command.json, err);
    return kUsage;
  }
  return Send(command, std::move(*notification), out, err);
}

}  // namespace belfry::cli
