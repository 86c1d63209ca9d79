// SPDX-License-Identifier: Apache-2.0
// Stores that are made in this process, through the sequencer, without the rest of the stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace belfry::bench {

// Makes a store in `directory` whose project knows `users` users, of one notification each:
// user-0, user-1, ...
void MakeKnownUsers(const std::string& directory, std::size_t users, std::uint32_t partitions);
std::string KnownUser(std::size_t number);

struct BytesOnDisk {
  double unread = 0;  // a notification, with its body
  double read = 0;    // and once it has been read, by a change of its own
};
// The bytes per notification of a store in `directory` with that many, of 20 each user, with bodies
// of `body_bytes`, after all is compacted and the log of commits is closed.
BytesOnDisk MeasureBytesOnDisk(const std::string& directory, std::size_t notifications,
                               std::size_t body_bytes);

}  // namespace belfry::bench
