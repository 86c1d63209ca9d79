// SPDX-License-Identifier: Apache-2.0
// Notes a request that is one thing in its call's trail. Private to this room.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "services/ingest/publish/caller.h"

namespace belfry::ingest {

// `done`, which notes how it ended. `id_of` says what the outcome is known by; 0: by nothing.
template <typename T>
std::function<void(Result<T>)> Audited(const Caller& caller, std::function<void(Result<T>)> done,
                                       std::uint64_t (*id_of)(const T&)) {
  if (!caller.trail) {
    return done;
  }
  return [trail = caller.trail, id_of, done = std::move(done)](Result<T> result) {
    result.ok() ? trail->Accept(id_of(*result)) : trail->Refuse(result.error());
    done(std::move(result));
  };
}

inline void NoteTarget(const Caller& caller, std::string_view kind, std::string_view name) {
  if (caller.trail) {
    caller.trail->Target(std::string(kind) + std::string(name));
  }
}

}  // namespace belfry::ingest
