// SPDX-License-Identifier: Apache-2.0
#include "libs/common/result.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace belfry {

std::string_view CodeName(Code code) {
  static constexpr std::array<std::string_view, 17> kNames = {
      "OK",
      "CANCELLED",
      "UNKNOWN",
      "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED",
      "NOT_FOUND",
      "ALREADY_EXISTS",
      "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED",
      "FAILED_PRECONDITION",
      "ABORTED",
      "OUT_OF_RANGE",
      "UNIMPLEMENTED",
      "INTERNAL",
      "UNAVAILABLE",
      "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  const auto index = static_cast<std::size_t>(code);
  return index < kNames.size() ? kNames[index] : "UNKNOWN";
}

std::string Error::ToString() const {
  std::string text{CodeName(code)};
  text += ": ";
  text += message;
  for (const FieldViolation& violation : violations) {
    text += "; " + violation.field + ": " + violation.description;
  }
  return text;
}

Error Wrap(std::string_view doing, Error error) {
  error.message = std::string(doing) + ": " + error.message;
  return error;
}

namespace internal {

void ValueOfFailed(const Error& error) {
  std::fprintf(stderr, "CHECK failed: the value of a failed Result: %s\n",
               error.ToString().c_str());
  std::abort();
}

void ErrorOfSucceeded() {
  std::fprintf(stderr, "CHECK failed: the error of a Result that succeeded\n");
  std::abort();
}

}  // namespace internal

}  // namespace belfry
