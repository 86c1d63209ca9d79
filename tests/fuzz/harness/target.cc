// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/harness/target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

// libFuzzer's way in, and the replay's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  belfry::fuzz::Try({reinterpret_cast<const char*>(data), size});
  return 0;
}

namespace belfry::fuzz {

void Broken(const char* promise, const char* file, int line,
            std::initializer_list<std::string_view> on) {
  std::fprintf(stderr, "%s:%d: promise broken: %s\n", file, line, promise);
  for (const std::string_view text : on) {
    std::fprintf(stderr, "  on \"%s\"\n", Escaped(text).c_str());
  }
  std::abort();
}

std::string Escaped(std::string_view text) {
  constexpr std::size_t kShownMax = 2'000;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string escaped;
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '"') {
      escaped += '\\';
      escaped += c;
    } else if (byte >= 0x20 && byte < 0x7F) {
      escaped += c;
    } else {
      escaped += "\\x";
      escaped += kHex[byte >> 4U];
      escaped += kHex[byte & 15U];
    }
  }
  return text.size() > kShownMax ? escaped + "..." : escaped;
}

std::uint8_t Input::Byte() {
  if (rest_.empty()) {
    return 0;
  }
  const auto byte = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return byte;
}

std::string_view Input::Part() {
  constexpr std::string_view kSeparator = "||";
  const std::size_t end = rest_.find(kSeparator);
  const std::string_view part = rest_.substr(0, end);
  rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 2);
  return part;
}

std::uint64_t Input::Number() {
  std::uint64_t number = 0;
  for (const char c : Part()) {
    if (c >= '0' && c <= '9') {
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  return number;
}

std::string_view Pieces::Next() {
  const std::string_view piece = rest_.substr(0, odd_ ? large_ : small_);
  odd_ = !odd_;
  rest_.remove_prefix(piece.size());
  return piece;
}

}  // namespace belfry::fuzz
