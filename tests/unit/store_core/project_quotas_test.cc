// SPDX-License-Identifier: Apache-2.0
// What projects have stored is exact, whatever adds to it or takes away, and what they may store is
// refused beyond their quota.
#include "services/store/core/project_quotas.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/store/core/retention.h"
#include "tests/unit/store_core/rig.h"

namespace belfry::store {
namespace {

constexpr std::chrono::seconds kWindow{60};

AppendItem ItemOf(const std::string& project, const std::string& user, const std::string& key,
                  const std::string& text = "hello") {
  AppendItem item = Item(user, key, text);
  item.project = project;
  item.kind = user.empty() ? EntryKind::kBroadcast : EntryKind::kNotification;
  return item;
}

SequencerOptions With(ProjectQuotaTexts texts) {
  SequencerOptions options;
  options.quotas = ReadProjectQuotas(texts).value();
  return options;
}

struct QuotaRig : Rig {
  using Rig::Rig;

  Result<Appended> Publish(const std::string& project, const std::string& user,
                           const std::string& text = "hello") {
    return Append(ItemOf(project, user, "key" + std::to_string(++keys), text));
  }
  Result<Appended> Change(const std::string& user, StateOp op, std::vector<EntryId> ids) {
    StateUpdate update{.user_id = user};
    update.project = "acme";
    update.change.op = op;
    update.change.ids = std::move(ids);
    return Append(UpdateItem(std::move(update)));
  }
  void Erase(const std::string& user) {
    AudienceUpdate update{.op = AudienceOp::kEraseUser, .user_ids = {user}};
    update.project = "acme";
    ASSERT_TRUE(Append(AudienceItem(std::move(update), {})).ok());
    for (auto stepped = sequencer->StepOperation(); stepped.ok() && *stepped;) {
      stepped = sequencer->StepOperation();
    }
  }
  void Retire() {
    Retention retention({kWindow, 3}, *sequencer, log, clock, {}, {});
    while (retention.Step()) {
    }
  }

  // What the rows say.
  std::map<std::string, Usage> Kept() {
    std::map<std::string, Usage> kept;
    const auto usages = LoadUsages(log);
    EXPECT_TRUE(usages.ok());
    for (const auto& [project, usage] : usages->of) {
      kept.emplace(project, usage);
    }
    return kept;
  }
  // What the logs hold above their floors.
  std::map<std::string, Usage> AddedUp() {
    std::map<std::string, Usage> added_up;
    for (const PartitionPosition& head : log.Heads()) {
      const auto page = log.ReadLog({.partition = head.partition,
                                     .after = head.floor,
                                     .entries_max = 100'000,
                                     .bytes_max = 1u << 30,
                                     .across_losses = true});
      EXPECT_TRUE(page.ok());
      for (const EntryPtr& entry : page->entries) {
        added_up[entry->project] += UsageWithBody(*entry);
      }
    }
    return added_up;
  }

  int keys = 0;
};

TEST(ProjectUsage, IsWhatTheLogHoldsAfterEverythingThatChangesIt) {
  QuotaRig rig;
  const auto first = rig.Publish("acme", "alice", "a rather long text");
  EXPECT_EQ(rig.Kept(), rig.AddedUp());
  EXPECT_EQ(rig.Kept().at("acme").entries, 1u);
  ASSERT_TRUE(rig.Publish("acme", "", std::string(1'000, 'b')).ok());
  EXPECT_EQ(rig.Kept().at("acme").entries, 5u) << "a broadcast is a row in each of four partitions";
  EXPECT_GT(rig.Kept().at("acme").bytes, 1'000u);
  EXPECT_LT(rig.Kept().at("acme").bytes, 2'500u) << "and its body is there once";
  ASSERT_TRUE(rig.Publish("rival", "alice").ok());
  for (const char* text : {"one", "two"}) {
    AppendItem item = ItemOf("acme", "bob", std::string("collapsed ") + text, text);
    item.collapse_key = "build";
    ASSERT_TRUE(rig.Append(std::move(item)).ok());
  }
  AppendItem brief = ItemOf("acme", "carol", "brief");
  brief.expires_us = rig.clock.UnixMicros() + 1'000;
  ASSERT_TRUE(rig.Append(std::move(brief)).ok());
  ASSERT_TRUE(rig.Change("alice", StateOp::kRead, {first->id}).ok());
  rig.clock.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(rig.sequencer->Expire(100).ok());
  EXPECT_EQ(rig.Kept(), rig.AddedUp());

  const Usage before = rig.Kept().at("acme");
  rig.Erase("alice");
  EXPECT_EQ(rig.Kept(), rig.AddedUp());
  EXPECT_LT(rig.Kept().at("acme").bytes, before.bytes + 300) << "what was erased takes less";

  rig.Restart();
  ASSERT_TRUE(rig.Publish("acme", "dave").ok());
  EXPECT_EQ(rig.Kept(), rig.AddedUp());

  rig.clock.Advance(kWindow / 2);
  ASSERT_TRUE(rig.Publish("acme", "", "late").ok());
  rig.clock.Advance(kWindow / 2 + std::chrono::seconds(1));
  rig.Retire();
  EXPECT_EQ(rig.Kept(), rig.AddedUp());
  EXPECT_EQ(rig.Kept().at("acme").entries, 4u);
  EXPECT_EQ(rig.Kept().count("rival"), 0u) << "a project that has nothing has no row";
  rig.clock.Advance(kWindow);
  rig.Retire();
  EXPECT_TRUE(rig.Kept().empty());
}

TEST(ProjectUsage, IsWhatIsOnDiskWhereACommitsOutcomeWasUnknown) {
  for (const auto outcome :
       {FakeEventLog::NextCommit::kFailsUnwritten, FakeEventLog::NextCommit::kFailsWritten}) {
    QuotaRig rig;
    ASSERT_TRUE(rig.Publish("acme", "alice").ok());
    rig.log.next_commit = outcome;
    ASSERT_FALSE(rig.Publish("acme", "alice").ok());
    rig.log.next_commit = FakeEventLog::NextCommit::kWorks;
    rig.Restart();
    EXPECT_EQ(rig.Kept(), rig.AddedUp());
    ASSERT_TRUE(rig.Publish("acme", "alice").ok());
    EXPECT_EQ(rig.Kept(), rig.AddedUp());
  }
}

TEST(ProjectQuotas, RefuseWhatIsBeyondThemAndNobodyElse) {
  for (const bool bytes : {false, true}) {
    QuotaRig rig(bytes ? With({.bytes_max = {"0", "acme/4KiB"}})
                       : With({.entries_max = {"acme/10", "1000"}}));
    std::vector<EntryId> ids;
    Result<Appended> answer = Appended{};
    while ((answer = rig.Publish("acme", "alice", "0123456789")).ok() && ids.size() < 100) {
      ids.push_back(answer->id);
    }
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, Code::kResourceExhausted);
    EXPECT_EQ(answer.error().reason, "QUOTA_EXCEEDED");
    EXPECT_GT(answer.error().retry_after->count(), 0);
    EXPECT_EQ(ids.size(), bytes ? 17u : 10u);
    EXPECT_FALSE(rig.Publish("acme", "").ok()) << "nor a broadcast";
    EXPECT_TRUE(rig.Append(ItemOf("acme", "alice", "key1", "0123456789"))->duplicate)
        << "a repeat is answered";
    EXPECT_TRUE(rig.Publish("rival", "alice").ok());

    EXPECT_TRUE(rig.Change("alice", StateOp::kRead, {ids[0]}).ok())
        << "what a user does takes up to a tenth more";
    std::size_t changes = 1;
    while (changes < ids.size() && rig.Change("alice", StateOp::kRead, {ids[changes]}).ok()) {
      ++changes;
    }
    EXPECT_LT(changes, ids.size());

    rig.clock.Advance(kWindow * 2);
    rig.Retire();
    EXPECT_TRUE(rig.Publish("acme", "alice").ok()) << "retention makes room";
    rig.Restart();
    EXPECT_EQ(rig.Kept(), rig.AddedUp());
  }
}

TEST(ProjectQuotas, HoldAfterARestart) {
  QuotaRig rig(With({.entries_max = {"3"}}));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(rig.Publish("acme", "alice").ok());
  }
  rig.Restart();
  EXPECT_EQ(rig.Publish("acme", "alice").error().reason, "QUOTA_EXCEEDED");
}

TEST(ProjectQuotas, AnErasedUserMakesRoom) {
  QuotaRig rig(With({.bytes_max = {"4KiB"}}));
  ASSERT_TRUE(rig.Publish("acme", "alice", std::string(1'500, 'a')).ok());
  ASSERT_FALSE(rig.Publish("acme", "bob", std::string(1'500, 'a')).ok());
  rig.Erase("alice");
  EXPECT_TRUE(rig.Publish("acme", "bob", std::string(1'000, 'a')).ok());
}

TEST(ProjectQuotas, BoundTheRate) {
  QuotaRig rig(With({.entries_per_second = {"acme/2"}}));
  int stored = 0;
  Result<Appended> answer = Appended{};
  while ((answer = rig.Publish("acme", "alice")).ok()) {
    ASSERT_LT(++stored, 100);
  }
  EXPECT_EQ(stored, 20) << "ten seconds' worth at once";
  EXPECT_EQ(answer.error().reason, "QUOTA_EXCEEDED");
  EXPECT_GT(answer.error().retry_after, std::chrono::milliseconds(400));
  EXPECT_LE(answer.error().retry_after, std::chrono::milliseconds(501));
  EXPECT_TRUE(rig.Publish("rival", "alice").ok());
  rig.clock.Advance(*answer.error().retry_after);
  EXPECT_TRUE(rig.Publish("acme", "alice").ok());
  EXPECT_FALSE(rig.Publish("acme", "alice").ok());
}

TEST(ProjectQuotas, BoundTheRateInBytes) {
  QuotaRig rig(With({.bytes_per_second = {"1KiB"}}));
  EXPECT_TRUE(rig.Publish("acme", "alice", std::string(50'000, 'a')).ok())
      << "more than a bucketful counts as one";
  EXPECT_EQ(rig.Publish("acme", "alice", "b").error().reason, "QUOTA_EXCEEDED");
  rig.clock.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(rig.Publish("acme", "alice", "b").ok());
}

TEST(ProjectQuotas, WhereTheDiskIsScarceWhoeverHasMoreThanAnEqualShareWaits) {
  QuotaRig rig;
  EXPECT_TRUE(rig.Publish("big", "alice", std::string(10'000, 'a')).ok());
  rig.disk.Update(1'900);
  EXPECT_TRUE(rig.Publish("big", "alice").ok()) << "alone it may have all";
  rig.disk.Update(5'000);
  EXPECT_TRUE(rig.Publish("small", "alice").ok());
  EXPECT_TRUE(rig.Publish("big", "alice").ok());
  rig.disk.Update(1'900);
  EXPECT_EQ(rig.Publish("big", "alice").error().reason, "QUOTA_EXCEEDED");
  EXPECT_TRUE(rig.Publish("small", "alice").ok());
  EXPECT_TRUE(rig.Publish("new", "alice").ok());
}

TEST(ProjectQuotas, AreReadFromTexts) {
  const auto quotas = ReadProjectQuotas({.entries_max = {"10", "acme/20"},
                                         .bytes_max = {"acme/1GiB"},
                                         .entries_per_second = {"5"},
                                         .bytes_per_second = {}});
  ASSERT_TRUE(quotas.has_value());
  EXPECT_EQ(quotas->Of("acme").entries_max, 20u);
  EXPECT_EQ(quotas->Of("acme").bytes_max, 1u << 30);
  EXPECT_EQ(quotas->Of("rival").entries_max, 10u);
  EXPECT_EQ(quotas->Of("rival").bytes_max, 0u);
  EXPECT_EQ(quotas->Of("rival").entries_per_second, 5u);
  for (const char* bad : {"x", "-1", "acme/", "/5", "acme/x", "1KiB"}) {
    EXPECT_FALSE(AreProjectNumbers({bad})) << bad;
  }
  EXPECT_TRUE(AreProjectBytes({"1KiB", "acme/5GiB"}));
  EXPECT_FALSE(AreProjectBytes({"acme/5GB"}));
}

}  // namespace
}  // namespace belfry::store
