// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/json_split.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstddef>
#include <string>

#include "libs/wire/codec/strict_json.h"

namespace belfry::ingest {
namespace {

constexpr int kDepthMax = 100;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Moves over values; stops at the first byte that cannot be.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void Space() {
    while (!AtEnd() && IsSpace(text_[at_])) {
      ++at_;
    }
  }
  bool AtEnd() const { return at_ >= text_.size(); }
  std::size_t at() const { return at_; }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Take(char c) {
    if (AtEnd() || text_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }
  std::string_view From(std::size_t begin) const { return text_.substr(begin, at_ - begin); }
  const char* fault() const { return fault_; }

  bool Value(int depth) {
    if (depth > kDepthMax) {
      return No("more than 100 levels deep");
    }
    switch (Peek()) {
      case '{':
        return Object(depth);
      case '[':
        return Array(depth);
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  bool String() {
    if (!Take('"')) {
      return No("a string expected");
    }
    while (!AtEnd()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) {
        return No("a control character in a string");
      }
      ++at_;
      if (c == '"') {
        return true;
      }
      if (c == '\\' && !Escape()) {
        return false;
      }
    }
    return No("the string has no end");
  }

 private:
  bool No(const char* fault) {
    fault_ = fault;
    return false;
  }
  bool Escape() {
    if (AtEnd()) {
      return No("the string has no end");
    }
    const char c = text_[at_];
    if (c == 'u') {
      for (std::size_t i = 1; i <= 4; ++i) {
        if (at_ + i >= text_.size() || !IsHex(text_[at_ + i])) {
          return No("four hex digits expected");
        }
      }
      at_ += 5;
      return true;
    }
    if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
      return No("no such escape");
    }
    ++at_;
    return true;
  }
  bool Word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
      return No("a value expected");
    }
    at_ += word.size();
    return true;
  }
  bool Digits() {
    if (!IsDigit(Peek())) {
      return No("a digit expected");
    }
    while (IsDigit(Peek())) {
      ++at_;
    }
    return true;
  }
  bool Number() {
    const bool minus = Take('-');
    if (!IsDigit(Peek())) {
      return No(minus ? "a digit expected" : "a value expected");
    }
    if (Take('0')) {
      if (IsDigit(Peek())) {
        return No("a number with a leading zero");
      }
    } else if (!Digits()) {
      return false;
    }
    if (Take('.') && !Digits()) {
      return false;
    }
    if (Take('e') || Take('E')) {
      if (!Take('+')) {
        (void)Take('-');
      }
      return Digits();
    }
    return true;
  }
  bool Object(int depth) {
    (void)Take('{');
    Space();
    if (Take('}')) {
      return true;
    }
    while (true) {
      if (Peek() != '"') {
        return No("a name in quotes expected");
      }
      if (!String()) {
        return false;
      }
      Space();
      if (!Take(':')) {
        return No("\":\" expected");
      }
      Space();
      if (!Value(depth + 1)) {
        return false;
      }
      Space();
      if (Take('}')) {
        return true;
      }
      if (!Take(',')) {
        return No("\",\" or \"}\" expected");
      }
      Space();
    }
  }
  bool Array(int depth) {
    (void)Take('[');
    Space();
    if (Take(']')) {
      return true;
    }
    while (true) {
      if (!Value(depth + 1)) {
        return false;
      }
      Space();
      if (Take(']')) {
        return true;
      }
      if (!Take(',')) {
        return No("\",\" or \"]\" expected");
      }
      Space();
    }
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  const char* fault_ = "";
};

// Two ways to write a name are one name: "user\u0049d" is "userId".
std::string NameIn(std::string_view quoted) {
  if (quoted.find('\\') != std::string_view::npos) {
    if (const auto name = wire::ParseStrictJson(quoted); name.ok() && name->is_string()) {
      return {name->get_string().data(), name->get_string().size()};
    }
  }
  return std::string(quoted.substr(1, quoted.size() - 2));
}

Error Malformed(std::string_view text, std::size_t at, std::string_view fault) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? at + 1 : at - newline;
  return {Code::kInvalidArgument,
          "parse the body: line " + std::to_string(line) + ", column " + std::to_string(column) +
              ": " + std::string(fault),
          "MALFORMED_JSON",
          {},
          {}};
}

}  // namespace

Result<JsonKind> CheckJson(std::string_view text) {
  Scanner scanner(text);
  scanner.Space();
  const char first = scanner.Peek();
  if (scanner.AtEnd()) {
    return Fail(Malformed(text, scanner.at(), "the body is empty"));
  }
  if (!scanner.Value(1)) {
    return Fail(Malformed(text, scanner.at(), scanner.fault()));
  }
  scanner.Space();
  if (!scanner.AtEnd()) {
    return Fail(Malformed(text, scanner.at(), "nothing more expected"));
  }
  if (first == '{') {
    return JsonKind::kObject;
  }
  if (first == '[') {
    return JsonKind::kArray;
  }
  return Fail(Malformed(text, 0, "an object expected"));
}

std::vector<JsonMember> SplitObject(std::string_view text) {
  std::vector<JsonMember> members;
  Scanner scanner(text);
  scanner.Space();
  if (!scanner.Take('{')) {
    return members;
  }
  scanner.Space();
  while (scanner.Peek() == '"') {
    const std::size_t name = scanner.at();
    if (!scanner.String()) {
      break;
    }
    const std::string_view quoted = scanner.From(name);
    scanner.Space();
    (void)scanner.Take(':');
    scanner.Space();
    const std::size_t value = scanner.at();
    if (!scanner.Value(1)) {
      break;
    }
    members.push_back({quoted, NameIn(quoted), scanner.From(value)});
    scanner.Space();
    if (!scanner.Take(',')) {
      break;
    }
    scanner.Space();
  }
  return members;
}

std::vector<std::string_view> SplitArray(std::string_view text, std::size_t max) {
  std::vector<std::string_view> elements;
  Scanner scanner(text);
  scanner.Space();
  if (!scanner.Take('[')) {
    return elements;
  }
  scanner.Space();
  while (elements.size() < max && !scanner.AtEnd() && scanner.Peek() != ']') {
    const std::size_t value = scanner.at();
    if (!scanner.Value(1)) {
      break;
    }
    elements.push_back(scanner.From(value));
    scanner.Space();
    if (!scanner.Take(',')) {
      break;
    }
    scanner.Space();
  }
  return elements;
}

}  // namespace belfry::ingest
