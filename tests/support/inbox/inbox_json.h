// SPDX-License-Identifier: Apache-2.0
// What a client reads out of the inbox's answers and events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/inbox.h"

namespace belfry::test {

// A notification as a client has it.
struct Shown {
  EntryId id = 0;
  std::string tag = {};  // the title
  std::string kind = {};
  std::int64_t read_at_us = 0;  // 0: unread
  bool archived = false;
};

// A page of a list.
struct ShownPage {
  std::vector<Shown> items = {};
  EntryId next_before = 0;  // 0: the last page
  Counts counts = {};
};

// A `state` event. `change.counts` is set.
struct StateTold {
  StateChange change = {};
  std::int64_t at_us = 0;
};

// All give std::nullopt for what is not as docs/protocol.md says.
std::optional<ShownPage> ReadPage(std::string_view json);
std::optional<Shown> ReadShown(std::string_view json);
std::optional<StateTold> ReadState(std::string_view json);
// The member `counts`, or the object itself.
std::optional<Counts> ReadCounts(std::string_view json);
// Of a bulk answer: the ids with status 404.
std::optional<std::vector<EntryId>> ReadNotFound(std::string_view json);
// A member that is an id; 0 if there is none.
EntryId ReadId(std::string_view json, const std::string& name);
// A member that is true.
bool ReadTrue(std::string_view json, const std::string& name);

}  // namespace belfry::test
