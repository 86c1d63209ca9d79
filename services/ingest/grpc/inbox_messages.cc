// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/grpc/inbox_messages.h"

#include <google/protobuf/util/time_util.h>

#include <utility>
#include <vector>

#include "libs/common/names.h"
#include "libs/wire/codec/inbox_codec.h"
#include "libs/wire/codec/inbox_json.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {
namespace {

using google::protobuf::util::TimeUtil;

constexpr const char* kUserRule = "must be 1-128 bytes of UTF-8 without control characters";

template <typename Request>
void CheckUser(const Request& request, std::vector<FieldViolation>* violations) {
  if (!IsUserId(request.user_id())) {
    violations->insert(violations->begin(), {"user_id", kUserRule});
  }
}

template <typename T>
Result<T> Checked(T value, std::vector<FieldViolation> violations) {
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  return value;
}

// A query for everything but notifications.
template <typename Request>
Result<ListQuery> OnlyCounts(const Request& request) {
  ListQuery query;
  query.user_id = request.user_id();
  query.limit = 0;
  std::vector<FieldViolation> violations;
  CheckUser(request, &violations);
  return Checked(std::move(query), std::move(violations));
}

template <typename Request>
StateUpdate UpdateOf(const Request& request, StateOp op) {
  StateUpdate update;
  update.user_id = request.user_id();
  update.change.op = op;
  update.change.operation = request.operation();
  return update;
}

// `known`: the request's op is one of its own.
template <typename Request>
Result<StateUpdate> CheckedUpdate(const Request& request, StateUpdate update, bool known = true) {
  std::vector<FieldViolation> violations = wire::CheckChange(update.change);
  if (!known) {
    violations.insert(violations.begin(), {"op", "is none of this method's"});
  }
  CheckUser(request, &violations);
  return Checked(std::move(update), std::move(violations));
}

Status ToNotification(const Entry& entry, v1::Notification* proto) {
  if (!proto->ParseFromString(entry.payload.str())) {
    return Fail(Code::kDataLoss,
                "read entry " + std::to_string(entry.id) + ": its payload is no Notification");
  }
  const auto set_time = [](std::int64_t micros, auto mutable_time) {
    if (micros != 0) {
      *mutable_time() = TimeUtil::MicrosecondsToTimestamp(micros);
    }
  };
  proto->set_id(entry.id);
  proto->set_project(entry.project);
  proto->set_user_id(entry.user_id);
  if (!entry.notification_kind.empty()) {
    proto->set_kind(entry.notification_kind);
  }
  set_time(entry.created_us, [proto] { return proto->mutable_created_at(); });
  set_time(entry.expires_us, [proto] { return proto->mutable_expires_at(); });
  set_time(entry.read_at_us, [proto] { return proto->mutable_read_at(); });
  set_time(entry.archived_at_us, [proto] { return proto->mutable_archived_at(); });
  proto->set_broadcast_id(entry.broadcast_id);
  proto->set_collapsed_count(entry.collapsed_count);
  proto->set_replaces(entry.replaces);
  return {};
}

Status NotFound() {
  return Fail(Code::kNotFound, "no such notification: it is not this user's, or it is gone");
}

}  // namespace

Result<ListQuery> ToQuery(const v1::ListNotificationsRequest& request) {
  ListQuery query;
  query.user_id = request.user_id();
  query.limit = request.limit() == 0 ? 20 : request.limit();
  query.before = request.before();
  if (request.has_unread()) {
    query.unread = request.unread();
  }
  query.archived = request.archived();
  query.kind = request.kind();
  query.level = request.level();
  std::vector<FieldViolation> violations = wire::CheckQuery(query);
  CheckUser(request, &violations);
  return Checked(std::move(query), std::move(violations));
}

Result<ListQuery> ToQuery(const v1::GetNotificationRequest& request) {
  ListQuery query;
  query.user_id = request.user_id();
  query.id = request.id();
  std::vector<FieldViolation> violations;
  if (request.id() == 0) {
    violations.push_back({"id", "required"});
  }
  CheckUser(request, &violations);
  return Checked(std::move(query), std::move(violations));
}

Result<ListQuery> ToQuery(const v1::GetCountsRequest& request) { return OnlyCounts(request); }
Result<ListQuery> ToQuery(const v1::GetPreferencesRequest& request) { return OnlyCounts(request); }

Status Fill(const ListPage& page, v1::ListNotificationsResponse* response) {
  for (const Entry& entry : page.entries) {
    if (Status read = ToNotification(entry, response->add_notifications()); !read.ok()) {
      return read;
    }
  }
  response->set_next_before(page.next_before);
  response->set_oldest_id(page.oldest_id);
  wire::ToProto(page.counts, response->mutable_counts());
  return {};
}

Status Fill(const ListPage& page, v1::GetNotificationResponse* response) {
  return page.entries.empty()
             ? NotFound()
             : ToNotification(page.entries.front(), response->mutable_notification());
}

Status Fill(const ListPage& page, v1::GetCountsResponse* response) {
  wire::ToProto(page.counts, response->mutable_counts());
  return {};
}

Status Fill(const ListPage& page, v1::GetPreferencesResponse* response) {
  response->mutable_muted_kinds()->Assign(page.muted_kinds.begin(), page.muted_kinds.end());
  return {};
}

Result<StateUpdate> ToUpdate(const v1::MarkRequest& request) {
  const bool known = request.op() >= v1::STATE_OP_READ && request.op() <= v1::STATE_OP_DELETE;
  // An unknown one is reported as that; what it would take is checked as kRead's.
  StateUpdate update =
      UpdateOf(request, known ? static_cast<StateOp>(request.op()) : StateOp::kRead);
  update.change.ids.assign(request.ids().begin(), request.ids().end());
  return CheckedUpdate(request, std::move(update), known);
}

Result<StateUpdate> ToUpdate(const v1::MarkAllRequest& request) {
  const bool archive = request.op() == v1::STATE_OP_ARCHIVE_ALL;
  const bool known = archive || request.op() == v1::STATE_OP_READ_ALL;
  StateUpdate update = UpdateOf(request, archive ? StateOp::kArchiveAll : StateOp::kReadAll);
  update.change.up_to = request.up_to();
  update.change.kind = request.kind();
  update.change.only_read = archive && request.only_read();
  return CheckedUpdate(request, std::move(update), known);
}

Result<StateUpdate> ToUpdate(const v1::MarkSeenRequest& request) {
  StateUpdate update = UpdateOf(request, StateOp::kSeen);
  update.change.up_to = request.up_to();
  return CheckedUpdate(request, std::move(update));
}

Result<StateUpdate> ToUpdate(const v1::SetPreferencesRequest& request) {
  StateUpdate update = UpdateOf(request, StateOp::kPreferences);
  update.change.muted_kinds.assign(request.muted_kinds().begin(), request.muted_kinds().end());
  return CheckedUpdate(request, std::move(update));
}

Result<StateUpdate> ToUpdate(const v1::RetractRequest& request) {
  StateUpdate update;
  update.change.op = StateOp::kRetracted;
  std::vector<FieldViolation> violations;
  switch (request.target_case()) {
    case v1::RetractRequest::kNotification:
      update.user_id = request.notification().user_id();
      update.change.ids = {request.notification().id()};
      if (!IsUserId(update.user_id)) {
        violations.push_back({"notification.user_id", kUserRule});
      }
      if (request.notification().id() == 0) {
        violations.push_back({"notification.id", "required"});
      }
      break;
    case v1::RetractRequest::kBroadcastId:
      update.change.ids = {request.broadcast_id()};
      if (request.broadcast_id() == 0) {
        violations.push_back({"broadcast_id", "required"});
      }
      break;
    case v1::RetractRequest::kIdempotencyKey:
      update.idempotency_key = request.idempotency_key();
      if (!IsIdempotencyKey(update.idempotency_key)) {
        violations.push_back({"idempotency_key", "must be 1-128 bytes of printable ASCII"});
      }
      break;
    case v1::RetractRequest::TARGET_NOT_SET:
      violations.push_back({"target", "required"});
  }
  return Checked(std::move(update), std::move(violations));
}

Status Fill(const StateChange&, const StateUpdated& updated, v1::MarkResponse* response) {
  response->mutable_not_found()->Assign(updated.not_found.begin(), updated.not_found.end());
  wire::ToProto(updated.counts, response->mutable_counts());
  return {};
}

Status Fill(const StateChange&, const StateUpdated& updated, v1::MarkAllResponse* response) {
  wire::ToProto(updated.counts, response->mutable_counts());
  return {};
}

Status Fill(const StateChange&, const StateUpdated& updated, v1::MarkSeenResponse* response) {
  wire::ToProto(updated.counts, response->mutable_counts());
  return {};
}

Status Fill(const StateChange& change, const StateUpdated& updated,
            v1::SetPreferencesResponse* response) {
  response->mutable_muted_kinds()->Assign(change.muted_kinds.begin(), change.muted_kinds.end());
  wire::ToProto(updated.counts, response->mutable_counts());
  return {};
}

Status Fill(const StateChange&, const StateUpdated& updated, v1::RetractResponse*) {
  return updated.not_found.empty() ? Status() : NotFound();
}

}  // namespace belfry::ingest
