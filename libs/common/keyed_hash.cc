// SPDX-License-Identifier: Apache-2.0
#include "libs/common/keyed_hash.h"

#include <bit>

#include "libs/common/random.h"

namespace belfry {
namespace {

constexpr std::size_t kWordBytes = 8;

const SipKey& ProcessKey() {
  static const SipKey key{RandomSeed(), RandomSeed()};
  return key;
}

// Little-endian, whatever the machine: a compiler makes one load of it.
std::uint64_t WholeWord(const char* bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < kWordBytes; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return word;
}

// Of fewer than kWordBytes.
std::uint64_t PartOfWord(std::string_view bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    word = word << 8 | static_cast<unsigned char>(bytes[i - 1]);
  }
  return word;
}

struct Sip {
  explicit Sip(const SipKey& key)
      : v0(key.first ^ 0x736f6d6570736575),
        v1(key.second ^ 0x646f72616e646f6d),
        v2(key.first ^ 0x6c7967656e657261),
        v3(key.second ^ 0x7465646279746573) {}

  void Round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void Add(std::uint64_t word) {
    v3 ^= word;
    Round();
    v0 ^= word;
  }

  std::uint64_t v0, v1, v2, v3;
};

}  // namespace

std::uint64_t SipHash13(const SipKey& key, std::string_view text) {
  Sip sip(key);
  const std::uint64_t size = text.size();
  for (; text.size() >= kWordBytes; text.remove_prefix(kWordBytes)) {
    sip.Add(WholeWord(text.data()));
  }
  sip.Add(size << 56 | PartOfWord(text));
  sip.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) {
    sip.Round();
  }
  return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

std::size_t KeyedHash::operator()(std::string_view text) const {
  return SipHash13(ProcessKey(), text);
}

std::size_t KeyedHash::operator()(
    const std::pair<std::string_view, std::string_view>& texts) const {
  // The second under a key that depends on the first: "ab","c" is not "a","bc".
  const SipKey& key = ProcessKey();
  return SipHash13({key.first ^ SipHash13(key, texts.first), key.second}, texts.second);
}

}  // namespace belfry
