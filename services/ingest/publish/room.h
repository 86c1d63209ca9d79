// SPDX-License-Identifier: Apache-2.0
// What requests to the store have in common: the room that they take until they are answered, and
// what their callers are told of errors. Any thread. Private to this room.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "libs/common/result.h"
#include "services/ingest/core/in_flight.h"

namespace belfry::ingest {

// What a request takes while the store works on it, about.
inline constexpr std::size_t kRequestBytes = 1024;

// What a caller is told of an error of the store. Its own refusals are the caller's; what gRPC says
// of a store that does not answer has addresses in it.
Error Outward(Error error);

// `done`, which holds the request's room until it is called.
template <typename Answer>
std::function<void(Result<Answer>)> Holding(InFlight::Permit permit,
                                            std::function<void(Result<Answer>)> done) {
  auto room = std::make_shared<InFlight::Permit>(std::move(permit));
  return [room, done = std::move(done)](Result<Answer> answer) {
    room->Release();
    done(answer.ok() ? std::move(answer) : Fail(Outward(std::move(answer.error()))));
  };
}

}  // namespace belfry::ingest
