// SPDX-License-Identifier: Apache-2.0
#include "services/store/nats/nats_bus.h"

#include <utility>

#include "libs/wire/codec/log_codec.h"

namespace belfry::store {
namespace {

class NatsBus final : public Bus {
 public:
  explicit NatsBus(std::unique_ptr<wire::NatsPublisher> publisher)
      : publisher_(std::move(publisher)) {}

  Status AnnounceBody(EntryId broadcast_id, const Payload& body) override {
    return publisher_->Publish(std::string(wire::kBodySubject),
                               wire::EncodeBody({broadcast_id, body}));
  }
  Status Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) override {
    return publisher_->Publish(wire::LogSubject(entries.front()->partition),
                               wire::EncodeBatch(entries, store_time_us));
  }
  Status AnnounceHead(Partition partition, EntryId last_id) override {
    return publisher_->Publish(wire::HeadSubject(partition),
                               wire::EncodeHead({partition, last_id}));
  }
  bool connected() const override { return publisher_->connected(); }
  std::uint64_t connects() const override { return publisher_->connects(); }

 private:
  const std::unique_ptr<wire::NatsPublisher> publisher_;
};

}  // namespace

Result<std::unique_ptr<Bus>> StartNatsBus(wire::NatsOptions options, Log log) {
  auto publisher = wire::NatsPublisher::Start(std::move(options), std::move(log));
  if (!publisher.ok()) {
    return Fail(std::move(publisher.error()));
  }
  return std::unique_ptr<Bus>(std::make_unique<NatsBus>(std::move(*publisher)));
}

}  // namespace belfry::store
