// SPDX-License-Identifier: Apache-2.0
#include "libs/common/keyed_hash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace belfry {
namespace {

using Texts = std::pair<std::string_view, std::string_view>;

struct Vector {
  std::size_t size;
  std::uint64_t hash;
};

// Key 00 01 .. 0f, text 00 01 ..: the reference implementation's inputs. The first is published
// with SipHash-1-3's; all are what `openssl mac -macopt c-rounds:1 -macopt d-rounds:3 ... SIPHASH`
// prints, which has the published values for SipHash-2-4.
TEST(SipHash13, GivesThePublishedValues) {
  const SipKey key{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  for (const auto& [size, hash] :
       {Vector{0, 0xabac0158050fc4dc}, Vector{1, 0xc9f49bf37d57ca93}, Vector{8, 0x369095118d299a8e},
        Vector{15, 0xd320d86d2a519956}, Vector{63, 0x9d199062b7bbb3a8}}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      text[i] = static_cast<char>(i);
    }
    EXPECT_EQ(SipHash13(key, text), hash) << size;
  }
}

TEST(KeyedHash, DependsOnEveryByteAndOnWhereAPairIsCut) {
  const KeyedHash hash;
  EXPECT_EQ(hash("alice"), hash(std::string("alice")));
  EXPECT_NE(hash("alice"), hash("alicf"));
  EXPECT_NE(hash("a"), hash(std::string_view("a\0", 2)));
  EXPECT_EQ(hash(Texts("ab", "c")), hash(Texts("ab", "c")));
  EXPECT_NE(hash(Texts("ab", "c")), hash(Texts("a", "bc")));
  EXPECT_NE(hash(Texts("ab", "c")), hash(Texts("c", "ab")));
}

TEST(KeyedHash, IsNotTheHashThatEverybodyKnows) {
  // Two processes with one name: the known key of the test above, and this process's.
  EXPECT_NE(KeyedHash()("alice"), SipHash13({0x0706050403020100, 0x0f0e0d0c0b0a0908}, "alice"));
  EXPECT_NE(KeyedHash()("alice"), SipHash13({}, "alice"));
}

TEST(TextMap, IsSearchedByAView) {
  TextMap<int> table;
  table.try_emplace("alice", 1);
  const std::string_view name = "alice";
  EXPECT_EQ(table.find(name)->second, 1);
  EXPECT_FALSE(table.contains(std::string_view("bob")));
}

}  // namespace
}  // namespace belfry
