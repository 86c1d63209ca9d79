// SPDX-License-Identifier: Apache-2.0
// Events as the bytes of one transport. The port between streams and what they are written in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "services/edge/core/event.h"

namespace belfry::edge {

// Stateless: the same event always becomes the same bytes. Any thread.
class Encoder {
 public:
  virtual ~Encoder() = default;
  // Appends the bytes of `event`, at least one.
  virtual void Append(const Event& event, std::string& out) const = 0;
};

// What one write offers to a socket: whole events, and where the bytes of each end. One per core,
// reused for every write, so that a stream keeps no bytes of its own.
struct EncodedEvents {
  std::string bytes;
  std::vector<std::size_t> ends;
};

}  // namespace belfry::edge
