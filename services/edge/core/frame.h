// SPDX-License-Identifier: Apache-2.0
// Bytes of the SSE stream, made once and written to many sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "libs/common/clock.h"
#include "libs/common/entry.h"

namespace belfry::edge {

// Immutable once made.
struct Frame {
  std::string bytes;
  // The cursor that the client has once it has read this; 0: the frame has no id line.
  EntryId id = 0;
  // Where in `bytes` the Notification's JSON stands; json_size 0: this is no notification.
  std::uint32_t json_begin = 0;
  std::uint32_t json_size = 0;
  // For the latency histograms; 0 and the epoch: not measured.
  std::int64_t created_us = 0;
  SteadyTime received = {};
  // How many notifications the frame tells.
  std::uint32_t events = 0;

  std::string_view json() const { return std::string_view(bytes).substr(json_begin, json_size); }
};
using FramePtr = std::shared_ptr<const Frame>;

// Entries as JSON. Thread-safe.
class Renderer {
 public:
  virtual ~Renderer() = default;
  // One line of JSON; empty if the entry cannot be told (then only its id counts).
  virtual std::string Json(const Entry& entry) const = 0;
};

}  // namespace belfry::edge
