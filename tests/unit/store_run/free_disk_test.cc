// SPDX-License-Identifier: Apache-2.0
#include "services/store/run/free_disk.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace belfry::store {
namespace {

TEST(FreeDiskBytes, LooksAtTheDirectory) {
  const test::TempDir dir;
  const auto free = FreeDiskBytes(dir.path().string());
  ASSERT_TRUE(free.ok());
  EXPECT_GT(*free, 0u);
  EXPECT_FALSE(FreeDiskBytes((dir.path() / "absent").string()).ok());
  EXPECT_TRUE(OnSameFileSystem(dir.path().string(), dir.path().string()));
  EXPECT_FALSE(OnSameFileSystem(dir.path().string(), (dir.path() / "absent").string()));
}

}  // namespace
}  // namespace belfry::store
