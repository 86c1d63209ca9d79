// SPDX-License-Identifier: Apache-2.0
// Announcements that the test makes, on its own thread.
#pragma once

#include <string_view>
#include <utility>

#include "services/edge/core/announcements.h"

namespace belfry::edge {

// The test's end; outlives the announcements.
struct Announcer {
  // The edge hears it, if it listens and is connected.
  void Say(std::string_view subject, std::string_view bytes) const {
    if (connected && on_announcement) {
      on_announcement(subject, bytes);
    }
  }

  Announcements::OnAnnouncement on_announcement;
  bool started = false;
  bool connected = false;
  Status start_answer;
};

class FakeAnnouncements final : public Announcements {
 public:
  explicit FakeAnnouncements(Announcer& announcer) : announcer_(announcer) {}
  ~FakeAnnouncements() override { announcer_.on_announcement = nullptr; }
  Status Start(OnAnnouncement on_announcement) override {
    announcer_.started = true;
    announcer_.on_announcement = std::move(on_announcement);
    return announcer_.start_answer;
  }
  bool connected() const override { return announcer_.connected; }

 private:
  Announcer& announcer_;
};

}  // namespace belfry::edge
