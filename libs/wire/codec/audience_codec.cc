// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/audience_codec.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "belfry/v1/audience.pb.h"
#include "belfry/v1/store_service.pb.h"

namespace belfry::wire {
namespace {

using google::protobuf::util::TimeUtil;

template <typename Enum>
Enum Known(int number, bool known) {
  return known ? static_cast<Enum>(number) : Enum::kUnspecified;
}

}  // namespace

void ToProto(const AudienceUser& user, v1::User* proto) {
  proto->set_user_id(user.user_id);
  for (const Attribute& attribute : user.attributes) {
    (*proto->mutable_attributes())[attribute.key] = attribute.value;
  }
  proto->mutable_segments()->Assign(user.segments.begin(), user.segments.end());
}

AudienceUser FromProto(const v1::User& proto) {
  AudienceUser user{.user_id = proto.user_id(),
                    .segments = {proto.segments().begin(), proto.segments().end()}};
  for (const auto& [key, value] : proto.attributes()) {
    user.attributes.push_back({key, value});
  }
  std::sort(user.attributes.begin(), user.attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
  return user;
}

void ToProto(const Operation& operation, v1::Operation* proto) {
  proto->set_id(operation.id);
  proto->set_kind(static_cast<v1::OperationKind>(operation.kind));
  proto->set_state(static_cast<v1::OperationState>(operation.state));
  *proto->mutable_created_at() = TimeUtil::MicrosecondsToTimestamp(operation.created_us);
  if (operation.finished_us != 0) {
    *proto->mutable_finished_at() = TimeUtil::MicrosecondsToTimestamp(operation.finished_us);
  }
  proto->set_total(operation.total);
  proto->set_done(operation.done);
  proto->set_suppressed(operation.suppressed);
  proto->set_failed(operation.failed);
  proto->mutable_errors()->Assign(operation.errors.begin(), operation.errors.end());
}

Operation FromProto(const v1::Operation& proto) {
  return {.id = proto.id(),
          .kind = Known<OperationKind>(proto.kind(), v1::OperationKind_IsValid(proto.kind())),
          .state = Known<OperationState>(proto.state(), v1::OperationState_IsValid(proto.state())),
          .created_us = TimeUtil::TimestampToMicroseconds(proto.created_at()),
          .finished_us =
              proto.has_finished_at() ? TimeUtil::TimestampToMicroseconds(proto.finished_at()) : 0,
          .total = proto.total(),
          .done = proto.done(),
          .suppressed = proto.suppressed(),
          .failed = proto.failed(),
          .errors = {proto.errors().begin(), proto.errors().end()}};
}

void ToProto(const AudienceUpdate& update, v1::UpdateAudienceRequest* proto) {
  proto->set_project(update.project);
  proto->set_op(static_cast<v1::AudienceOp>(update.op));
  for (const AudienceUser& user : update.users) {
    ToProto(user, proto->add_users());
  }
  proto->set_segment(update.segment);
  proto->mutable_user_ids()->Assign(update.user_ids.begin(), update.user_ids.end());
  proto->mutable_segments()->Assign(update.segments.begin(), update.segments.end());
}

AudienceUpdate FromProto(const v1::UpdateAudienceRequest& proto) {
  AudienceUpdate update{
      .op = Known<AudienceOp>(proto.op(), v1::AudienceOp_IsValid(proto.op())),
      .project = proto.project(),
      .segment = proto.segment(),
      .user_ids = {proto.user_ids().begin(), proto.user_ids().end()},
      .segments = {proto.segments().begin(), proto.segments().end()},
  };
  for (const v1::User& user : proto.users()) {
    update.users.push_back(FromProto(user));
  }
  return update;
}

void ToProto(const AudienceUpdated& updated, v1::UpdateAudienceResponse* proto) {
  proto->set_changed(updated.changed);
  proto->set_members(updated.members);
  proto->set_operation_id(updated.operation_id);
  proto->set_recipients(updated.recipients);
  proto->set_duplicate(updated.duplicate);
  proto->set_revoked_us(updated.revoked_us);
}

AudienceUpdated FromProto(const v1::UpdateAudienceResponse& proto) {
  return {.changed = proto.changed(),
          .members = proto.members(),
          .operation_id = proto.operation_id(),
          .recipients = proto.recipients(),
          .duplicate = proto.duplicate(),
          .revoked_us = proto.revoked_us()};
}

void ToProto(const AudienceQuery& query, v1::ReadAudienceRequest* proto) {
  proto->set_project(query.project);
  proto->set_kind(static_cast<v1::AudienceQueryKind>(query.kind));
  proto->set_name(query.name);
  proto->set_after(query.after);
  proto->set_limit(query.limit);
  proto->set_operation_id(query.operation_id);
}

AudienceQuery FromProto(const v1::ReadAudienceRequest& proto) {
  return {
      .kind = Known<AudienceQueryKind>(proto.kind(), v1::AudienceQueryKind_IsValid(proto.kind())),
      .project = proto.project(),
      .name = proto.name(),
      .after = proto.after(),
      .limit = proto.limit(),
      .operation_id = proto.operation_id()};
}

void ToProto(const AudiencePage& page, v1::ReadAudienceResponse* proto) {
  for (const AudienceUser& user : page.users) {
    ToProto(user, proto->add_users());
  }
  for (const SegmentSize& segment : page.segments) {
    v1::SegmentSize* const size = proto->add_segments();
    size->set_segment(segment.segment);
    size->set_members(segment.members);
  }
  proto->set_next_after(page.next_after);
  if (page.operation.id != 0) {
    ToProto(page.operation, proto->mutable_operation());
  }
}

AudiencePage FromProto(const v1::ReadAudienceResponse& proto) {
  AudiencePage page;
  for (const v1::User& user : proto.users()) {
    page.users.push_back(FromProto(user));
  }
  for (const v1::SegmentSize& segment : proto.segments()) {
    page.segments.push_back({segment.segment(), segment.members()});
  }
  page.next_after = proto.next_after();
  if (proto.has_operation()) {
    page.operation = FromProto(proto.operation());
  }
  return page;
}

}  // namespace belfry::wire
