// SPDX-License-Identifier: Apache-2.0
// Announcements over a real nats-server keep what the port promises.
#include "tests/contract/announcements_contract.h"

#include <utility>

#include "libs/wire/codec/log_codec.h"
#include "libs/wire/nats/nats.h"
#include "services/edge/nats/nats_announcements.h"
#include "tests/support/nats_server.h"

namespace belfry::edge {
namespace {

std::string SubjectOf(AnnouncementKind kind) {
  switch (kind) {
    case AnnouncementKind::kEntries:
      return wire::LogSubject(3);
    case AnnouncementKind::kHead:
      return wire::HeadSubject(3);
    case AnnouncementKind::kBody:
      return std::string(wire::kBodySubject);
    case AnnouncementKind::kUnknown:
      break;
  }
  const std::string_view all = wire::kAllSubjects;
  return std::string(all.substr(0, all.size() - 1)) + "other";
}

class NatsSubject {
 public:
  NatsSubject() {
    announcements_ = MakeNatsAnnouncements(OptionsOf("edge"), {});
    publisher_ = std::move(*wire::NatsPublisher::Start(OptionsOf("store"), {}));
  }
  Announcements& announcements() { return *announcements_; }
  void End() { announcements_.reset(); }
  void Appear() { server_.Start(); }
  void Vanish() { server_.Kill(); }
  void Say(AnnouncementKind kind, const std::string& bytes) {
    EXPECT_TRUE(test::WaitUntil([&] { return publisher_->Publish(SubjectOf(kind), bytes).ok(); }));
  }

 private:
  wire::NatsOptions OptionsOf(const std::string& name) const {
    return {.url = server_.url(), .name = name, .tls_ca = {}, .tls_cert = {}, .tls_key = {}};
  }

  test::NatsServer server_;
  std::unique_ptr<wire::NatsPublisher> publisher_;
  std::unique_ptr<Announcements> announcements_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Nats, AnnouncementsContract, NatsSubject);

TEST(NatsAnnouncements, RefusesAMalformedSetting) {
  const auto announcements = MakeNatsAnnouncements(
      {.url = "no url", .name = "edge", .tls_ca = {}, .tls_cert = {}, .tls_key = {}}, {});
  const Status started = announcements->Start([](AnnouncementKind, std::string_view) {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace belfry::edge
