// SPDX-License-Identifier: Apache-2.0
// Just enough of C++'s lexing to read includes and expressions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace belfry::boundaries {

// `source` with comments and the insides of literals replaced by spaces; every line break stays.
std::string BlankCommentsAndLiterals(std::string_view source);

// From 1.
int LineOf(std::string_view source, std::size_t at);

struct Include {
  int line = 0;
  bool quoted = false;
  std::string path;  // empty: it is no literal path
};
std::vector<Include> IncludesOf(std::string_view source);

// Lines with a lambda that captures, written inside a co_await expression: g++ 12.2 destroys what
// it captured twice.
std::vector<int> CapturingLambdasInCoAwait(std::string_view source);

}  // namespace belfry::boundaries
