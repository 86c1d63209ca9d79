// SPDX-License-Identifier: Apache-2.0
#include "libs/common/time_text.h"

#include <array>
#include <chrono>
#include <cstddef>

namespace belfry {
namespace {

constexpr std::int64_t kMicros = 1'000'000;

void AppendPadded(std::uint32_t number, int digits, char after, std::string* out) {
  std::array<char, 10> text{};
  for (int i = digits - 1; i >= 0; --i) {
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  text[static_cast<std::size_t>(digits)] = after;
  out->append(text.data(), static_cast<std::size_t>(digits) + 1);
}

// Rounded down, also before 1970.
std::int64_t SecondsOf(std::int64_t unix_us) {
  return unix_us / kMicros - (unix_us % kMicros < 0 ? 1 : 0);
}

}  // namespace

void AppendRfc3339(std::int64_t unix_s, std::uint32_t nanos, int digits, std::string* out) {
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_s)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const auto second = static_cast<std::uint32_t>((time - day).count());
  AppendPadded(static_cast<std::uint32_t>(static_cast<int>(date.year())), 4, '-', out);
  AppendPadded(static_cast<unsigned>(date.month()), 2, '-', out);
  AppendPadded(static_cast<unsigned>(date.day()), 2, 'T', out);
  AppendPadded(second / 3'600, 2, ':', out);
  AppendPadded(second / 60 % 60, 2, ':', out);
  AppendPadded(second % 60, 2, digits == 0 ? 'Z' : '.', out);
  if (digits > 0) {
    for (int dropped = digits; dropped < 9; ++dropped) {
      nanos /= 10;
    }
    AppendPadded(nanos, digits, 'Z', out);
  }
}

std::string Rfc3339(std::int64_t unix_us) {
  const std::int64_t seconds = SecondsOf(unix_us);
  const auto micros = static_cast<std::uint32_t>(unix_us - seconds * kMicros);
  std::string text;
  AppendRfc3339(seconds, micros * 1'000, 6, &text);
  return text;
}

std::string Rfc3339Seconds(std::int64_t unix_us) {
  std::string text;
  AppendRfc3339(SecondsOf(unix_us), 0, 0, &text);
  return text;
}

}  // namespace belfry
