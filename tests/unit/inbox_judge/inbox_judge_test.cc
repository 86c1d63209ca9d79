// SPDX-License-Identifier: Apache-2.0
// What the judge of inboxes makes of a change that was refused and is stored all the same.
#include "tests/support/inbox/inbox_judge.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/cluster/cluster.h"

namespace belfry::test {
namespace {

using By = InboxApi::By;

Stored Change(EntryId id, StateOp op, EntryId of, const std::string& operation) {
  return {.id = id,
          .prev = id - 1,
          .project = Cluster::kProject,
          .user_id = "alice",
          .tag = {},
          .change = {.op = op, .ids = {of}, .operation = operation}};
}

// alice has one notification, reads it at 2 and is told "404".
std::vector<std::string> Judge(By by, bool deleted_since) {
  StoredLog log;
  log.entries = {{.id = 1, .project = Cluster::kProject, .user_id = "alice", .tag = "note"},
                 Change(2, StateOp::kRead, 1, "read")};
  if (deleted_since) {
    log.entries.push_back(Change(3, StateOp::kDelete, 1, "delete"));
  }
  InboxBooks books;
  books.changes = {{.user = "alice",
                    .by = by,
                    .change = {.op = StateOp::kRead, .ids = {1}, .operation = "read"},
                    .status = 404}};
  std::vector<std::string> faults;
  JudgeUser(log, books, "alice", true, faults);
  return faults;
}

TEST(InboxJudge, IngestMayAskAgainAndFindItGone) { EXPECT_TRUE(Judge(By::kApiKey, true).empty()); }

TEST(InboxJudge, WhatIsThereWasThere) {
  EXPECT_EQ(Judge(By::kApiKey, false),
            std::vector<std::string>{"alice: read (read) 1 did not find 1"});
}

TEST(InboxJudge, AnEdgeAsksOnce) {
  EXPECT_EQ(Judge(By::kToken, true),
            std::vector<std::string>{"alice: read (read) 1 was refused and is stored at 2"});
}

}  // namespace
}  // namespace belfry::test
