// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <mutex>

#include "libs/wire/announce/envelope.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/nats/nats.h"
#include "tests/integration/store/store_rig.h"
#include "tests/support/announce_keys.h"
#include "tests/support/nats_server.h"

namespace belfry::store {
namespace {

// Everything that is announced, as an edge hears it.
class Ear {
 public:
  explicit Ear(const std::string& url) {
    auto subscriber = wire::NatsSubscriber::Start(
        {.url = url, .name = "ear", .tls_ca = {}, .tls_cert = {}, .tls_key = {}},
        std::string(wire::kAllSubjects),
        [this](std::string_view subject, std::string_view bytes) { Hear(subject, bytes); }, {});
    subscriber_ = std::move(*subscriber);
  }
  bool connected() const { return subscriber_->connected(); }
  std::vector<EntryId> ids() const {
    const std::lock_guard lock(mutex_);
    return ids_;
  }
  bool heard(EntryId id) const {
    const auto all = ids();
    return std::find(all.begin(), all.end(), id) != all.end();
  }
  EntryId head(Partition partition) const {
    const std::lock_guard lock(mutex_);
    const auto found = heads_.find(partition);
    return found == heads_.end() ? 0 : found->second;
  }
  int heads_heard() const {
    const std::lock_guard lock(mutex_);
    return heads_heard_;
  }

 private:
  void Hear(std::string_view subject, std::string_view message) {
    const std::lock_guard lock(mutex_);
    const auto opened = wire::Open(*keys_, subject, message);
    ASSERT_TRUE(std::holds_alternative<wire::OpenedEnvelope>(opened));
    const auto& [history_id, bytes] = std::get<wire::OpenedEnvelope>(opened);
    EXPECT_FALSE(history_id.empty());
    if (const auto batch = wire::DecodeBatch(bytes); subject.starts_with("belfry.v1.log.")) {
      ASSERT_TRUE(batch.ok());
      for (const EntryPtr& entry : batch->entries) {
        EXPECT_EQ(subject, wire::LogSubject(entry->partition));
        ids_.push_back(entry->id);
      }
      return;
    }
    const auto head = wire::DecodeHead(bytes);
    ASSERT_TRUE(head.ok());
    EXPECT_EQ(subject, wire::HeadSubject(head->partition));
    heads_[head->partition] = head->last_id;
    ++heads_heard_;
  }

  const std::shared_ptr<const wire::AnnounceKeys> keys_ = test::TestAnnounceKeys();
  mutable std::mutex mutex_;
  std::vector<EntryId> ids_;
  std::map<Partition, EntryId> heads_;
  int heads_heard_ = 0;
  std::unique_ptr<wire::NatsSubscriber> subscriber_;
};

struct AnnounceTest : testing::Test, StoreRig {
  void SetUp() override {
    config.nats_url = nats.url();
    config.partitions = 2;
  }
  test::NatsServer nats;
};

TEST_F(AnnounceTest, AnnouncesWhatItCommitsAndRepeatsTheHeads) {
  nats.Start();
  Ear ear(nats.url());
  ASSERT_TRUE(test::WaitUntil([&] { return ear.connected(); }));
  Start();
  ASSERT_TRUE(test::WaitUntil([&] { return ear.heads_heard() >= 2; }));
  std::vector<EntryId> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(Store(Item("alice", std::to_string(i))));
  }
  ASSERT_TRUE(test::WaitUntil([&] { return ear.heard(ids.back()); }));
  EXPECT_EQ(ear.ids(), ids);
  const Partition partition = ReadFeed("alice", 0, true).partition();
  EXPECT_TRUE(test::WaitUntil([&] { return ear.head(partition) == ids.back(); }));
}

TEST_F(AnnounceTest, WorksWithoutNatsAndAnnouncesOnceItIsThere) {
  Start();
  const EntryId before = Store(Item("alice", "k1"));
  EXPECT_EQ(ReadFeed("alice", 0).entries_size(), 1);
  nats.Start();
  Ear ear(nats.url());
  ASSERT_TRUE(test::WaitUntil([&] { return ear.connected(); }));
  const Partition partition = ReadFeed("alice", 0, true).partition();
  ASSERT_TRUE(test::WaitUntil([&] { return ear.head(partition) == before; }));
  const EntryId after = Store(Item("alice", "k2"));
  EXPECT_TRUE(test::WaitUntil([&] { return ear.heard(after); }));
}

TEST_F(AnnounceTest, GoesOnAfterNatsWasKilled) {
  nats.Start();
  Ear ear(nats.url());
  ASSERT_TRUE(test::WaitUntil([&] { return ear.connected(); }));
  Start();
  const EntryId first = Store(Item("alice", "k1"));
  ASSERT_TRUE(test::WaitUntil([&] { return ear.heard(first); }));
  nats.Kill();
  std::vector<EntryId> during;
  for (int i = 0; i < 10; ++i) {
    during.push_back(Store(Item("alice", "during" + std::to_string(i))));
  }
  nats.Start();
  // The ear may be back later than the announcer; then the digests tell what it missed.
  const Partition partition = ReadFeed("alice", 0, true).partition();
  ASSERT_TRUE(test::WaitUntil([&] { return ear.head(partition) == during.back(); }));
  const EntryId last = Store(Item("alice", "k2"));
  EXPECT_TRUE(test::WaitUntil([&] { return ear.heard(last); }));
  const auto ids = ear.ids();
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(AnnounceTest, AnswersPublishesWhileNatsHangs) {
  nats.Start();
  Start();
  Store(Item("alice", "k1"));
  nats.Pause();
  for (int i = 0; i < 50; ++i) {
    Store(Item("alice", "paused" + std::to_string(i)));
  }
  EXPECT_EQ(ReadFeed("alice", 0).entries_size(), 51);
  nats.Resume();
}

}  // namespace
}  // namespace belfry::store
