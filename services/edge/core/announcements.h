// SPDX-License-Identifier: Apache-2.0
// The port over which the store's announcements reach this edge. It may lose, repeat and reorder
// them: the follower fills holes from the store. Bytes are passed on undecoded.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::edge {

// What the bytes of an announcement encode; see libs/wire/codec/log_codec.h.
enum class AnnouncementKind : std::uint8_t {
  kEntries,  // consecutive entries of one partition
  kHead,     // a partition's last id
  kBody,     // a broadcast's body, to which entries refer
  kUnknown,  // none of these: to be counted and dropped
};

class Announcements {
 public:
  // Called on one thread of the implementation at a time. `bytes` end with the call. It must not
  // block: decode, put into a bounded queue, return.
  using OnAnnouncement = std::function<void(AnnouncementKind kind, std::string_view bytes)>;

  // `on_announcement` is not called after it.
  virtual ~Announcements() = default;
  // Connects in the background and goes on trying: an absent server is no error. Once.
  // kInvalidArgument: a malformed setting.
  virtual Status Start(OnAnnouncement on_announcement) = 0;
  // Whether announcements can arrive now. After Start; any thread.
  virtual bool connected() const = 0;
};

}  // namespace belfry::edge
