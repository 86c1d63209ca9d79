// SPDX-License-Identifier: Apache-2.0
// The table of who may include what. CMake cannot keep it: Debian's headers all lie in
// /usr/include.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belfry::boundaries {

// What a header that is not ours belongs to.
enum class Outside {
  kStandard,  // the C++ standard library; every room may include it
  kSystem,    // POSIX and Linux
  kExpected,  // tl::expected
  kSpdlog,
  kPrometheus,
  kCli11,
  kJson,  // Boost.JSON
  kAsio,  // Boost.Asio
  kBeast,
  kProtobuf,  // and the messages that it generates
  kGrpc,      // and the services that it generates
  kRocksDb,
  kNats,
  kOpenSsl,
};

struct Room {
  std::string_view path;  // a folder with its slash at the end, or one file
  std::vector<std::string_view> rooms;
  std::vector<Outside> outside;
};

const std::vector<Room>& Rooms();

// "Beast", for messages.
std::string_view NameOf(Outside outside);

// The room with the longest path that `file` (from the root) starts with; null: none.
const Room* RoomOf(std::string_view file);

// Nothing: a library that is not in the table.
std::optional<Outside> OutsideOf(std::string_view header);

}  // namespace belfry::boundaries
