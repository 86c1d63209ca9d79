// SPDX-License-Identifier: Apache-2.0
// Makes new inputs of known ones, at random but always the same ones for a seed. Blind: it does not
// know what code an input reaches, as libFuzzer does. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::fuzz {

inline constexpr std::size_t kInputBytesMax = 4096;

// The words of a dictionary in libFuzzer's format: one quoted word a line, with a name before it or
// not, '#' before a comment. A line that is something else is left out.
std::vector<std::string> DictionaryWords(std::string_view text);

class Mutator {
 public:
  // `inputs` is where all new ones begin; an empty one is taken if there is none.
  Mutator(std::vector<std::string> inputs, std::vector<std::string> words, std::uint64_t seed);

  // One of the inputs, changed in up to eight places; at most kInputBytesMax.
  std::string Next();

 private:
  void Change(std::string* input);
  // A number below `bound`; 0 for 0.
  std::size_t Below(std::size_t bound);
  const std::string& Any(const std::vector<std::string>& list) { return list[Below(list.size())]; }

  const std::vector<std::string> inputs_;
  const std::vector<std::string> words_;
  // Taken modulo and not through a distribution, whose numbers differ between libraries.
  std::mt19937_64 random_;
};

}  // namespace belfry::fuzz
