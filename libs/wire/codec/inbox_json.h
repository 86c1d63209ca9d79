// SPDX-License-Identifier: Apache-2.0
// The inbox as JSON: what its requests ask for and what its answers say, at ingest and edge alike.
// Stateless; any thread.
//
// All parsers are strict. kInvalidArgument with the reason "MALFORMED_JSON" says where the body
// stops being JSON; with the reason "INVALID_FIELDS" it has a violation for every wrong, unknown or
// missing field. An id is a decimal string or a number, from 1 to kEntryIdMax.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/feed.h"
#include "libs/common/inbox.h"
#include "libs/common/result.h"

namespace belfry::wire {

// A body of POST notifications/bulk: {"op":"read","ids":["1","2"]}; op is read, unread, archive,
// unarchive or delete; 1 to kMarkIdsMax ids.
Result<StateChange> ParseBulkBody(std::string_view body);
// {"upTo":"17","kind":"comment."}; `kind` is optional, as it is in the next.
Result<StateChange> ParseReadAllBody(std::string_view body);
// {"upTo":"17","onlyRead":true,"kind":"comment."}
Result<StateChange> ParseArchiveAllBody(std::string_view body);
// {"upTo":"17"}
Result<StateChange> ParseSeenBody(std::string_view body);
// {"mutedKinds":["digest."]}; required, up to kMutedKindsMax.
Result<StateChange> ParsePreferencesBody(std::string_view body);
// {"userId":"alice","id":"17"}, {"broadcastId":"17"} or {"idempotencyKey":"k"}. The project and
// may_retract_broadcast are left to the caller.
Result<StateUpdate> ParseRetractBody(std::string_view body);

// A path's id. std::nullopt: it is none, and so nobody's.
std::optional<EntryId> ParseEntryId(std::string_view text);
// limit (1-100), before, unread, archived, kind, level. The project and the user are left to the
// caller.
Result<ListQuery> ParseListQuery(const std::vector<std::pair<std::string, std::string>>& query);

// What is wrong with the parameters of a request that takes none; `query` must not be empty.
Error UnknownParameters(const std::vector<std::pair<std::string, std::string>>& query);

// Every wrong field of a change or a query that came by another way than JSON, by its proto name.
std::vector<FieldViolation> CheckChange(const StateChange& change);
std::vector<FieldViolation> CheckQuery(const ListQuery& query);

// {"notifications":[...],"nextBefore":"17" or null,"oldestId":"3","counts":{...}}
// kDataLoss: the errors of NotificationJson.
Result<std::string> ListJson(const ListPage& page);
// {"counts":{...}}
std::string ChangedJson(const Counts& counts);
// {"results":[{"id":"1","status":200},{"id":"2","status":404}],"counts":{...}}, in the order of
// `ids`: 404 for those that are not this user's, or gone.
std::string BulkJson(const std::vector<EntryId>& ids, const StateUpdated& updated);
// {"mutedKinds":[...]}
std::string PreferencesJson(const std::vector<std::string>& muted_kinds);

}  // namespace belfry::wire
