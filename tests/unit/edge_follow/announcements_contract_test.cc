// SPDX-License-Identifier: Apache-2.0
// The fake announcements keep what the port promises.
#include "tests/contract/announcements_contract.h"

#include "tests/unit/edge_follow/fake_announcements.h"

namespace belfry::edge {
namespace {

class FakeSubject {
 public:
  Announcements& announcements() { return *announcements_; }
  void End() { announcements_.reset(); }
  void Appear() { announcer_.connected = true; }
  void Vanish() { announcer_.connected = false; }
  void Say(const std::string& subject, const std::string& bytes) { announcer_.Say(subject, bytes); }

 private:
  Announcer announcer_;
  std::unique_ptr<Announcements> announcements_ = std::make_unique<FakeAnnouncements>(announcer_);
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, AnnouncementsContract, FakeSubject);

}  // namespace
}  // namespace belfry::edge
