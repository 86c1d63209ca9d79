// SPDX-License-Identifier: Apache-2.0
#include "libs/common/audience.h"

#include <algorithm>

#include "libs/common/ascii.h"
#include "libs/common/text.h"

namespace belfry {

bool IsSegmentName(std::string_view name) {
  return !name.empty() && name.size() <= kSegmentNameBytesMax && IsAlnumOr(name, "_-.");
}

bool IsAttributeValue(std::string_view value) {
  return !value.empty() && value.size() <= kAttributeValueBytesMax && IsUtf8(value) &&
         !HasControl(value) && value.find(',') == std::string_view::npos;
}

std::string SegmentOf(const Attribute& attribute) { return attribute.key + ":" + attribute.value; }

bool IsSegment(std::string_view segment) {
  const std::size_t colon = segment.find(':');
  return IsSegmentName(segment.substr(0, colon)) &&
         (colon == std::string_view::npos || IsAttributeValue(segment.substr(colon + 1)));
}

std::vector<std::string> ParseSegmentExpression(std::string_view expression) {
  std::vector<std::string> segments;
  for (std::size_t begin = 0; begin <= expression.size();) {
    const std::size_t end = std::min(expression.find(',', begin), expression.size());
    const std::string_view segment = expression.substr(begin, end - begin);
    if (!IsSegment(segment)) {
      return {};
    }
    segments.emplace_back(segment);
    begin = end + 1;
  }
  std::sort(segments.begin(), segments.end());
  segments.erase(std::unique(segments.begin(), segments.end()), segments.end());
  if (segments.size() > kSegmentsJoinedMax) {
    return {};
  }
  return segments;
}

}  // namespace belfry
