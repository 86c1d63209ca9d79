// SPDX-License-Identifier: Apache-2.0
#include "services/store/nats/nats_bus.h"

#include <string>
#include <string_view>
#include <utility>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"

namespace belfry::store {
namespace {

class NatsBus final : public Bus {
 public:
  NatsBus(std::unique_ptr<wire::NatsPublisher> publisher,
          std::shared_ptr<const wire::AnnounceKeys> keys, std::string history_id)
      : publisher_(std::move(publisher)),
        keys_(std::move(keys)),
        history_id_(std::move(history_id)) {}

  Status AnnounceBody(EntryId broadcast_id, const Payload& body) override {
    return Publish(std::string(wire::kBodySubject), wire::EncodeBody({broadcast_id, body}));
  }
  Status Announce(std::span<const EntryPtr> entries, std::int64_t store_time_us) override {
    return Publish(wire::LogSubject(entries.front()->partition),
                   wire::EncodeBatch(entries, store_time_us));
  }
  Status AnnounceHead(Partition partition, EntryId last_id, std::int64_t sent_us) override {
    return Publish(wire::HeadSubject(partition), wire::EncodeHead({partition, last_id, sent_us}));
  }
  bool connected() const override { return publisher_->connected(); }
  std::uint64_t connects() const override { return publisher_->connects(); }
  std::string trouble() const override { return publisher_->trouble(); }

 private:
  Status Publish(const std::string& subject, std::string_view bytes) {
    return publisher_->Publish(subject, wire::Seal(keys_->signing(), history_id_, subject, bytes));
  }

  const std::unique_ptr<wire::NatsPublisher> publisher_;
  const std::shared_ptr<const wire::AnnounceKeys> keys_;
  const std::string history_id_;
};

}  // namespace

Result<std::unique_ptr<Bus>> StartNatsBus(wire::NatsOptions options,
                                          std::shared_ptr<const wire::AnnounceKeys> keys,
                                          std::string history_id, Log log) {
  auto publisher = wire::NatsPublisher::Start(std::move(options), std::move(log));
  if (!publisher.ok()) {
    return Fail(std::move(publisher.error()));
  }
  return std::unique_ptr<Bus>(
      std::make_unique<NatsBus>(std::move(*publisher), std::move(keys), std::move(history_id)));
}

}  // namespace belfry::store
