// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/inbox.h"

#include <cstddef>
#include <memory>
#include <utility>

namespace belfry::ingest {
namespace {

// What a request takes while the store works on it, about.
constexpr std::size_t kRequestBytes = 1024;

// What a caller is told of an error of the store. Its own refusals are the caller's; what gRPC says
// of a store that does not answer has addresses in it.
Error Outward(Error error) {
  switch (error.code) {
    case Code::kNotFound:
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kPermissionDenied:
    case Code::kResourceExhausted:
      return error;
    case Code::kUnavailable:
      return {
          error.code, "the store cannot be reached", "STORE_UNAVAILABLE", {}, error.retry_after};
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
      return {error.code, "the store has not answered in time", "STORE_TIMEOUT", {}, {}};
    default:
      return {error.code, "the store failed", "STORE_FAILED", {}, {}};
  }
}

// `done`, which holds the request's room until it has been called.
template <typename Answer>
std::function<void(Result<Answer>)> Holding(InFlight::Permit permit,
                                            std::function<void(Result<Answer>)> done) {
  auto room = std::make_shared<InFlight::Permit>(std::move(permit));
  return [room, done = std::move(done)](Result<Answer> answer) {
    room->Release();
    done(answer.ok() ? std::move(answer) : Fail(Outward(std::move(answer.error()))));
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
