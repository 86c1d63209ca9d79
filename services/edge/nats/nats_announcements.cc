// SPDX-License-Identifier: Apache-2.0
#include "services/edge/nats/nats_announcements.h"

#include <string>
#include <string_view>
#include <utility>

#include "libs/wire/codec/log_codec.h"

namespace belfry::edge {
namespace {

// The subjects without their last token, the partition: "belfry.v1.log.", "belfry.v1.head.".
constexpr std::string_view kLogs = wire::kLogSubjects.substr(0, wire::kLogSubjects.size() - 1);
constexpr std::string_view kHeads = wire::kHeadSubjects.substr(0, wire::kHeadSubjects.size() - 1);
static_assert(wire::kLogSubjects.ends_with(".*") && wire::kHeadSubjects.ends_with(".*"));

AnnouncementKind KindOf(std::string_view subject) {
  if (subject.starts_with(kLogs)) {
    return AnnouncementKind::kEntries;
  }
  if (subject == wire::kBodySubject) {
    return AnnouncementKind::kBody;
  }
  return subject.starts_with(kHeads) ? AnnouncementKind::kHead : AnnouncementKind::kUnknown;
}

class NatsAnnouncements final : public Announcements {
 public:
  NatsAnnouncements(wire::NatsOptions options, Log log)
      : options_(std::move(options)), log_(std::move(log)) {}

  Status Start(OnAnnouncement on_announcement) override {
    auto subscriber = wire::NatsSubscriber::Start(
        options_, std::string(wire::kAllSubjects),
        [on_announcement = std::move(on_announcement)](std::string_view subject,
                                                       std::string_view bytes) {
          on_announcement(KindOf(subject), bytes);
        },
        log_);
    if (!subscriber.ok()) {
      return Fail(std::move(subscriber.error()));
    }
    subscriber_ = std::move(*subscriber);
    return {};
  }
  bool connected() const override { return subscriber_->connected(); }

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
