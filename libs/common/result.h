// SPDX-License-Identifier: Apache-2.0
// The outcome of what may go wrong in the world: a value or an Error.
#pragma once

#include <chrono>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
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

template <typename T>
class Result;

namespace internal {

template <typename T>
inline constexpr bool kIsResult = false;
template <typename T>
inline constexpr bool kIsResult<Result<T>> = true;

// What a Result<T> is made from without being a Result itself.
template <typename U, typename T>
concept ValueFor = std::is_constructible_v<T, U&&> && !kIsResult<std::remove_cvref_t<U>>;

// Abort after one line on stderr: a Result was asked for what it does not hold.
[[noreturn, gnu::cold]] void ValueOfFailed(const Error& error);
[[noreturn, gnu::cold]] void ErrorOfSucceeded();

template <typename Outcome>
auto& Checked(Outcome& outcome) {
  if (!outcome.has_value()) [[unlikely]] {
    ValueOfFailed(outcome.error());
  }
  return *outcome;
}
template <typename Outcome>
auto& CheckedError(Outcome& outcome) {
  if (outcome.has_value()) [[unlikely]] {
    ErrorOfSucceeded();
  }
  return outcome.error();
}

}  // namespace internal

// A T or an Error. Dropping one unread is a warning, and warnings are errors here.
// Asking a failed one for its value (`*`, `->`, value()) or a good one for its error() is a bug and
// aborts, in release builds too: ask ok() first.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result() requires std::is_default_constructible_v<T>
  = default;
  template <internal::ValueFor<T> U = T>
  explicit(!std::is_convertible_v<U&&, T>) Result(U&& value)
      : outcome_(tl::in_place, std::forward<U>(value)) {}
  Result(tl::unexpected<Error> error) : outcome_(std::move(error)) {}
  // From a Result of what converts to T: a unique_ptr to a derived class, say.
  template <std::convertible_to<T> U>
  Result(Result<U> other) : outcome_(std::move(other.outcome_)) {}

  bool ok() const { return outcome_.has_value(); }
  bool has_value() const { return ok(); }
  explicit operator bool() const { return ok(); }

  T& value() & { return internal::Checked(outcome_); }
  const T& value() const& { return internal::Checked(outcome_); }
  T&& value() && { return std::move(internal::Checked(outcome_)); }
  T& operator*() & { return internal::Checked(outcome_); }
  const T& operator*() const& { return internal::Checked(outcome_); }
  T&& operator*() && { return std::move(internal::Checked(outcome_)); }
  T* operator->() { return std::addressof(internal::Checked(outcome_)); }
  const T* operator->() const { return std::addressof(internal::Checked(outcome_)); }
  // The value, or `other` where there is none.
  template <typename U>
  T value_or(U&& other) const& {
    return outcome_.value_or(std::forward<U>(other));
  }
  template <typename U>
  T value_or(U&& other) && {
    return std::move(outcome_).value_or(std::forward<U>(other));
  }

  Error& error() & { return internal::CheckedError(outcome_); }
  const Error& error() const& { return internal::CheckedError(outcome_); }
  Error&& error() && { return std::move(internal::CheckedError(outcome_)); }

  // A failed one equals no value.
  template <typename U>
  requires(!internal::kIsResult<U>) friend bool operator==(const Result& result, const U& value) {
    return result.ok() && *result == value;
  }

 private:
  template <typename U>
  friend class Result;

  tl::expected<T, Error> outcome_;
};

// Success, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(tl::unexpected<Error> error) : outcome_(std::move(error)) {}

  bool ok() const { return outcome_.has_value(); }
  bool has_value() const { return ok(); }
  explicit operator bool() const { return ok(); }

  Error& error() & { return internal::CheckedError(outcome_); }
  const Error& error() const& { return internal::CheckedError(outcome_); }
  Error&& error() && { return std::move(internal::CheckedError(outcome_)); }

 private:
  tl::expected<void, Error> outcome_;
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
