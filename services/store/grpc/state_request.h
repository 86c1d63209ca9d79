// SPDX-License-Identifier: Apache-2.0
// UpdateState's request and response, checked and translated. Stateless.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "services/store/core/append.h"

namespace belfry::v1 {
class UpdateStateRequest;
class UpdateStateResponse;
}  // namespace belfry::v1

namespace belfry::store {

inline constexpr int kUpdatesMax = 1'000;

// As CheckedAppend.
struct CheckedUpdates {
  std::vector<AppendItem> items;
  std::vector<std::optional<Error>> refused;
};

// kInvalidArgument: no updates, or too many. A bad one fails alone: its error names the field.
Result<CheckedUpdates> CheckUpdates(const v1::UpdateStateRequest& request);

// `results` are those of the good updates.
void FillUpdateResponse(const std::vector<std::optional<Error>>& refused, AppendResults results,
                        v1::UpdateStateResponse* response);

}  // namespace belfry::store
