// SPDX-License-Identifier: Apache-2.0
// UpdateState's request and response, checked and translated. Stateless.
#pragma once

#include <optional>
#include <vector>

#include "services/store/core/append.h"
#include "services/store/grpc/append_request.h"

namespace belfry::v1 {
class UpdateStateRequest;
class UpdateStateResponse;
}  // namespace belfry::v1

namespace belfry::store {

inline constexpr int kUpdatesMax = 1'000;

// kInvalidArgument: no updates, or too many. A bad one fails alone: its error names the field.
Result<CheckedAppend> CheckUpdates(const v1::UpdateStateRequest& request);

// `results` are those of the good updates.
void FillUpdateResponse(const std::vector<std::optional<Error>>& refused, AppendResults results,
                        v1::UpdateStateResponse* response);

}  // namespace belfry::store
