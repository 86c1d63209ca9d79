// SPDX-License-Identifier: Apache-2.0
// Users, segments and operations as JSON. Pure; any thread. Private to this room.
//
// The parsers are strict. kInvalidArgument with the reason "MALFORMED_JSON" says where the body
// stops being JSON; with the reason "INVALID_FIELDS" it has a violation for every wrong, unknown or
// missing field. What they return has been checked.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/common/audience.h"
#include "libs/common/result.h"

namespace belfry::ingest {

// {"attributes":{"plan":"pro","seats":5,"beta":true}}: a value is a string, a boolean or a whole
// number, which are kept as text.
Result<AudienceUpdate> ParseUserBody(const std::string& user_id, std::string_view body);
// {"users":[{"userId":"alice","attributes":{...}}]}
Result<AudienceUpdate> ParseUsersBody(std::string_view body);
// {"userIds":["alice"]}, of kAddMembers or kRemoveMembers.
Result<AudienceUpdate> ParseMembersBody(AudienceOp op, const std::string& segment,
                                        std::string_view body);
// The parameters after and limit (1-1000, 100) of a query whose other fields are set.
Result<AudienceQuery> ParsePage(AudienceQuery query,
                                const std::vector<std::pair<std::string, std::string>>& parameters);

// {"userId":"alice","attributes":{"plan":"pro"},"segments":["beta"]}
std::string UserJson(const AudienceUser& user);
// {"users":[...],"nextAfter":"bob" or null}
std::string UsersJson(const AudiencePage& page);
// {"segments":[{"segment":"beta","members":3}],"nextAfter":null}
std::string SegmentsJson(const AudiencePage& page);
// {"userIds":["alice"],"nextAfter":null}
std::string MembersJson(const AudiencePage& page);
// {"operationId":"17","kind":"notify_segment","state":"running","createdAt":"...","total":3,
// "done":1,"suppressed":0,"failed":0,"errors":[]}, and "finishedAt" once it is done or has failed.
std::string OperationJson(const Operation& operation);

}  // namespace belfry::ingest
