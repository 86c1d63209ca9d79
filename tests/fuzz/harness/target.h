// SPDX-License-Identifier: Apache-2.0
// What a fuzz target is made of: one function that takes any bytes, and promises that abort when
// they are broken. Nothing here is thread-safe: inputs are tried one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace belfry::fuzz {

// Each target defines it. Whatever `input` holds, it returns, and every promise holds.
void Try(std::string_view input);

// Says which promise was broken, on which texts (their bytes escaped), and aborts: the fuzzer keeps
// the input.
[[noreturn]] void Broken(const char* promise, const char* file, int line,
                         std::initializer_list<std::string_view> on);

// `text` with what is not printable ASCII as \xNN, and cut when it is long.
std::string Escaped(std::string_view text);

// Takes an input apart. Parts are separated by "||", so that a corpus can be read and written by
// hand, and every single byte can stand in a part.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  // The next byte; 0 when there is none.
  std::uint8_t Byte();
  // The bytes before the next "||", which is taken too; all of them when there is none.
  std::string_view Part();
  // A part's decimal digits as a number, modulo 2^64; other bytes are skipped.
  std::uint64_t Number();
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Cuts a text into pieces of two sizes in turn, both taken from one byte: 1 to 8, and 1 to 249.
class Pieces {
 public:
  Pieces(std::string_view text, std::uint8_t pattern)
      : rest_(text), small_((pattern & 7U) + 1), large_((pattern >> 3U) * 8U + 1) {}

  bool empty() const { return rest_.empty(); }
  std::string_view Next();

 private:
  std::string_view rest_;
  std::size_t small_;
  std::size_t large_;
  bool odd_ = false;
};

}  // namespace belfry::fuzz

#define BELFRY_PROMISE(condition, ...) \
  (static_cast<bool>(condition)        \
       ? void(0)                       \
       : ::belfry::fuzz::Broken(#condition, __FILE__, __LINE__, {__VA_ARGS__}))
