// SPDX-License-Identifier: Apache-2.0
// Append's request and response, checked and translated. Stateless.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "services/store/core/append.h"

namespace belfry::v1 {
class AppendItem;
class AppendRequest;
class AppendResponse;
}  // namespace belfry::v1

namespace belfry::store {

inline constexpr int kAppendItemsMax = 1'000;
inline constexpr std::size_t kPayloadBytesMax = 64 * 1024;
inline constexpr std::size_t kCollapseKeyBytesMax = 128;

// The items that are good, and for each item of the request its error or where it went.
struct CheckedAppend {
  std::vector<AppendItem> items;
  // By item of the request: std::nullopt, if the next of `items` is it; or why it was refused.
  std::vector<std::optional<Error>> refused;
};

// Takes the strings out of the good items. kInvalidArgument: no items, or too many. A bad item
// fails alone: its error names the field.
Result<CheckedAppend> CheckAppend(v1::AppendRequest& request);

// What the members of a segment get. Takes the strings out of it. kInvalidArgument names the
// fields.
Result<AppendItem> CheckSegmentItem(v1::AppendItem& item);

// `results` are those of the good items.
void FillAppendResponse(const std::vector<std::optional<Error>>& refused, AppendResults results,
                        v1::AppendResponse* response);

}  // namespace belfry::store
