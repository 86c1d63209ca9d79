// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/audience.h"

#include <utility>

#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/publish/audited.h"
#include "services/ingest/publish/room.h"

namespace belfry::ingest {
namespace {

std::size_t BytesOf(const AudienceUpdate& update) {
  std::size_t bytes = kRequestBytes;
  for (const AudienceUser& user : update.users) {
    bytes += user.user_id.size() + 32;
    for (const Attribute& attribute : user.attributes) {
      bytes += attribute.key.size() + attribute.value.size() + 64;
    }
  }
  for (const std::string& user : update.user_ids) {
    bytes += user.size() + 32;
  }
  return bytes;
}

void NoteTargets(const Caller& caller, const AudienceUpdate& update) {
  if (!update.segment.empty()) {
    NoteTarget(caller, "segment:", update.segment);
  }
  for (const std::string& user : update.user_ids) {
    NoteTarget(caller, "user:", user);
  }
  for (const AudienceUser& user : update.users) {
    NoteTarget(caller, "user:", user.user_id);
  }
  if (update.segment.empty() && update.user_ids.empty() && update.users.empty()) {
    NoteTarget(caller, "project:", caller.project);
  }
}

std::uint64_t OperationOf(const AudienceUpdated& updated) { return updated.operation_id; }

}  // namespace

Status Audience::Authorize(const Caller& caller, AudienceOp op) const {
  if (op == AudienceOp::kNotifySegment) {
    return publisher_.Authorize(caller, EntryKind::kBroadcast);
  }
  if (op == AudienceOp::kEraseUser || op == AudienceOp::kRevokeTokens ||
      op == AudienceOp::kCloseStreams) {
    return caller.may_inbox ? Status() : publisher_.Lacks(caller, "inbox");
  }
  return caller.may_audience ? Status() : publisher_.Lacks(caller, "audience");
}

Status Audience::Authorize(const Caller& caller, AudienceQueryKind kind) const {
  const bool begins_operations = caller.may_broadcast || caller.may_inbox;
  const bool allowed =
      caller.may_audience || (kind == AudienceQueryKind::kOperation && begins_operations);
  return allowed ? Status() : publisher_.Lacks(caller, "audience");
}

void Audience::Update(const Caller& caller, AudienceUpdate update, SteadyTime deadline,
                      std::function<void(Result<AudienceUpdated>)> done) {
  NoteTargets(caller, update);
  if (Status admitted = publisher_.AdmitOthers(caller, UsersIn(update)); !admitted.ok()) {
    return done(Fail(std::move(admitted.error())));
  }
  done = Audited<AudienceUpdated>(caller, std::move(done), OperationOf);
  auto room = publisher_.TakeRoom(BytesOf(update));
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  update.project = caller.project;
  using End = Retries::Done<AudienceUpdated>;
  retries_.Call<AudienceUpdated>(
      deadline,
      [this, update = std::move(update)](Duration timeout, bool again, End end) {
        const bool gone_is_done = again && update.op == AudienceOp::kDeleteSegment;
        store_.Update(
            update, nullptr, timeout,
            [gone_is_done, end = std::move(end)](Result<AudienceUpdated> updated) {
              // The attempt before may have deleted it.
              if (gone_is_done && !updated.ok() && updated.error().code == Code::kNotFound) {
                updated = AudienceUpdated{.changed = true};
              }
              end(std::move(updated));
            });
      },
      Holding(std::move(*room), std::move(done)));
}

void Audience::Notify(const Caller& caller, PublishRequest wanted, const FieldNames& names,
                      SteadyTime deadline, std::function<void(Result<AudienceUpdated>)> done) {
  AudienceUpdate update{.op = AudienceOp::kNotifySegment, .project = caller.project};
  update.segments = ParseSegmentExpression(wanted.segment.value_or(""));
  NoteTarget(caller, "segment:", wanted.segment.value_or(""));
  done = Audited<AudienceUpdated>(caller, std::move(done), OperationOf);
  auto content = publisher_.Content(caller, std::move(wanted), names);
  if (!content.ok()) {
    return done(Fail(std::move(content.error())));
  }
  auto room = publisher_.TakeRoom(content->bytes());
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  update.user_ids = std::exchange(content->exclude_user_ids, {});
  using End = Retries::Done<AudienceUpdated>;
  retries_.Call<AudienceUpdated>(
      deadline,
      [this, update = std::move(update), item = std::move(*content)](Duration timeout, bool,
                                                                     End end) {
        const bool made = item.key_made;
        store_.Update(update, &item, timeout,
                      [made, end = std::move(end)](Result<AudienceUpdated> updated) {
                        // A key that we made can only be repeated by our own retry.
                        if (made && updated.ok()) {
                          updated->duplicate = false;
                        }
                        end(std::move(updated));
                      });
      },
      Holding(std::move(*room), std::move(done)));
}

void Audience::Read(const Caller& caller, AudienceQuery query, SteadyTime deadline,
                    std::function<void(Result<AudiencePage>)> done) {
  auto room = publisher_.TakeRoom(kRequestBytes);
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  query.project = caller.project;
  using End = Retries::Done<AudiencePage>;
  retries_.Call<AudiencePage>(
      deadline,
      [this, query = std::move(query)](Duration timeout, bool, End end) {
        store_.Read(query, timeout, std::move(end));
      },
      Holding(std::move(*room), std::move(done)));
}

}  // namespace belfry::ingest
