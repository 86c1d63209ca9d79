// SPDX-License-Identifier: Apache-2.0
// The outcome of what may go wrong in the world: a value or an Error.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace belfry {

// gRPC's status codes, by number and name.
enum class Code {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// The code's name as gRPC writes it: "INVALID_ARGUMENT".
std::string_view CodeName(Code code);

// One wrong field of a request: its path ("notification.title") and what is allowed.
struct FieldViolation {
  std::string field;
  std::string description;
  bool operator==(const FieldViolation&) const = default;
};

// Why something failed: what was tried, on what ("commit batch of 128: disk full").
struct Error {
  Code code = Code::kUnknown;
  std::string message;
  // For machines, UPPER_SNAKE_CASE; empty when the code says enough.
  std::string reason = {};
  // Set for kInvalidArgument when fields are to blame.
  std::vector<FieldViolation> violations = {};
  // How long to wait before trying again, when that is known.
  std::optional<std::chrono::milliseconds> retry_after = {};

  // "INVALID_ARGUMENT: title: required"
  std::string ToString() const;
};

// A T or an Error. Dropping one unread is a warning, and warnings are errors here.
// Value access on an error aborts: check first.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  bool ok() const { return this->has_value(); }
};

template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
 public:
  using tl::expected<void, Error>::expected;
  bool ok() const { return this->has_value(); }
};

using Status = Result<void>;

// `return Fail(Code::kNotFound, "open " + path);` in a function that returns any Result.
inline tl::unexpected<Error> Fail(Code code, std::string message, std::string reason = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(reason), {}, {}});
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// The same failure seen from one level up: "`doing`: <message>", all else kept.
Error Wrap(std::string_view doing, Error error);

}  // namespace belfry
