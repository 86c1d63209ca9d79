// SPDX-License-Identifier: Apache-2.0
#include "services/edge/nats/nats_announcements.h"

#include <string>
#include <utility>

#include "libs/wire/codec/log_codec.h"

namespace belfry::edge {
namespace {

class NatsAnnouncements final : public Announcements {
 public:
  NatsAnnouncements(wire::NatsOptions options, Log log)
      : options_(std::move(options)), log_(std::move(log)) {}

  Status Start(OnAnnouncement on_announcement) override {
    auto subscriber = wire::NatsSubscriber::Start(options_, std::string(wire::kAllSubjects),
                                                  std::move(on_announcement), log_);
    if (!subscriber.ok()) {
      return Fail(std::move(subscriber.error()));
    }
    subscriber_ = std::move(*subscriber);
    return {};
  }
  bool connected() const override { return subscriber_->connected(); }
  std::string trouble() const override { return subscriber_->trouble(); }

 private:
  const wire::NatsOptions options_;
  const Log log_;
  std::unique_ptr<wire::NatsSubscriber> subscriber_;
};

}  // namespace

std::unique_ptr<Announcements> MakeNatsAnnouncements(wire::NatsOptions options, Log log) {
  return std::make_unique<NatsAnnouncements>(std::move(options), std::move(log));
}

}  // namespace belfry::edge
