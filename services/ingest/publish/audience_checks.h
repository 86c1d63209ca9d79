// SPDX-License-Identifier: Apache-2.0
// The rules for what a backend may say of its audiences, field by field, as
// proto/belfry/v1/audience_service.proto promises them. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "libs/common/audience.h"
#include "libs/common/result.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {

extern const char* const kUserRule;
extern const char* const kSegmentsRule;  // of an expression

// Adds every wrong field of `user`, each by `prefix` ("users[3].") and its own name.
void CheckUser(const AudienceUser& user, const std::string& prefix, const FieldNames& names,
               std::vector<FieldViolation>* violations);
// Adds every one of `user_ids` that is no user's id, as "<field>[3]".
void CheckUserIds(const std::vector<std::string>& user_ids, const std::string& field,
                  std::vector<FieldViolation>* violations);

// Every wrong field of a change (any but kNotifySegment), or of a query.
std::vector<FieldViolation> CheckUpdate(const AudienceUpdate& update, const FieldNames& names);
std::vector<FieldViolation> CheckQuery(const AudienceQuery& query, const FieldNames& names);

// How many users it is for, as its key's rate counts them: at least 1.
std::size_t UsersIn(const AudienceUpdate& update);

std::vector<std::string> SortedOnce(std::vector<std::string> texts);

}  // namespace belfry::ingest
