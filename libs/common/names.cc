// SPDX-License-Identifier: Apache-2.0
#include "libs/common/names.h"

#include "libs/common/ascii.h"
#include "libs/common/text.h"

namespace belfry {
namespace {

bool HasSize(std::string_view text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max;
}

}  // namespace

bool IsUserId(std::string_view text) {
  return HasSize(text, kUserIdBytesMax) && IsUtf8(text) && !HasControl(text);
}

bool IsProject(std::string_view text) {
  return HasSize(text, kProjectBytesMax) && IsAlnumOr(text, "_-.");
}

bool IsKeyId(std::string_view text) {
  return HasSize(text, kKeyIdBytesMax) && IsAlnumOr(text, "_-");
}

bool IsIdempotencyKey(std::string_view text) {
  return HasSize(text, kIdempotencyKeyBytesMax) && IsPrintableAscii(text);
}

}  // namespace belfry
