// SPDX-License-Identifier: Apache-2.0
// A settings file. Every line is an entry, a mistake or nothing; what was read is written and read
// again as it was, and so is what its values mean.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/config.h"
#include "libs/common/config_file.h"
#include "libs/common/config_value.h"
#include "libs/common/text.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

// The value of a file with one line.
std::optional<std::string> ReadBack(const std::string& value) {
  const config::FileContent content = config::ParseFile("key = " + value + " # as it was\r\n");
  if (content.entries.size() != 1 || !content.mistakes.empty()) {
    return std::nullopt;
  }
  return content.entries[0].value;
}

void CheckLines(const config::FileContent& content, std::string_view file) {
  std::vector<int> lines;
  for (const config::FileEntry& entry : content.entries) {
    lines.push_back(entry.line);
  }
  BELFRY_PROMISE(std::is_sorted(lines.begin(), lines.end()), file);
  for (const config::FileMistake& mistake : content.mistakes) {
    lines.push_back(mistake.line);
  }
  std::sort(lines.begin(), lines.end());
  BELFRY_PROMISE(std::adjacent_find(lines.begin(), lines.end()) == lines.end(), file);
  const auto ends = std::count(file.begin(), file.end(), '\n');
  BELFRY_PROMISE(lines.empty() || (lines.front() >= 1 && lines.back() <= ends + 1), file);
}

void CheckMistake(const config::FileMistake& mistake, std::string_view file) {
  BELFRY_PROMISE(!mistake.allowed.empty() && mistake.text.find('\n') == std::string::npos, file);
  BELFRY_PROMISE(file.find(mistake.text) != std::string_view::npos, file, mistake.text);
}

// An entry is on its line, and no part of it comes from another.
void CheckEntry(const config::FileEntry& entry, std::string_view file) {
  BELFRY_PROMISE(!entry.key.empty() && IsUtf8(entry.value), file);
  for (int line = 1; line < entry.line; ++line) {
    file.remove_prefix(file.find('\n') + 1);
  }
  const std::string_view line = file.substr(0, file.find('\n'));
  BELFRY_PROMISE(line.find(entry.key) < line.find('='), line, entry.key);
  const config::FileContent alone = config::ParseFile(line);
  BELFRY_PROMISE(alone.entries.size() == 1 && alone.entries[0].value == entry.value, line);
  BELFRY_PROMISE(ReadBack(config::Quote(entry.value)) == entry.value, entry.value);
}

void CheckMeaning(const std::string& value) {
  if (const auto number = config::ParseInteger(value)) {
    BELFRY_PROMISE(config::ParseInteger(std::to_string(*number)) == number, value);
  }
  if (const auto duration = config::ParseDuration(value)) {
    BELFRY_PROMISE(duration->count() >= 0, value);
    BELFRY_PROMISE(config::ParseDuration(config::FormatDuration(*duration)) == duration, value);
  }
  if (const auto bytes = config::ParseBytes(value)) {
    BELFRY_PROMISE(config::ParseBytes(config::FormatBytes(*bytes)) == bytes, value);
  }
  if (const auto items = config::ParseList(value)) {
    const auto again = ReadBack(config::QuoteList(*items));
    BELFRY_PROMISE(again && config::ParseList(*again) == items, value);
  }
  BELFRY_PROMISE(
      !config::IsAddress(value) || config::ParseInteger(value.substr(value.rfind(':') + 1)), value);
  BELFRY_PROMISE(!IsLoopback(value) || value.find('1') != std::string::npos || value.size() >= 9,
                 value);
}

// No password is printed, and hiding it twice is hiding it once. A name before it is told, and what
// has a colon has a name.
void CheckPassword(const std::string& secret) {
  constexpr std::string_view kAround = "nats://user:********@host:4222";
  if (kAround.find(secret) != std::string_view::npos) {
    return;
  }
  for (const std::string& user : {std::string(), std::string("user:")}) {
    if (user.empty() && secret.find(':') != std::string::npos) {
      continue;
    }
    const std::string masked = config::MaskPassword("nats://" + user + secret + "@host:4222");
    BELFRY_PROMISE(masked == "nats://" + user + "********@host:4222", masked, secret);
    BELFRY_PROMISE(config::MaskPassword(masked) == masked, masked);
  }
}

}  // namespace

void Try(std::string_view input) {
  const config::FileContent content = config::ParseFile(input);
  if (!input.starts_with("\xEF\xBB\xBF")) {
    CheckLines(content, input);
    for (const config::FileMistake& mistake : content.mistakes) {
      CheckMistake(mistake, input);
    }
    for (const config::FileEntry& entry : content.entries) {
      CheckEntry(entry, input);
    }
  }
  for (const config::FileEntry& entry : content.entries) {
    CheckMeaning(entry.value);
    CheckPassword(entry.value);
  }
}

}  // namespace belfry::fuzz
