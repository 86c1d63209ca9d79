// SPDX-License-Identifier: Apache-2.0
// The rows of `meta` that say since when tokens are good: "revoked/", then project and user as in
// `audience`; without a user, of everybody in the project. As typed_rows.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/common/revocation.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

inline constexpr std::string_view kRevokedPrefix = "revoked/";

std::string RevokedKey(std::string_view project, std::string_view user_id);
// std::nullopt: it is no such row, or malformed.
std::optional<Revocation> DecodeRevocation(std::string_view key, std::string_view value);

// Unix microseconds; 0: no token was revoked. Errors of RowReader::Read; kDataLoss: the row is
// malformed.
Result<std::int64_t> ReadRevoked(RowReader& rows, std::string_view project,
                                 std::string_view user_id);
void SetRevoked(CommitBatch& batch, const Revocation& revocation);

}  // namespace belfry::store
