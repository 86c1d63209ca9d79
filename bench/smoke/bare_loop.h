// SPDX-License-Identifier: Apache-2.0
// The yardstick: one thread, one epoll, and on "FIRE" a send(2) of the same bytes to every socket.
// Nothing is parsed, kept, queued or checked.
#pragma once

#include <string>

#include "tests/support/cluster/socket.h"

namespace belfry::bench {

// Serves until killed; a process of its own, as the edge is one. Every connection is answered as a
// stream that has begun, unless it sends "FIRE <bytes>\n" and the bytes.
[[noreturn]] void ServeBareLoop(const test::Endpoint& at);

// What to send to make it write `frame` to all streams, as one chunk.
std::string FireCommand(const std::string& frame);

}  // namespace belfry::bench
