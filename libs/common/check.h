// SPDX-License-Identifier: Apache-2.0
// CHECK: a condition whose failure is a bug. Aborts in every build, after one line on stderr.
// The comparing forms (BELFRY_CHECK_EQ and so on) evaluate each operand once and print both values.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace belfry::internal {

[[noreturn, gnu::cold]] inline void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::abort();
}

[[noreturn, gnu::cold]] inline void CheckFailed(const char* comparison, const std::string& left,
                                                const std::string& right, const char* file,
                                                int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s (%s and %s)\n", file, line, comparison,
               left.c_str(), right.c_str());
  std::abort();
}

template <typename T>
inline constexpr bool kIsNumber =
    std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>;

// How a value reads in the line above: numbers, enums by number, texts in quotes.
template <typename T>
std::string Operand(const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_same_v<T, char>) {
    return {'\'', value, '\''};
  } else if constexpr (std::is_arithmetic_v<T>) {
    return std::to_string(value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::to_string(static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (std::is_null_pointer_v<T>) {
    return "nullptr";
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return '"' + std::string(std::string_view(value)) + '"';
  } else if constexpr (std::is_pointer_v<T>) {
    return value == nullptr ? "nullptr" : "a pointer";
  } else {
    return "an object";
  }
}

// Numbers are compared by value, whatever their signs and widths.
// clang-format off
#define BELFRY_INTERNAL_COMPARISON(Name, by_value, op)                                            \
  struct Name {                                                                                   \
    template <typename L, typename R>                                                             \
    bool operator()(const L& left, const R& right) const {                                        \
      if constexpr (kIsNumber<L> && kIsNumber<R>) {                                               \
        return by_value(left, right);                                                             \
      } else {                                                                                    \
        return left op right;                                                                     \
      }                                                                                           \
    }                                                                                             \
  }
BELFRY_INTERNAL_COMPARISON(Equal, std::cmp_equal, ==);
BELFRY_INTERNAL_COMPARISON(NotEqual, std::cmp_not_equal, !=);
BELFRY_INTERNAL_COMPARISON(Less, std::cmp_less, <);
BELFRY_INTERNAL_COMPARISON(LessEqual, std::cmp_less_equal, <=);
BELFRY_INTERNAL_COMPARISON(Greater, std::cmp_greater, >);
BELFRY_INTERNAL_COMPARISON(GreaterEqual, std::cmp_greater_equal, >=);
#undef BELFRY_INTERNAL_COMPARISON
// clang-format on

template <typename Comparison, typename L, typename R>
void CheckComparison(const L& left, const R& right, const char* comparison, const char* file,
                     int line) {
  if (!Comparison{}(left, right)) [[unlikely]] {
    CheckFailed(comparison, Operand(left), Operand(right), file, line);
  }
}

}  // namespace belfry::internal

#define BELFRY_CHECK(condition)           \
  (static_cast<bool>(condition) ? void(0) \
                                : ::belfry::internal::CheckFailed(#condition, __FILE__, __LINE__))

#define BELFRY_INTERNAL_CHECK(comparison, left, op, right)             \
  ::belfry::internal::CheckComparison<::belfry::internal::comparison>( \
      left, right, #left " " #op " " #right, __FILE__, __LINE__)

#define BELFRY_CHECK_EQ(left, right) BELFRY_INTERNAL_CHECK(Equal, left, ==, right)
#define BELFRY_CHECK_NE(left, right) BELFRY_INTERNAL_CHECK(NotEqual, left, !=, right)
#define BELFRY_CHECK_LT(left, right) BELFRY_INTERNAL_CHECK(Less, left, <, right)
#define BELFRY_CHECK_LE(left, right) BELFRY_INTERNAL_CHECK(LessEqual, left, <=, right)
#define BELFRY_CHECK_GT(left, right) BELFRY_INTERNAL_CHECK(Greater, left, >, right)
#define BELFRY_CHECK_GE(left, right) BELFRY_INTERNAL_CHECK(GreaterEqual, left, >=, right)
