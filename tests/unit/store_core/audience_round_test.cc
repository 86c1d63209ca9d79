// SPDX-License-Identifier: Apache-2.0
// Changes of audiences that come together are one commit, and mean what they mean one by one.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/audience_rows.h"
#include "services/store/core/pending_rows.h"
#include "tests/unit/store_core/audience_rig.h"

namespace belfry::store {
namespace {

AppendItem Change(AudienceUpdate update, AppendItem item = {}) {
  update.project = "acme";
  if (update.op != AudienceOp::kNotifySegment) {
    item.kind = EntryKind::kUnspecified;
  }
  return AudienceItem(std::move(update), std::move(item));
}

AppendItem PutItem(const std::string& user, std::vector<Attribute> attributes) {
  return Change({.op = AudienceOp::kUpsertUsers,
                 .users = {{.user_id = user, .attributes = std::move(attributes)}}});
}

AppendItem OfSegment(AudienceOp op, const std::string& segment, Users users = {}) {
  return Change({.op = op, .segment = segment, .user_ids = std::move(users)});
}

// All that an answer says, but for what it has from a commit's own sizes.
std::string Words(const Result<Appended>& answer) {
  if (!answer.ok()) {
    return answer.error().reason + ": " + answer.error().message;
  }
  std::string words = std::to_string(answer->id) + (answer->duplicate ? " repeat" : "") +
                      (answer->suppressed ? " suppressed" : "");
  if (answer->audience) {
    const AudienceUpdated& updated = *answer->audience;
    words += std::string(updated.changed ? " changed" : "") + " members " +
             std::to_string(updated.members) + " operation " +
             std::to_string(updated.operation_id) + " recipients " +
             std::to_string(updated.recipients) + " revoked " + std::to_string(updated.revoked_us);
  }
  return words;
}

// Few names, so that most of what comes together concerns the same rows.
class Random {
 public:
  explicit Random(std::uint32_t seed) : random_(seed) {}

  std::vector<AppendItem> Items() {
    std::vector<AppendItem> items;
    for (int i = Pick(2, 12); i > 0; --i) {
      items.push_back(One());
    }
    return items;
  }
  int Pick(int low, int high) { return std::uniform_int_distribution(low, high)(random_); }

 private:
  std::string User() { return "u" + std::to_string(Pick(0, 3)); }
  std::string Segment() { return "s" + std::to_string(Pick(0, 1)); }
  std::string Attribute() { return "a:" + std::to_string(Pick(0, 1)); }

  AppendItem One() {
    switch (Pick(0, 13)) {
      case 0:
        return OfSegment(AudienceOp::kCreateSegment, Segment());
      case 1:
        return OfSegment(AudienceOp::kDeleteSegment, Segment());
      case 2:
      case 3:
        return OfSegment(AudienceOp::kAddMembers, Segment(), {User(), User()});
      case 4:
        return OfSegment(AudienceOp::kRemoveMembers, Segment(), {User(), User()});
      case 5:
        return PutItem(User(), {{"a", Attribute().substr(2)}});
      case 6:
        return Change({.op = AudienceOp::kNotifySegment,
                       .user_ids = {User()},
                       .segments = {Pick(0, 1) == 0 ? Segment() : Attribute()}},
                      Item("", Pick(0, 2) == 0 ? "same" : "k" + std::to_string(++keys_)));
      case 7:
        return Change({.op = AudienceOp::kEraseUser, .user_ids = {User()}});
      case 8:
        return Change(
            {.op = Pick(0, 1) == 0 ? AudienceOp::kRevokeTokens : AudienceOp::kCloseStreams,
             .user_ids = Pick(0, 1) == 0 ? Users() : Users{User()}});
      case 9: {
        AppendItem item = BroadcastItem("b" + std::to_string(++keys_));
        item.excluded = {User()};
        return item;
      }
      case 10:
        return UpdateItem(
            {.project = "acme", .user_id = User(), .change = {.op = StateOp::kReadAll}});
      case 11:
        return Pick(0, 30) == 0 ? Change({.op = AudienceOp::kDropProject}) : PutItem(User(), {});
      default: {
        AppendItem item = Item(User(), "k" + std::to_string(++keys_));
        item.collapse_key = "c";
        return item;
      }
    }
  }

  std::mt19937 random_;
  int keys_ = 0;
};

std::vector<std::string> OneByOne(Audience& acme, const std::vector<AppendItem>& items) {
  std::vector<std::string> answers;
  for (const AppendItem& item : items) {
    answers.push_back(Words(acme.Append(item)));
  }
  return answers;
}

std::vector<std::string> Together(Audience& acme, const std::vector<AppendItem>& items) {
  const CallAnswer answer = acme.Send(items);
  while (!answer->has_value() && acme.sequencer->Round()) {
  }
  std::vector<std::string> answers;
  if (answer->has_value() && (*answer)->ok()) {
    for (const Result<Appended>& one : ***answer) {
      answers.push_back(Words(one));
    }
  }
  return answers;
}

std::string Logs(const Audience& acme) {
  std::string words;
  for (Partition partition = 0; partition < 2; ++partition) {
    for (const EntryPtr& entry : acme.log.log(partition)) {
      words += std::to_string(partition) + ": " + std::to_string(entry->id) + " after " +
               std::to_string(entry->prev) + " kind " +
               std::to_string(static_cast<int>(entry->kind)) + " for " + entry->user_id +
               " replaces " + std::to_string(entry->replaces) + "\n";
    }
  }
  return words;
}

TEST(AudienceRound, ChangesThatComeTogetherMeanWhatTheyMeanOneByOne) {
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    Audience apart;
    Audience together;
    for (int round = 0; round < 12; ++round) {
      const std::vector<AppendItem> items = random.Items();
      const std::vector<std::string> answers = OneByOne(apart, items);
      ASSERT_EQ(Together(together, items), answers) << "seed " << seed;
      ASSERT_EQ(Logs(together), Logs(apart)) << "seed " << seed;
      ASSERT_EQ(together.log.tables().rows, apart.log.tables().rows) << "seed " << seed;
      for (int steps = random.Pick(0, 3); steps > 0; --steps) {
        ASSERT_EQ(together.sequencer->StepOperation().ok(), apart.sequencer->StepOperation().ok());
      }
      if (random.Pick(0, 2) == 0) {
        const std::chrono::milliseconds passed(random.Pick(0, 3));
        apart.clock.Advance(passed);
        together.clock.Advance(passed);
      }
    }
    EXPECT_LT(together.log.commits, apart.log.commits);
  }
}

TEST(AudienceRound, AThousandUsersWhoComeTogetherAreFewCommits) {
  Audience acme;
  std::vector<AppendItem> items;
  for (int i = 0; i < 1'000; ++i) {
    items.push_back(PutItem("u" + std::to_string(i), {{"plan", "pro"}}));
  }
  Together(acme, items);
  EXPECT_EQ(acme.MembersOf("plan:pro"), 1'000);
  EXPECT_LE(acme.log.commits, 4);
}

TEST(AudienceRound, LargeChangesAreCommitsOfABoundedSize) {
  Audience acme;
  std::vector<AppendItem> items;
  for (int i = 0; i < 200; ++i) {
    std::vector<Attribute> attributes;
    for (int key = 0; key < 32; ++key) {
      attributes.push_back({"k" + std::to_string(key), std::string(128, 'x')});
    }
    items.push_back(PutItem("u" + std::to_string(i), std::move(attributes)));
  }
  Together(acme, items);
  EXPECT_EQ(acme.MembersOf("k0:" + std::string(128, 'x')), 200);
  EXPECT_GT(acme.log.commits, 1);
  EXPECT_GT(acme.log.largest_commit_bytes, 128u << 10);
  EXPECT_LE(acme.log.largest_commit_bytes, 512u << 10);
}

TEST(PendingRows, AreAsTheBatchLeavesThemElseAsTheyWereCommitted) {
  FakeEventLog log;
  CommitBatch committed;
  committed.Put(Table::kSegments, "a", "old");
  committed.Put(Table::kSegments, "b", "old");
  committed.Put(Table::kMembers, "a", "of another table");
  ASSERT_TRUE(log.Commit(committed).ok());
  CommitBatch batch;
  PendingRows rows(batch, log);
  const std::vector<std::string> keys = {"a", "b", "c"};
  using Rows = std::vector<std::optional<std::string>>;
  EXPECT_EQ(*rows.Read(Table::kSegments, keys), (Rows{"old", "old", std::nullopt}));
  batch.Put(Table::kSegments, "a", "new");
  batch.Put(Table::kSegments, "c", "first");
  EXPECT_EQ(*rows.Read(Table::kSegments, keys), (Rows{"new", "old", "first"}));
  batch.Put(Table::kSegments, "c", "second");
  batch.Remove(Table::kSegments, "a");
  EXPECT_EQ(*rows.Read(Table::kSegments, keys), (Rows{std::nullopt, "old", "second"}));
  EXPECT_EQ(*rows.Read(Table::kMembers, keys),
            (Rows{"of another table", std::nullopt, std::nullopt}));
  log.reads_fail = true;
  EXPECT_FALSE(rows.Read(Table::kSegments, keys).ok());
  EXPECT_TRUE(rows.Read(Table::kSegments, std::vector<std::string>{"c"}).ok());
}

}  // namespace
}  // namespace belfry::store
