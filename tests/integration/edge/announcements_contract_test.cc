// SPDX-License-Identifier: Apache-2.0
// Announcements over a real nats-server keep what the port promises.
#include "tests/contract/announcements_contract.h"

#include <utility>

#include "libs/wire/nats/nats.h"
#include "services/edge/nats/nats_announcements.h"
#include "tests/support/nats_server.h"

namespace belfry::edge {
namespace {

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
  void Say(const std::string& subject, const std::string& bytes) {
    EXPECT_TRUE(test::WaitUntil([&] { return publisher_->Publish(subject, bytes).ok(); }));
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
  const Status started = announcements->Start([](std::string_view, std::string_view) {});
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Code::kInvalidArgument);
}

}  // namespace
}  // namespace belfry::edge
