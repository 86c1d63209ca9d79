// SPDX-License-Identifier: Apache-2.0
#include "libs/common/config_file.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "libs/common/text.h"

namespace belfry::config {
namespace {

constexpr std::string_view kKeyCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
constexpr std::string_view kBareEnd = " \t#,[]\"'=";

void AppendUtf8(std::uint32_t code_point, std::string* out) {
  const auto put = [out](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

// Reads one line from the left. Every Read... returns std::nullopt when what it reads is not there.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) { SkipSpace(); }

  bool AtEnd() const { return rest_.empty() || rest_.front() == '#'; }

  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) {
      return false;
    }
    rest_.remove_prefix(1);
    SkipSpace();
    return true;
  }

  std::string Key() {
    const std::string_view key = rest_.substr(0, rest_.find_first_not_of(kKeyCharacters));
    rest_.remove_prefix(key.size());
    SkipSpace();
    return std::string(key);
  }

  std::optional<std::string> Value() { return Take('[') ? Array() : Scalar(); }

 private:
  void SkipSpace() {
    const auto first = rest_.find_first_not_of(" \t");
    rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
  }

  std::optional<std::string> Array() {
    std::string joined;
    bool first = true;
    while (!Take(']')) {
      if (!first && (!Take(',') || Take(']'))) {
        return std::nullopt;
      }
      const auto item = Scalar();
      // Items are joined with commas, so none may stand in one.
      if (!item || item->find(',') != std::string::npos) {
        return std::nullopt;
      }
      joined += (first ? "" : ",") + *item;
      first = false;
    }
    return joined;
  }

  std::optional<std::string> Scalar() {
    std::optional<std::string> value;
    if (rest_.starts_with('"')) {
      value = Basic();
    } else if (rest_.starts_with('\'')) {
      value = Literal();
    } else {
      const std::string_view bare = rest_.substr(0, rest_.find_first_of(kBareEnd));
      rest_.remove_prefix(bare.size());
      value = bare.empty() ? std::nullopt : std::optional(std::string(bare));
    }
    SkipSpace();
    return value;
  }

  std::optional<std::string> Literal() {
    const auto end = rest_.find('\'', 1);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    std::string value(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::optional<std::string> Basic() {
    std::string value;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c != '\\') {
        value += c;
      } else if (!Escape(&value)) {
        return std::nullopt;
      }
    }
    if (rest_.empty()) {
      return std::nullopt;
    }
    rest_.remove_prefix(1);
    return value;
  }

  bool Escape(std::string* value) {
    constexpr std::string_view kNames = "btnfr\"\\";
    constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
    if (rest_.empty()) {
      return false;
    }
    const char name = rest_.front();
    rest_.remove_prefix(1);
    if (const auto i = kNames.find(name); i != std::string_view::npos) {
      *value += kMeanings[i];
      return true;
    }
    const std::size_t digits = name == 'u' ? 4 : name == 'U' ? 8 : 0;
    std::uint32_t code_point = 0;
    if (digits == 0 || rest_.size() < digits) {
      return false;
    }
    const char* const end = rest_.data() + digits;
    if (std::from_chars(rest_.data(), end, code_point, 16).ptr != end || code_point > 0x10FFFF ||
        (code_point >= 0xD800 && code_point <= 0xDFFF)) {
      return false;
    }
    rest_.remove_prefix(digits);
    AppendUtf8(code_point, value);
    return true;
  }

  std::string_view rest_;
};

void ParseLine(std::string_view text, int number, FileContent* content) {
  const auto mistake = [&](std::string allowed) {
    content->mistakes.push_back({number, std::string(text), std::move(allowed)});
  };
  if (!IsUtf8(text)) {
    mistake("UTF-8");
    return;
  }
  Line line(text);
  if (line.AtEnd()) {
    return;
  }
  if (line.Take('[')) {
    mistake("key = value; there are no sections");
    return;
  }
  std::string key = line.Key();
  if (key.empty() || !line.Take('=')) {
    mistake("key = value");
    return;
  }
  auto value = line.Value();
  if (!value || !line.AtEnd()) {
    mistake(R"(one value: "text", 'text', a number, true, false or ["a", "b"])");
    return;
  }
  content->entries.push_back({std::move(key), *std::move(value), number});
}

}  // namespace

FileContent ParseFile(std::string_view text) {
  FileContent content;
  if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);  // a byte order mark
  }
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    ParseLine(line, number, &content);
  }
  return content;
}

}  // namespace belfry::config
