// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/boundaries/source_text.h"

#include <algorithm>
#include <cctype>
#include <regex>

namespace belfry::boundaries {
namespace {

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the literal or comment that starts at `at` ends; `at` itself when none does.
std::size_t EndOfOpaque(std::string_view source, std::size_t at) {
  const auto end_at = [source](std::size_t found, std::size_t size) {
    return found == std::string_view::npos ? source.size() : found + size;
  };
  const std::string_view rest = source.substr(at);
  if (rest.starts_with("//")) {
    return end_at(source.find('\n', at), 0);
  }
  if (rest.starts_with("/*")) {
    return end_at(source.find("*/", at + 2), 2);
  }
  if (rest.starts_with("R\"") && (at == 0 || !IsWord(source[at - 1]))) {
    const auto open = source.find('(', at);
    if (open == std::string_view::npos) {
      return source.size();
    }
    const std::string close = ")" + std::string(source.substr(at + 2, open - at - 2)) + "\"";
    return end_at(source.find(close, open), close.size());
  }
  // An apostrophe between digits parts them.
  const bool digit_separator = rest.starts_with('\'') && at > 0 && IsWord(source[at - 1]);
  if ((rest.starts_with('"') || rest.starts_with('\'')) && !digit_separator) {
    for (std::size_t i = at + 1; i < source.size(); ++i) {
      if (source[i] == '\\') {
        ++i;
      } else if (source[i] == source[at] || source[i] == '\n') {
        return i + 1;
      }
    }
    return source.size();
  }
  return at;
}

// Where the expression that starts at `begin` ends: before its `;`, or before a bracket that closes
// what was opened outside.
std::size_t EndOfExpression(std::string_view code, std::size_t begin) {
  int depth = 0;
  for (std::size_t i = begin; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      if (--depth < 0) {
        return i;
      }
    } else if (c == ';' && depth == 0) {
      return i;
    }
  }
  return code.size();
}

// Whether the '[' at `at` starts a lambda that captures: no subscript, no attribute, not "[]".
bool StartsCapturingLambda(std::string_view code, std::size_t at) {
  std::size_t before = at;
  while (before > 0 && std::isspace(static_cast<unsigned char>(code[before - 1])) != 0) {
    --before;
  }
  std::size_t word = before;
  while (word > 0 && IsWord(code[word - 1])) {
    --word;
  }
  const std::string_view last_word = code.substr(word, before - word);
  const bool after_keyword =
      last_word == "return" || last_word == "co_await" || last_word == "co_return";
  const bool subscript =
      before > 0 && !after_keyword &&
      (IsWord(code[before - 1]) || code[before - 1] == ')' || code[before - 1] == ']');
  const bool attribute = code.substr(at).starts_with("[[") || (at > 0 && code[at - 1] == '[');
  const std::size_t inside = code.find_first_not_of(" \n\t", at + 1);
  return !subscript && !attribute && inside != std::string_view::npos && code[inside] != ']';
}

}  // namespace

std::string BlankCommentsAndLiterals(std::string_view source) {
  std::string code(source);
  std::size_t at = 0;
  while (at < source.size()) {
    const std::size_t end = EndOfOpaque(source, at);
    if (end == at) {
      ++at;
      continue;
    }
    const std::size_t stop = std::min(end, source.size());
    for (; at < stop; ++at) {
      code[at] = source[at] == '\n' ? '\n' : ' ';
    }
  }
  return code;
}

int LineOf(std::string_view source, std::size_t at) {
  return 1 + static_cast<int>(std::count(source.begin(),
                                         source.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::vector<Include> IncludesOf(std::string_view source) {
  static const std::regex directive(R"(^[ \t]*#[ \t]*include\b)");
  static const std::regex literal(R"re(include[ \t]*([<"])([^>"]+)[>"])re");
  const std::string code = BlankCommentsAndLiterals(source);
  std::vector<Include> includes;
  int line = 1;
  for (std::size_t begin = 0; begin < code.size(); ++line) {
    const std::size_t end = std::min(code.find('\n', begin), code.size());
    if (std::regex_search(code.begin() + static_cast<std::ptrdiff_t>(begin),
                          code.begin() + static_cast<std::ptrdiff_t>(end), directive)) {
      const std::string text(source.substr(begin, end - begin));
      std::smatch match;
      Include include{.line = line, .quoted = false, .path = {}};
      if (std::regex_search(text, match, literal)) {
        include.quoted = match[1] == "\"";
        include.path = match[2];
      }
      includes.push_back(std::move(include));
    }
    begin = end + 1;
  }
  return includes;
}

std::vector<int> CapturingLambdasInCoAwait(std::string_view source) {
  static constexpr std::string_view kKeyword = "co_await";
  const std::string code = BlankCommentsAndLiterals(source);
  std::vector<int> lines;
  for (std::size_t at = code.find(kKeyword); at != std::string::npos;
       at = code.find(kKeyword, at + 1)) {
    const std::size_t begin = at + kKeyword.size();
    if ((at > 0 && IsWord(code[at - 1])) || (begin < code.size() && IsWord(code[begin]))) {
      continue;
    }
    const std::size_t end = EndOfExpression(code, begin);
    for (std::size_t i = begin; i < end; ++i) {
      if (code[i] == '[' && StartsCapturingLambda(code, i)) {
        lines.push_back(LineOf(code, i));
      }
    }
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

}  // namespace belfry::boundaries
