// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace belfry::ingest {
namespace {

std::uint8_t At(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

// The length of the well-formed sequence at `text[0]`, 0 if there is none. The bounds of the second
// byte are Unicode's table 3-7: they exclude overlong forms, surrogates and what is beyond
// U+10FFFF.
std::size_t SequenceLength(std::string_view text) {
  const std::uint8_t lead = At(text, 0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < length || At(text, 1) < low || At(text, 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((At(text, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool HasControl(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t byte = At(text, i);
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080-U+009F are C2 80 to C2 9F.
    if (byte == 0xC2 && i + 1 < text.size() && At(text, i + 1) < 0xA0) return true;
  }
  return false;
}

bool IsAlnumOr(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [also](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  });
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7E; });
}

}  // namespace belfry::ingest
