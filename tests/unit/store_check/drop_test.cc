// SPDX-License-Identifier: Apache-2.0
// A project is dropped: nothing of it is left but its places in the log, the others keep all of
// theirs, and a store that is killed at any step is sound and goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "libs/common/revocation.h"
#include "services/store/core/project_drop.h"
#include "services/store/core/revocation_rows.h"
#include "services/store/rocks/check/check.h"
#include "tests/unit/store_log/damage.h"
#include "tests/unit/store_log/disk.h"

namespace belfry::store {
namespace {

struct DropTest : testing::Test, Disk {
  // Two projects with some of everything.
  void SetUp() override {
    for (const std::string project : {"acme", "rival"}) {
      for (int i = 0; i < 600; ++i) {
        Publish(project, "user" + std::to_string(i % 7));
      }
      for (int i = 0; i < 40; ++i) {
        Publish(project, "", i % 2 == 0 ? clock.UnixMicros() + 3'600'000'000 : 0);
      }
      Publish(project, "user1", clock.UnixMicros() + 3'600'000'000);
      for (int i = 0; i < 3; ++i) {
        AppendItem item = ItemFor(project, "user2");
        item.collapse_key = "build";
        Append(std::move(item));
      }
      Change(project, "user3", StateOp::kRead, Publish(project, "user3"));
      Update(project, {.op = AudienceOp::kUpsertUsers,
                       .users = {{"user1", {{"plan", "pro"}}}, {"user2", {{"plan", "free"}}}}});
      Update(project, {.op = AudienceOp::kCreateSegment, .segment = "beta"});
      Update(project, {.op = AudienceOp::kAddMembers, .segment = "beta", .user_ids = {"user1"}});
      Update(project, {.op = AudienceOp::kRevokeTokens, .user_ids = {"user5"}});
      Update(project, {.op = AudienceOp::kEraseUser, .user_ids = {"user6"}});
    }
  }

  AppendItem ItemFor(const std::string& project, const std::string& user) {
    AppendItem item;
    item.kind = user.empty() ? EntryKind::kBroadcast : EntryKind::kNotification;
    item.project = project;
    item.user_id = user;
    item.idempotency_key = "key" + std::to_string(++keys);
    item.content_hash = std::string(32, 'h');
    item.payload = "hello " + user;
    return item;
  }
  EntryId Publish(const std::string& project, const std::string& user,
                  std::int64_t expires_us = 0) {
    AppendItem item = ItemFor(project, user);
    item.expires_us = expires_us;
    return Append(std::move(item)).id;
  }
  void Change(const std::string& project, const std::string& user, StateOp op, EntryId id) {
    StateUpdate update{.user_id = user};
    update.project = project;
    update.change.op = op;
    update.change.ids = {id};
    Append(UpdateItem(std::move(update)));
  }
  void Update(const std::string& project, AudienceUpdate update) {
    update.project = project;
    AppendItem item;
    item.kind = EntryKind::kState;
    Append(AudienceItem(std::move(update), std::move(item)));
  }

  // Begins, or finds what is under way.
  OperationId Begin() { return Append(DropItem("acme")).audience->operation_id; }
  bool Step() {
    const auto stepped = sequencer->StepOperation();
    EXPECT_TRUE(stepped.ok()) << stepped.error().ToString();
    return stepped.ok() && *stepped;
  }
  void ExpectSound() {
    Close();
    const auto report = CheckDirectory({.directory = directory()}, {});
    ASSERT_TRUE(report.ok()) << report.error().ToString();
    for (const CheckFault& fault : report->faults) {
      ADD_FAILURE() << kCheckKindNames[static_cast<std::size_t>(fault.kind)] << ": " << fault.key
                    << ": " << fault.what;
    }
  }
  // Rows that name the project, by column, but for what must stay.
  std::vector<std::string> Left(const std::string& project) {
    Close();
    RawDb raw(directory());
    std::vector<std::string> left;
    for (std::size_t column = 1; column < kColumnNames.size(); ++column) {
      for (const auto& [key, value] : raw.Rows(static_cast<Column>(column))) {
        const std::string name(kColumnNames[column]);
        const bool named =
            key.find(project) != std::string::npos || value.find(project) != std::string::npos;
        const bool stays = name == "log" || name == "operations" ||
                           key == RevokedKey(project, {}) || key == StoredKey(project);
        if (named && !stays) {
          left.push_back(name + " " + key);
        }
        if (named && name == "log" && value.find("hello") != std::string::npos) {
          left.push_back(name + " with a body");
        }
      }
    }
    return left;
  }
};

TEST_F(DropTest, LeavesNothingAndTakesNothingFromOthers) {
  while (Step()) {  // what was begun in SetUp
  }
  const std::size_t before = Left("rival").size();
  Open();
  const OperationId operation = Begin();
  EXPECT_EQ(Begin(), operation) << "it is under way";
  while (Step()) {
  }
  const auto progress = ReadDrop(*store, operation, "acme");
  ASSERT_TRUE(progress.ok());
  EXPECT_TRUE(progress->done);
  EXPECT_GT(progress->cleared, 500u);
  EXPECT_EQ(ReadDrop(*store, operation, "rival").error().code, Code::kNotFound);
  ExpectSound();
  EXPECT_THAT(Left("acme"), testing::IsEmpty());
  EXPECT_EQ(Left("rival").size(), before);
  Open();
  Publish("acme", "user1");
  EXPECT_EQ(Read("user1", 0).counts.unread, 1u) << "the project begins anew";
  ExpectSound();
}

TEST_F(DropTest, GoesOnAfterAKillAtAnyStep) {
  Begin();
  int steps = 0;
  for (bool more = true; more;) {
    ExpectSound();  // closes it as a kill would
    Open();
    more = Step();
    ASSERT_LT(++steps, 200);
  }
  EXPECT_GT(steps, 8);
  ExpectSound();
  EXPECT_THAT(Left("acme"), testing::IsEmpty());
}

TEST_F(DropTest, TakesNothingOfTheProjectMeanwhile) {
  const OperationId operation = Begin();
  const auto append = [this](AppendItem item) {
    Error error;
    PendingAppend call;
    call.items.push_back(std::move(item));
    call.done = [&error](Result<AppendResults> results) {
      ASSERT_TRUE(results.ok());
      error = results->front().ok() ? Error{} : results->front().error();
    };
    sequencer->Append(std::move(call));
    sequencer->Round();
    return error;
  };
  for (const bool restarted : {false, true}) {
    const Error refused = append(ItemFor("acme", "user1"));
    EXPECT_EQ(refused.code, Code::kFailedPrecondition);
    EXPECT_EQ(refused.reason, "PROJECT_DROPPED");
    EXPECT_EQ(append(ItemFor("rival", "user1")).reason, "");
    if (!restarted) {
      Step();
      Open();
    }
  }
  while (Step()) {
  }
  EXPECT_TRUE(ReadDrop(*store, operation, "acme")->done);
  EXPECT_EQ(append(ItemFor("acme", "user1")).reason, "");
}

TEST_F(DropTest, EndsStreamsAndTokensOfTheProject) {
  Begin();
  const auto revoked = ReadRevoked(*store, "acme", {});
  ASSERT_TRUE(revoked.ok());
  EXPECT_GT(*revoked, 0);
  for (const PartitionPosition& head : store->Heads()) {
    const auto page = store->ReadLog({.partition = head.partition,
                                      .after = head.floor,
                                      .entries_max = 10'000,
                                      .bytes_max = 1u << 30});
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->entries.back()->kind, EntryKind::kRevoked);
    EXPECT_EQ(page->entries.back()->project, "acme");
  }
}

}  // namespace
}  // namespace belfry::store
