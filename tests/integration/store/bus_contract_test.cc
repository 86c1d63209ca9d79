// SPDX-License-Identifier: Apache-2.0
// The bus over a real nats-server keeps what the port promises.
#include "tests/contract/bus_contract.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/nats/nats.h"
#include "services/store/nats/nats_bus.h"
#include "tests/support/announce_keys.h"
#include "tests/support/nats_server.h"
#include "tests/support/wait.h"

namespace belfry::store {
namespace {

// Heads of it say that messages arrive again, and are not the test's.
constexpr Partition kProbe = 1'000;
constexpr char kHistory[] = "one";

class NatsBusSubject {
 public:
  NatsBusSubject() {
    server_.Start();
    auto subscriber = wire::NatsSubscriber::Start(
        OptionsOf("ear"), std::string(wire::kAllSubjects),
        [this](std::string_view subject, std::string_view bytes) { Take(subject, bytes); }, {});
    subscriber_ = std::move(*subscriber);
    bus_ = std::move(*StartNatsBus(OptionsOf("bus"), test::TestAnnounceKeys(), kHistory, {}));
    AwaitConnection();
  }
  ~NatsBusSubject() {
    bus_.reset();
    subscriber_.reset();
  }
  NatsBusSubject(const NatsBusSubject&) = delete;
  NatsBusSubject& operator=(const NatsBusSubject&) = delete;

  Bus& bus() { return *bus_; }
  void Disconnect() {
    server_.Kill();
    EXPECT_TRUE(test::WaitUntil([this] { return !bus_->connected(); }));
  }
  void Connect() {
    server_.Start();
    AwaitConnection();
  }
  std::vector<Heard> Hear(std::size_t n) {
    EXPECT_TRUE(test::WaitUntil([&] { return heard().size() >= n; }));
    return heard();
  }

 private:
  wire::NatsOptions OptionsOf(const std::string& name) const {
    return {.url = server_.url(), .name = name, .tls_ca = {}, .tls_cert = {}, .tls_key = {}};
  }
  void AwaitConnection() {
    const EntryId probe = ++probes_;
    EXPECT_TRUE(test::WaitUntil([&] {
      const Status sent = bus_->AnnounceHead(kProbe, probe, static_cast<std::int64_t>(probe));
      const std::lock_guard lock(mutex_);
      return sent.ok() && probed_ == probe;
    }));
  }
  std::vector<Heard> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  void Take(std::string_view subject, std::string_view sealed) {
    const auto opened = wire::Open(*keys_, subject, sealed);
    ASSERT_TRUE(std::holds_alternative<wire::OpenedEnvelope>(opened));
    const auto& [history_id, bytes] = std::get<wire::OpenedEnvelope>(opened);
    EXPECT_EQ(history_id, kHistory);
    const std::lock_guard lock(mutex_);
    if (subject == wire::kBodySubject) {
      const auto body = wire::DecodeBody(bytes);
      ASSERT_TRUE(body.ok());
      heard_.push_back(
          {.kind = Heard::Kind::kBody, .id = body->broadcast_id, .body = body->payload.str()});
      return;
    }
    if (const auto head = wire::DecodeHead(bytes);
        head.ok() && subject == wire::HeadSubject(head->partition)) {
      if (head->partition == kProbe) {
        probed_ = head->last_id;
        return;
      }
      heard_.push_back({.kind = Heard::Kind::kHead,
                        .partition = head->partition,
                        .id = head->last_id,
                        .sent_us = head->sent_us});
      return;
    }
    const auto sent = wire::DecodeBatch(bytes);
    ASSERT_TRUE(sent.ok() && !sent->entries.empty());
    const Partition partition = sent->entries.front()->partition;
    EXPECT_EQ(subject, wire::LogSubject(partition));
    Heard message{.kind = Heard::Kind::kEntries,
                  .partition = partition,
                  .store_time_us = sent->store_time_us};
    for (const EntryPtr& entry : sent->entries) {
      message.entries.push_back(*entry);
    }
    heard_.push_back(std::move(message));
  }

  const std::shared_ptr<const wire::AnnounceKeys> keys_ = test::TestAnnounceKeys();
  test::NatsServer server_;
  std::mutex mutex_;
  std::vector<Heard> heard_;  // guarded by mutex_
  EntryId probed_ = 0;        // guarded by mutex_
  EntryId probes_ = 0;
  std::unique_ptr<wire::NatsSubscriber> subscriber_;
  std::unique_ptr<Bus> bus_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Nats, BusContract, NatsBusSubject);

}  // namespace
}  // namespace belfry::store
