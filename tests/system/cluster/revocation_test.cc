// SPDX-License-Identifier: Apache-2.0
// Tokens that are revoked, and signing keys that are removed, through the real binaries: with NATS
// dead, across restarts of store and edge.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>

#include "tests/support/cluster/cluster.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr seconds kPromise{2};

class Revocation : public testing::Test {
 protected:
  explicit Revocation(ClusterOptions options = {.edges = 2}) : cluster_(std::move(options)) {}
  void SetUp() override { ASSERT_TRUE(cluster_.Start()); }

  // "" if it was refused.
  std::string Revoke(const std::string& path) {
    auto answer = Post(cluster_.ingest_http(), path,
                       "Authorization: Bearer " + cluster_.api_key() + "\r\n", "");
    EXPECT_TRUE(answer.ok() && answer->status == 200) << path;
    return answer.ok() ? answer->body : "";
  }
  // Issued so many seconds from now.
  std::string TokenOf(const std::string& user, int later = 0) {
    wire::JwtClaims claims;
    claims.project = Cluster::kProject;
    claims.user_id = user;
    claims.issued_s = std::time(nullptr) + later;
    claims.expires_s = claims.issued_s + 3600;
    return wire::SignJwt(cluster_.signer(), claims);
  }
  // Of a list with this token at an edge.
  HttpAnswer Counts(std::size_t edge, const std::string& token) {
    auto answer =
        Get(cluster_.edge(edge).serves(), "/v1/counts", "Authorization: Bearer " + token + "\r\n");
    return answer.ok() ? *answer : HttpAnswer();
  }
  // An open stream.
  Socket Open(std::size_t edge, const std::string& token) {
    auto socket = Connect(cluster_.edge(edge).serves(), kPatience);
    EXPECT_TRUE(socket.ok());
    if (!socket.ok()) {
      return {};
    }
    EXPECT_TRUE(SendAll(*socket,
                        "GET /v1/stream HTTP/1.1\r\nHost: belfry\r\nAuthorization: Bearer " +
                            token + "\r\n\r\n",
                        kPatience)
                    .ok());
    EXPECT_THAT(ReadUntil(*socket, "event: connected", kPatience), HasSubstr("event: connected"));
    return std::move(*socket);
  }

  Cluster cluster_;
};

TEST_F(Revocation, HoldsAtEveryEdgeWithinTwoSecondsWithNatsDead) {
  const std::string token = TokenOf("alice");
  const std::string bobs = TokenOf("bob");
  const Socket first = Open(0, token);
  const Socket second = Open(1, token);
  const Socket bob = Open(0, bobs);
  cluster_.nats().Kill();
  const std::string answer = Revoke("/v1/users/alice/revoke");
  const auto revoked = std::chrono::steady_clock::now();
  EXPECT_THAT(ReadUntil(first, "revoked", kPatience), HasSubstr(R"({"reason":"revoked"})"));
  EXPECT_THAT(ReadUntil(second, "revoked", kPatience), HasSubstr(R"({"reason":"revoked"})"));
  const auto took = std::chrono::steady_clock::now() - revoked;
  // The promise is for a machine that is not busy with other tests.
  EXPECT_LT(took, 5 * kPromise) << std::chrono::duration_cast<milliseconds>(took).count() << " ms";
  for (const std::size_t edge : {0u, 1u}) {
    const HttpAnswer refused = Counts(edge, token);
    EXPECT_EQ(refused.status, 401);
    EXPECT_THAT(refused.body, HasSubstr("TOKEN_REVOKED"));
    EXPECT_EQ(Counts(edge, bobs).status, 200);
    // A new one right after the answer, as the answer says: an iat of the next second.
    EXPECT_THAT(answer, HasSubstr("notBefore"));
    EXPECT_EQ(Counts(edge, TokenOf("alice", 1)).status, 200);
  }
  EXPECT_FALSE(PeerCloses(bob, milliseconds(100)));
}

TEST_F(Revocation, IsKnownAfterARestartOfStoreAndEdge) {
  const std::string token = TokenOf("alice");
  const std::string all = TokenOf("bob");
  ASSERT_EQ(Counts(0, token).status, 200);
  Revoke("/v1/users/alice/revoke");
  cluster_.store().Kill();
  cluster_.edge(0).Kill();
  cluster_.store().Start();
  ASSERT_TRUE(cluster_.store().WaitReady());
  cluster_.edge(0).Start();
  ASSERT_TRUE(cluster_.edge(0).WaitReady()) << cluster_.edge(0).LogTail();
  EXPECT_EQ(Counts(0, token).status, 401);
  EXPECT_EQ(Counts(0, all).status, 200);
  ASSERT_TRUE(cluster_.ingest().WaitReady());
  Revoke("/v1/revoke");
  ASSERT_TRUE(WaitUntil([&] { return Counts(0, all).status == 401; }, kPatience));
  cluster_.edge(0).Kill();
  cluster_.edge(0).Start();
  ASSERT_TRUE(cluster_.edge(0).WaitReady());
  EXPECT_EQ(Counts(0, all).status, 401);
}

TEST_F(Revocation, AnEdgeThatHasNotReadItBelievesNoToken) {
  const std::string token = TokenOf("alice");
  Revoke("/v1/users/alice/revoke");
  cluster_.edge(0).Kill();
  cluster_.store().Kill();
  cluster_.edge(0).Start();
  ASSERT_TRUE(WaitUntil([&] { return cluster_.edge(0).AdminStatus("/livez") == 200; }, kPatience));
  EXPECT_EQ(Counts(0, token).status, 503);
  EXPECT_EQ(cluster_.edge(0).AdminStatus("/readyz"), 503);
  cluster_.store().Start();
  ASSERT_TRUE(cluster_.edge(0).WaitReady());
  EXPECT_EQ(Counts(0, token).status, 401);
}

TEST_F(Revocation, AKickClosesTheStreamsAndTheTokenStaysGood) {
  const std::string token = TokenOf("alice");
  const Socket stream = Open(1, token);
  Revoke("/v1/users/alice/kick");
  EXPECT_THAT(ReadUntil(stream, "event: bye", kPatience), HasSubstr("event: bye"));
  EXPECT_TRUE(PeerCloses(stream, kPatience));
  EXPECT_EQ(Counts(1, token).status, 200);
  Open(1, token);
}

TEST_F(Revocation, ASigningKeyThatIsRemovedTakesItsStreamsWithIt) {
  const std::string token = TokenOf("alice");
  const Socket stream = Open(0, token);
  const std::string keys = cluster_.path("jwt-keys.json");
  std::ofstream(keys) << wire::MakeJwtKeysJson("another");
  ASSERT_EQ(kill(cluster_.edge(0).pid(), SIGHUP), 0);
  EXPECT_THAT(ReadUntil(stream, "revoked", kPatience), HasSubstr(R"({"reason":"revoked"})"));
  EXPECT_TRUE(WaitUntil([&] { return Counts(0, token).status == 401; }, kPatience));
  EXPECT_TRUE(PeerCloses(stream, kPatience));
  EXPECT_TRUE(WaitUntil(
      [&] {
        return cluster_.edge(0).Metric("belfry_edge_streams_closed_total", "reason=\"revoked\"") ==
               1;
      },
      kPatience));
}

}  // namespace
}  // namespace belfry::test
