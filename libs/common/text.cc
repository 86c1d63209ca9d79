// SPDX-License-Identifier: Apache-2.0
#include "libs/common/text.h"

#include <array>
#include <cstdint>

namespace belfry {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Bytes that stand for themselves in a JSON string: printable ASCII but the quote and backslash.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 0x20; c < 0x7F; ++c) {
    plain[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
  }
  return plain;
}();

unsigned char Byte(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

bool IsContinuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

void AppendEscape(unsigned code_point, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  const char escape[] = {'\\',
                         'u',
                         kHex[(code_point >> 12) & 15],
                         kHex[(code_point >> 8) & 15],
                         kHex[(code_point >> 4) & 15],
                         kHex[code_point & 15]};
  out->append(escape, sizeof escape);
}

void AppendAsciiEscape(unsigned char c, std::string* out) {
  switch (c) {
    case '"':
      *out += "\\\"";
      break;
    case '\\':
      *out += "\\\\";
      break;
    case '\b':
      *out += "\\b";
      break;
    case '\f':
      *out += "\\f";
      break;
    case '\n':
      *out += "\\n";
      break;
    case '\r':
      *out += "\\r";
      break;
    case '\t':
      *out += "\\t";
      break;
    default:
      AppendEscape(c, out);
  }
}

// The two- and three-byte sequences that some reader takes for a line break or a terminal command.
unsigned EscapedCodePoint(std::string_view sequence) {
  if (sequence.size() == 2 && Byte(sequence, 0) == 0xC2 && Byte(sequence, 1) < 0xA0) {
    return Byte(sequence, 1);  // C1 controls
  }
  if (sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9") {
    return 0x2000U | (Byte(sequence, 2) & 0x3FU);
  }
  return 0;
}

}  // namespace

int Utf8SequenceBytes(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const unsigned char lead = Byte(text, 0);
  if (lead < 0x80) {
    return 1;
  }
  const int size = lead >= 0xC2 && lead <= 0xDF   ? 2
                   : lead >= 0xE0 && lead <= 0xEF ? 3
                   : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                  : 0;
  if (size == 0 || text.size() < static_cast<std::size_t>(size)) {
    return 0;
  }
  const unsigned char second = Byte(text, 1);
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) {
    return 0;
  }
  for (int i = 2; i < size; ++i) {
    if (!IsContinuation(Byte(text, static_cast<std::size_t>(i)))) {
      return 0;
    }
  }
  return size;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const int size = Utf8SequenceBytes(text);
    if (size == 0) {
      return false;
    }
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool HasControl(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const unsigned char byte = Byte(text, i);
    // U+0080-U+009F are C2 80 to C2 9F.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() && Byte(text, i + 1) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) {
      return true;
    }
  }
  return false;
}

std::string ToUtf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto size = static_cast<std::size_t>(Utf8SequenceBytes(text));
    out += size == 0 ? kReplacement : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string_view TruncateUtf8(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return text;
  }
  std::size_t end = bytes_max;
  while (end > 0 && IsContinuation(Byte(text, end))) {
    --end;
  }
  return text.substr(0, end);
}

void AppendJsonString(std::string_view text, std::string* out) {
  out->reserve(out->size() + text.size() + 2);
  out->push_back('"');
  std::size_t run = 0;  // where what can be copied as it is begins
  std::size_t i = 0;
  while (i < text.size()) {
    if (kPlain[Byte(text, i)]) {
      ++i;
      continue;
    }
    const auto size = static_cast<std::size_t>(Utf8SequenceBytes(text.substr(i)));
    const unsigned escaped = size > 1 ? EscapedCodePoint(text.substr(i, size)) : 0;
    if (size > 1 && escaped == 0) {
      i += size;
      continue;
    }
    out->append(text, run, i - run);
    if (size == 0) {
      *out += kReplacement;
    } else if (size == 1) {
      AppendAsciiEscape(Byte(text, i), out);
    } else {
      AppendEscape(escaped, out);
    }
    i += size == 0 ? 1 : size;
    run = i;
  }
  out->append(text, run, i - run);
  out->push_back('"');
}

}  // namespace belfry
