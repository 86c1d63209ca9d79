// SPDX-License-Identifier: Apache-2.0
// Names of rows. The texts must outlive the call they are passed to.
#pragma once

#include <cstddef>
#include <string_view>

#include "libs/common/entry.h"

namespace belfry::store {

inline constexpr std::size_t kUserBytesMax = 255;  // one length byte in a key; the wire allows less

struct UserRef {
  Partition partition = 0;
  std::string_view project;
  std::string_view user_id;
};
// One of a user's own entries.
struct EntryRef {
  UserRef user;
  EntryId id = 0;
};
struct KeyRef {
  std::string_view project;
  std::string_view key;
};

}  // namespace belfry::store
