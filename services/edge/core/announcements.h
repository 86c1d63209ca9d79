// SPDX-License-Identifier: Apache-2.0
// The port over which the store's announcements reach this edge. It may lose, repeat and reorder
// them, and bring some that the store never sent: what is not signed is dropped (see
// ../follow/announced.h), and the follower fills holes from the store. Bytes are passed on as they
// came.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libs/common/result.h"

namespace belfry::edge {

class Announcements {
 public:
  // Called on one thread of the implementation at a time. Both texts end with the call. It must not
  // block: decode, put into a bounded queue, return.
  using OnAnnouncement = std::function<void(std::string_view subject, std::string_view bytes)>;

  // `on_announcement` is not called after it.
  virtual ~Announcements() = default;
  // Connects in the background and goes on trying: an absent server is no error. Once.
  // kInvalidArgument: a malformed setting.
  virtual Status Start(OnAnnouncement on_announcement) = 0;
  // Whether announcements can arrive now. After Start; any thread.
  virtual bool connected() const = 0;
  // Why it is not connected, or what it is refused, as far as the other side says; for operators.
  // After Start; any thread.
  virtual std::string trouble() const { return {}; }
};

}  // namespace belfry::edge
