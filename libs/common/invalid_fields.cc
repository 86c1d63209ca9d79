// SPDX-License-Identifier: Apache-2.0
#include "libs/common/invalid_fields.h"

#include <cstddef>
#include <string>
#include <utility>

#include "libs/common/text.h"

namespace belfry {

Error InvalidFields(std::vector<FieldViolation> violations) {
  constexpr std::size_t kNamedMax = 3;
  constexpr std::size_t kNameBytesMax = 64;
  const std::size_t count = violations.size();
  std::string message =
      count == 1 ? "1 field is invalid" : std::to_string(count) + " fields are invalid";
  for (std::size_t i = 0; i < count && i < kNamedMax; ++i) {
    message += i == 0 ? ": " : ", ";
    message += TruncateUtf8(violations[i].field, kNameBytesMax);
  }
  message += count > kNamedMax ? ", ..." : "";
  return {Code::kInvalidArgument, std::move(message), "INVALID_FIELDS", std::move(violations), {}};
}

}  // namespace belfry
