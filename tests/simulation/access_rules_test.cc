// SPDX-License-Identifier: Apache-2.0
// The judge of revocations and kicks says what is broken, and nothing else.
#include "tests/simulation/access_rules.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/common/revocation.h"

namespace belfry::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kAsked = 5 * kSecond;
constexpr std::int64_t kAnswered = kAsked + 100;
constexpr std::int64_t kDeadline = kAnswered + 2 * kSecond;

std::int64_t IatAt(std::int64_t us) { return SimClock::UnixMicrosAt(us) / kSecond; }

// One order that was acknowledged, and one stream that it concerns.
struct Scene {
  AccessEvidence evidence{
      .deadlines = {{}, std::chrono::seconds(2), std::chrono::seconds(4)},
      .end_us = 20 * kSecond,
  };

  explicit Scene(AudienceOp op = AudienceOp::kRevokeTokens, const std::string& user = "alice") {
    const bool kick = op == AudienceOp::kCloseStreams;
    const std::int64_t at_us = SimClock::UnixMicrosAt(kAsked + 50);
    evidence.orders.push_back(
        {.op = op, .project = "p", .user_id = user, .asked_us = kAsked, .answered_us = kAnswered});
    evidence.orders.back().revoked_us = kick ? 0 : at_us;
    Entry entry;
    entry.id = 1;
    entry.kind = kick ? EntryKind::kKicked : EntryKind::kRevoked;
    entry.project = "p";
    entry.user_id = user;
    entry.created_us = at_us;
    evidence.logged.push_back({kAsked + 60, std::make_shared<const Entry>(std::move(entry))});
  }

  // With a token of then. `edge_us`: since when its edge runs.
  StreamRecord& Open(std::int64_t us, std::int64_t edge_us = 0) {
    auto edge = std::make_shared<EdgeLife>();
    edge->begun_us = edge_us;
    evidence.streams.push_back({.client = "client",
                                .project = "p",
                                .user_id = "alice",
                                .issued_s = IatAt(us),
                                .edge = edge,
                                .opened_us = us,
                                .connected_us = us + 10});
    return evidence.streams.back();
  }
  StreamRecord& End(StreamRecord& stream, std::int64_t us, const std::string& bye = {}) {
    stream.ended_us = us;
    stream.bye = bye;
    return stream;
  }
  // The names of what is broken.
  std::string Broken() const {
    std::string broken;
    for (const AccessFault& fault : JudgeAccess(evidence).faults) {
      broken += (broken.empty() ? "" : ", ") + std::string(NameOf(fault.rule));
    }
    return broken;
  }
};

constexpr auto kKick = AudienceOp::kCloseStreams;

TEST(AccessRules, AStreamOfARevokedTokenEndsInTime) {
  Scene in_time;
  in_time.End(in_time.Open(kSecond), kDeadline, "revoked");
  EXPECT_EQ(in_time.Broken(), "");
  Scene late;
  late.End(late.Open(kSecond), kDeadline + 1, "revoked");
  EXPECT_EQ(late.Broken(), "streams of revoked tokens end");
  Scene never(AudienceOp::kRevokeTokens, "");
  never.Open(kSecond);
  EXPECT_EQ(never.Broken(), "streams of revoked tokens end");
}

TEST(AccessRules, ATroubleMovesTheDeadline) {
  Scene scene;
  scene.evidence.deadlines = test::Deadlines({{"kill", kAnswered, kAnswered + kSecond}},
                                             std::chrono::seconds(2), std::chrono::seconds(4));
  StreamRecord& stream = scene.End(scene.Open(kSecond), kDeadline + 5 * kSecond, "revoked");
  EXPECT_EQ(scene.Broken(), "");
  scene.End(stream, kDeadline + 5 * kSecond + 1, "revoked");
  EXPECT_EQ(scene.Broken(), "streams of revoked tokens end");
}

TEST(AccessRules, ARevokedTokenIsNotLetInLater) {
  Scene scene;
  StreamRecord& stream = scene.Open(kDeadline + kSecond);
  stream.issued_s = IatAt(kSecond);
  EXPECT_EQ(scene.Broken(), "revoked tokens are refused");
  stream.connected_us.reset();
  EXPECT_EQ(scene.Broken(), "");
}

TEST(AccessRules, AnEdgeThatStartsKnowsWhatWasRevoked) {
  Scene scene;
  StreamRecord& stream = scene.Open(kAnswered + 30, kAnswered + 10);
  stream.issued_s = IatAt(kSecond);
  scene.End(stream, kAnswered + 100, "revoked");
  EXPECT_EQ(scene.Broken(), "revoked tokens are refused");
}

TEST(AccessRules, AnOlderStateThatIsPutBackKnowsNothingOfIt) {
  Scene scene;
  scene.evidence.logged[0].lost_us = kAnswered + 10;
  StreamRecord& stream = scene.Open(kSecond);
  EXPECT_EQ(scene.Broken(), "");
  scene.evidence.logged[0].lost_us = kDeadline + 10;
  EXPECT_EQ(scene.Broken(), "streams of revoked tokens end");
  scene.End(stream, kDeadline, "revoked");
  EXPECT_EQ(scene.Broken(), "");
}

TEST(AccessRules, ATokenOfBeforeIsVoidWhateverMomentTheStoreSays) {
  Scene scene;
  const std::int64_t early_us = SimClock::UnixMicrosAt(-3'600 * kSecond);
  scene.evidence.orders[0].revoked_us = early_us;
  Entry entry = *scene.evidence.logged[0].entry;
  entry.created_us = early_us;
  scene.evidence.logged[0].entry = std::make_shared<const Entry>(std::move(entry));
  scene.Open(kSecond);
  EXPECT_EQ(scene.Broken(), "streams of revoked tokens end");
}

TEST(AccessRules, AStreamOfANewerTokenStays) {
  Scene scene;
  StreamRecord& stream = scene.Open(kAsked + 2 * kSecond);
  EXPECT_EQ(scene.Broken(), "");
  scene.End(stream, kAsked + 3 * kSecond, "revoked");
  EXPECT_EQ(scene.Broken(), "streams of newer tokens stay");
}

TEST(AccessRules, ASmallTableMayEndStreamsOfTheWholeProject) {
  Scene scene(AudienceOp::kRevokeTokens, "bob");
  scene.End(scene.Open(kSecond), kAnswered, "revoked");
  EXPECT_EQ(scene.Broken(), "streams of newer tokens stay");
  scene.evidence.tables_small = true;
  EXPECT_EQ(scene.Broken(), "");
}

TEST(AccessRules, WhatWasAcknowledgedIsInTheLog) {
  Scene scene;
  scene.evidence.logged.clear();
  EXPECT_EQ(scene.Broken(), "acknowledged orders are in the log");
}

TEST(AccessRules, AKickEndsTheStreamsThatAreThere) {
  Scene scene(kKick);
  scene.Open(kAnswered + 10);  // later
  StreamRecord& stream = scene.Open(kSecond);
  EXPECT_EQ(scene.Broken(), "kicked streams end");
  scene.End(stream, kDeadline - kSecond, "draining");
  EXPECT_EQ(scene.Broken(), "");
}

TEST(AccessRules, AKickEndsNoStreamThatComesLater) {
  Scene late(kKick);
  late.End(late.Open(kDeadline), kDeadline + kSecond, "draining");
  EXPECT_EQ(late.Broken(), "a kick ends a stream once");
  Scene newer_edge(kKick);
  newer_edge.End(newer_edge.Open(kAnswered + 20, kAnswered), kAnswered + 50, "draining");
  EXPECT_EQ(newer_edge.Broken(), "a kick ends a stream once");
  Scene nobody;
  nobody.evidence.orders.clear();
  StreamRecord& stream = nobody.End(nobody.Open(kSecond), 2 * kSecond, "draining");
  EXPECT_EQ(nobody.Broken(), "a kick ends a stream once");
  auto drains = std::make_shared<EdgeLife>();
  drains->drains_us = kSecond;
  stream.edge = drains;
  EXPECT_EQ(nobody.Broken(), "");
}

}  // namespace
}  // namespace belfry::sim
