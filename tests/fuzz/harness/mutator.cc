// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/harness/mutator.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace belfry::fuzz {
namespace {

// What stands between the first quote of `line` and its last, with \\, \" and \xNN resolved.
std::optional<std::string> Quoted(std::string_view line) {
  const std::size_t begin = line.find('"');
  const std::size_t end = line.rfind('"');
  if (line.starts_with('#') || begin == end) {
    return std::nullopt;
  }
  std::string_view rest = line.substr(begin + 1, end - begin - 1);
  std::string word;
  while (!rest.empty()) {
    unsigned byte = static_cast<unsigned char>(rest.front());
    std::size_t used = 1;
    if (rest.front() == '\\' && rest.substr(1).starts_with('x') && rest.size() >= 4) {
      std::from_chars(rest.data() + 2, rest.data() + 4, byte, 16);
      used = 4;
    } else if (rest.front() == '\\' && rest.size() >= 2) {
      byte = static_cast<unsigned char>(rest[1]);
      used = 2;
    }
    word += static_cast<char>(byte);
    rest.remove_prefix(used);
  }
  return word;
}

std::vector<std::string> OrAnEmptyOne(std::vector<std::string> list) {
  if (list.empty()) {
    list.emplace_back();
  }
  return list;
}

}  // namespace

std::vector<std::string> DictionaryWords(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (auto word = Quoted(line)) {
      words.push_back(*std::move(word));
    }
  }
  return words;
}

Mutator::Mutator(std::vector<std::string> inputs, std::vector<std::string> words,
                 std::uint64_t seed)
    : inputs_(OrAnEmptyOne(std::move(inputs))),
      words_(OrAnEmptyOne(std::move(words))),
      random_(seed) {}

std::string Mutator::Next() {
  std::string input = Any(inputs_);
  for (std::size_t changes = 1 + Below(8); changes > 0; --changes) {
    Change(&input);
  }
  if (input.size() > kInputBytesMax) {
    input.resize(kInputBytesMax);
  }
  return input;
}

void Mutator::Change(std::string* input) {
  const std::size_t at = Below(input->size() + 1);
  const std::size_t some = Below(std::min<std::size_t>(input->size() - at, 16) + 1);
  const auto byte = static_cast<char>(Below(256));
  switch (Below(8)) {
    case 0:
      input->erase(at, some);
      break;
    case 1:
      input->insert(at, 1, byte);
      break;
    case 2:
      if (at < input->size()) {
        (*input)[at] = byte;
      }
      break;
    case 3:
      if (at < input->size()) {
        (*input)[at] ^= static_cast<char>(1U << Below(8));
      }
      break;
    case 4:
      input->insert(at, input->substr(at, some));
      break;
    case 5:  // the end of another input
    {
      const std::string& other = Any(inputs_);
      input->replace(at, std::string::npos, other, Below(other.size() + 1));
      break;
    }
    default:
      input->insert(at, Any(words_));
  }
}

std::size_t Mutator::Below(std::size_t bound) {
  return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound);
}

}  // namespace belfry::fuzz
