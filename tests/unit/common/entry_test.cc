// SPDX-License-Identifier: Apache-2.0
#include "libs/common/entry.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>

namespace belfry {
namespace {

// The definition in entry.h, spelled out independently of the implementation.
std::uint64_t Reference(const std::string& project, const std::string& user_id) {
  std::uint64_t hash = 14'695'981'039'346'656'037U;
  std::string bytes(1, static_cast<char>(project.size()));
  bytes += project + user_id;
  for (const char c : bytes) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 1'099'511'628'211U;
  }
  hash ^= hash >> 33;
  hash *= 0xFF51AFD7ED558CCDU;
  hash ^= hash >> 33;
  hash *= 0xC4CEB9FE1A85EC53U;
  return hash ^ (hash >> 33);
}

TEST(PartitionOf, IsTheHashThatDataOnDiskDependsOn) {
  for (int i = 0; i < 1000; ++i) {
    const std::string project = "p" + std::to_string(i % 7);
    const std::string user = "user_" + std::to_string(i);
    EXPECT_EQ(PartitionOf(project, user, 16), Reference(project, user) % 16);
    EXPECT_EQ(PartitionOf(project, user, 1024), Reference(project, user) % 1024);
  }
}

TEST(PartitionOf, IsFixedForEver) {
  EXPECT_EQ(PartitionOf("demo", "alice", 16), 13U);
  EXPECT_EQ(PartitionOf("demo", "bob", 1024), 318U);
  EXPECT_EQ(PartitionOf("", "", 1), 0U);
}

TEST(HashOf, IsWhatPartitionOfTakesTheRestOf) {
  for (const Partition partitions : {1U, 16U, 1024U, 65'521U}) {
    EXPECT_EQ(PartitionOf("demo", "alice", partitions), HashOf("demo", "alice") % partitions);
  }
}

TEST(PartitionOf, DistinguishesPairsWithTheSameBytes) {
  EXPECT_NE(Reference("ab", "c"), Reference("a", "bc"));
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    same += PartitionOf("ab", "c" + n, 1024) == PartitionOf("a", "bc" + n, 1024) ? 1 : 0;
  }
  EXPECT_LT(same, 20);
}

TEST(PartitionOf, SpreadsUsersEvenly) {
  std::array<int, 16> counts{};
  for (int i = 0; i < 160'000; ++i) {
    ++counts[PartitionOf("demo", "user_" + std::to_string(i), 16)];
  }
  for (const int count : counts) {
    EXPECT_GT(count, 9'500);
    EXPECT_LT(count, 10'500);
  }
}

}  // namespace
}  // namespace belfry
