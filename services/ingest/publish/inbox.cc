// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/inbox.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace belfry::ingest {
namespace {

// What a request takes while the store works on it, about.
constexpr std::size_t kRequestBytes = 1024;

// `done`, which holds the request's room until it has been called.
template <typename Answer>
std::function<void(Result<Answer>)> Holding(InFlight::Permit permit,
                                            std::function<void(Result<Answer>)> done) {
  auto room = std::make_shared<InFlight::Permit>(std::move(permit));
  return [room, done = std::move(done)](Result<Answer> answer) {
    room->Release();
    done(std::move(answer));
  };
}

}  // namespace

Status Inbox::Authorize(const Caller& caller) const {
  return caller.may_inbox ? Status() : publisher_.Lacks(caller, "inbox");
}

Status Inbox::AuthorizeRetract(const Caller& caller, const StateUpdate& update) const {
  const bool broadcast = update.user_id.empty() && update.idempotency_key.empty();
  return publisher_.Authorize(caller, broadcast ? EntryKind::kBroadcast : EntryKind::kNotification);
}

void Inbox::Update(const Caller& caller, StateUpdate update, SteadyTime deadline,
                   std::function<void(Result<StateUpdated>)> done) {
  auto room = publisher_.TakeRoom(kRequestBytes);
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  update.project = caller.project;
  update.may_retract_broadcast = caller.may_broadcast;
  store_.Update(update, publisher_.Until(deadline), Holding(std::move(*room), std::move(done)));
}

void Inbox::List(const Caller& caller, ListQuery query, SteadyTime deadline,
                 std::function<void(Result<ListPage>)> done) {
  auto room = publisher_.TakeRoom(kRequestBytes);
  if (!room.ok()) {
    return done(Fail(std::move(room.error())));
  }
  query.project = caller.project;
  store_.List(query, publisher_.Until(deadline), Holding(std::move(*room), std::move(done)));
}

}  // namespace belfry::ingest
