// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/commit_batch.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/key_codec.h"
#include "services/store/core/typed_rows.h"

namespace belfry::store {
namespace {

Entry Notification(EntryId id, const std::string& user, const std::string& text) {
  return {.id = id,
          .prev = id - 1,
          .kind = EntryKind::kNotification,
          .partition = 3,
          .project = "acme",
          .user_id = user,
          .created_us = 1'700'000'000'000'000,
          .expires_us = 1'800'000'000'000'000,
          .payload = text};
}

// A broadcast's entry in each of `partitions`.
void AddBroadcast(CommitBatch& batch, EntryId id, Partition partitions, const std::string& text) {
  const Payload body(text);
  for (Partition p = 0; p < partitions; ++p) {
    batch.Add(std::make_shared<const Entry>(Entry{.id = id,
                                                  .prev = id - 1,
                                                  .kind = EntryKind::kBroadcast,
                                                  .partition = p,
                                                  .project = "acme",
                                                  .broadcast_id = id,
                                                  .payload = body}));
  }
}

// One change of every kind.
CommitBatch EveryChange() {
  CommitBatch batch;
  batch.Add(std::make_shared<const Entry>(Notification(100, "alice", std::string("a\0b", 3))));
  AddBroadcast(batch, 101, 4, "to all");
  AddBroadcast(batch, 102, 2, "to all");
  batch.Move({3, 102, 50});
  SetUser(batch, {3, "acme", "alice"}, OnNotification({}, 100, std::nullopt));
  batch.Remove(Table::kUsers, UserPrefix(3, "acme", "bob"));
  SetProject(batch, "acme", OnBroadcast({}, {102, 9, "digest.weekly", true}));
  SetState(batch, {{3, "acme", "alice"}, 100}, {.read_at_us = 7, .unread_at = 101});
  SetExpiry(batch, {{3, "acme", "alice"}, 100}, 1'800'000'000'000'000, "comment.created");
  RemoveExpiry(batch, {{0, "acme", {}}, 102}, 9);
  SetCollapse(batch, {3, "acme", "alice"}, "thread-1", 100);
  SetKey(batch, {"acme", "once"}, {100, 1, 2, std::string(32, 'h')});
  SetBelievedTime(batch, 1'700'000'000'000'000);
  SetLoss(batch, 1, 10, 20);
  return batch;
}

void ExpectSame(const CommitBatch& a, const CommitBatch& b) {
  ASSERT_EQ(a.entries().size(), b.entries().size());
  for (std::size_t i = 0; i < a.entries().size(); ++i) {
    EXPECT_EQ(*a.entries()[i], *b.entries()[i]);
  }
  EXPECT_EQ(a.positions(), b.positions());
  EXPECT_EQ(a.rows(), b.rows());
  EXPECT_EQ(a.encoded_bytes(), b.encoded_bytes());
}

TEST(CommitBatch, IsReadAsItWasWritten) {
  for (const CommitBatch& batch : {CommitBatch(), EveryChange()}) {
    const std::string bytes = batch.Encode();
    EXPECT_EQ(bytes.size(), batch.encoded_bytes());
    const auto read = CommitBatch::Decode(bytes);
    ASSERT_TRUE(read.ok()) << read.error().ToString();
    ExpectSame(*read, batch);
    EXPECT_EQ(read->Encode(), bytes);
  }
}

TEST(CommitBatch, CarriesABroadcastsBodyOnce) {
  CommitBatch batch;
  const std::string body(10'000, 'b');
  AddBroadcast(batch, 7, 1'000, body);
  EXPECT_LT(batch.encoded_bytes(), body.size() + 1'000 * 80);
  const auto read = CommitBatch::Decode(batch.Encode());
  ASSERT_TRUE(read.ok());
  EXPECT_TRUE(read->entries().front()->payload.SharesWith(read->entries().back()->payload));
  EXPECT_EQ(read->entries().back()->payload.view(), body);
}

TEST(CommitBatch, RefusesWhatIsCutOrContinued) {
  const std::string bytes = EveryChange().Encode();
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto read = CommitBatch::Decode(std::string_view(bytes).substr(0, cut));
    ASSERT_FALSE(read.ok()) << cut;
    EXPECT_EQ(read.error().code, Code::kDataLoss);
  }
  EXPECT_FALSE(CommitBatch::Decode(bytes + '\0').ok());
}

TEST(CommitBatch, RefusesAnotherVersion) {
  std::string bytes = EveryChange().Encode();
  bytes[0] = 2;
  EXPECT_EQ(CommitBatch::Decode(bytes).error().message, "decode a commit: its version is 2");
}

TEST(CommitBatch, RefusesWhatMakesNoSense) {
  const auto refuses = [](const Entry& entry) {
    CommitBatch batch;
    batch.Add(std::make_shared<const Entry>(entry));
    return !CommitBatch::Decode(batch.Encode()).ok();
  };
  const Entry good = Notification(100, "alice", "text");
  EXPECT_FALSE(refuses(good));
  Entry entry = good;
  entry.prev = entry.id;
  EXPECT_TRUE(refuses(entry));
  entry = good;
  entry.kind = EntryKind::kUnspecified;
  EXPECT_TRUE(refuses(entry));
  entry = good;
  entry.partition = kPartitionsMax;
  EXPECT_TRUE(refuses(entry));
  entry = good;
  entry.user_id = "\xff";
  EXPECT_TRUE(refuses(entry));
  CommitBatch batch;
  batch.Move({0, 5, 6});
  EXPECT_FALSE(CommitBatch::Decode(batch.Encode()).ok()) << "the floor lies above the last id";
}

}  // namespace
}  // namespace belfry::store
