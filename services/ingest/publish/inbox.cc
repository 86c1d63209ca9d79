// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/inbox.h"

#include <utility>

#include "services/ingest/publish/audited.h"
#include "services/ingest/publish/room.h"

namespace belfry::ingest {

Status Inbox::Authorize(const Caller& caller) const {
  return caller.may_inbox ? Status() : publisher_.Lacks(caller, "inbox");
}

Status Inbox::AuthorizeRetract(const Caller& caller, const StateUpdate& update) const {
  const bool broadcast = update.user_id.empty() && update.idempotency_key.empty();
  return publisher_.Authorize(caller, broadcast ? EntryKind::kBroadcast : EntryKind::kNotification);
}

void Inbox::Update(const Caller& caller, StateUpdate update, SteadyTime deadline,
                   std::function<void(Result<StateUpdated>)> done) {
  NoteTarget(caller, update.user_id.empty() ? "broadcast" : "user:", update.user_id);
  for (const EntryId id : update.change.ids) {
    NoteTarget(caller, "notification:", std::to_string(id));
  }
  done = Audited<StateUpdated>(caller, std::move(done),
                               [](const StateUpdated&) { return std::uint64_t{0}; });
  auto room = publisher_.TakeRoom(kRequestBytes);
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  update.project = caller.project;
  update.may_retract_broadcast = caller.may_broadcast;
  retries_.Call<StateUpdated>(
      deadline,
      [this, update = std::move(update)](Duration timeout, bool, Retries::Done<StateUpdated> end) {
        store_.Update(update, timeout, std::move(end));
      },
      Holding(std::move(*room), std::move(done)));
}

void Inbox::List(const Caller& caller, ListQuery query, SteadyTime deadline,
                 std::function<void(Result<ListPage>)> done) {
  auto room = publisher_.TakeRoom(kRequestBytes);
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  query.project = caller.project;
  retries_.Call<ListPage>(
      deadline,
      [this, query = std::move(query)](Duration timeout, bool, Retries::Done<ListPage> end) {
        store_.List(query, timeout, std::move(end));
      },
      Holding(std::move(*room), std::move(done)));
}

}  // namespace belfry::ingest
