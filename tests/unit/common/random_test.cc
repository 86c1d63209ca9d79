// SPDX-License-Identifier: Apache-2.0
#include "libs/common/random.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace belfry {
namespace {

TEST(FillRandom, FillsAnySizeToItsEndAndNeverTwiceTheSame) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{256}, std::size_t{257}, std::size_t{5'000}}) {
    std::vector<unsigned char> bytes(size + 1, 0);
    std::set<int> last;
    for (int round = 0; round < 64; ++round) {
      FillRandom(std::span(bytes).first(size));
      last.insert(bytes[size - 1]);
      ASSERT_EQ(bytes[size], 0) << "past the end";
    }
    EXPECT_GT(last.size(), 8U) << size;
  }
  std::set<std::array<unsigned char, 16>> keys;
  for (int i = 0; i < 10'000; ++i) {
    std::array<unsigned char, 16> key{};
    FillRandom(key);
    EXPECT_TRUE(keys.insert(key).second);
  }
}

}  // namespace
}  // namespace belfry
