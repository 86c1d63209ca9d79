// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/internal_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temp_dir.h"

namespace belfry::wire {
namespace {

using ::testing::HasSubstr;
using enum belfry::Role;

std::string ReasonFor(const InternalKeys& keys, const std::string& authorization) {
  const auto found = keys.Authenticate(authorization);
  return found.ok() ? "" : found.error().reason;
}

TEST(InternalKeys, AKeyProvesItsRoles) {
  const NewInternalKey edge = MakeInternalKey("edge-1", {kEdge});
  const NewInternalKey both = MakeInternalKey("tool", {kIngest, kOperator});
  const auto keys = InternalKeys::Parse(InternalKeysJson({edge.key, both.key}));
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  const auto found = (*keys)->Authenticate("Bearer " + edge.text);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)->id, "edge-1");
  EXPECT_EQ((*found)->roles, Roles({kEdge}));
  const auto other = (*keys)->Authenticate("bearer " + both.text);
  ASSERT_TRUE(other.ok());
  EXPECT_EQ((*other)->roles, Roles({kOperator, kIngest}));
  ASSERT_EQ((*keys)->All().size(), 2U);
  EXPECT_EQ((*keys)->All()[1].id, "tool");
}

TEST(InternalKeys, AnotherSecretOrNoneProvesNothing) {
  const NewInternalKey key = MakeInternalKey("edge", {kEdge});
  const NewInternalKey stranger = MakeInternalKey("edge", {kEdge});
  const auto keys = *InternalKeys::Parse(InternalKeysJson({key.key}));
  EXPECT_EQ(ReasonFor(*keys, ""), "MISSING_CREDENTIALS");
  EXPECT_EQ(ReasonFor(*keys, "Bearer " + stranger.text), "UNKNOWN_INTERNAL_KEY");
  EXPECT_EQ(ReasonFor(*keys, "Bearer other" + key.text), "UNKNOWN_INTERNAL_KEY");
  EXPECT_EQ(ReasonFor(*keys, "Bearer " + key.text + "x"), "UNKNOWN_INTERNAL_KEY");
  EXPECT_EQ(ReasonFor(*keys, "Bearer edge."), "MALFORMED_CREDENTIALS");
  EXPECT_EQ(ReasonFor(*keys, "Bearer edge"), "MALFORMED_CREDENTIALS");
  EXPECT_EQ(ReasonFor(*keys, "Basic " + key.text), "MALFORMED_CREDENTIALS");
  // What the file has is no secret.
  EXPECT_EQ(ReasonFor(*keys, "Bearer edge." + key.key.secret_sha256), "UNKNOWN_INTERNAL_KEY");
}

TEST(InternalKeys, AFileThatIsWrongSaysWhere) {
  const std::string digest(64, 'a');
  const auto message = [](const std::string& entries) {
    const auto keys = InternalKeys::Parse("{\"keys\":[" + entries + "]}");
    return keys.ok() ? "" : keys.error().message;
  };
  const std::string good = R"({"id":"a","roles":["edge"],"sha256":")" + digest + "\"}";
  EXPECT_EQ(message(good), "");
  EXPECT_EQ(message(good + "," + good), "key 2: the id \"a\" is given twice");
  EXPECT_THAT(message(R"({"id":"a","roles":["root"],"sha256":")" + digest + "\"}"),
              HasSubstr("key 1: a role is \"ingest\", \"edge\" or \"operator\""));
  EXPECT_THAT(message(R"({"id":"a","roles":[],"sha256":")" + digest + "\"}"), HasSubstr("roles"));
  EXPECT_THAT(message(R"({"id":"a","sha256":")" + digest + "\"}"), HasSubstr("roles"));
  EXPECT_THAT(message(R"({"id":"a","roles":["edge"],"sha256":"aa"})"), HasSubstr("64 hex digits"));
  EXPECT_THAT(message(R"({"id":"a.b","roles":["edge"],"sha256":")" + digest + "\"}"),
              HasSubstr("\"id\""));
  EXPECT_THAT(message(R"({"id":"a","role":"edge","sha256":")" + digest + "\"}"),
              HasSubstr("unknown member \"role\""));
  EXPECT_EQ(message(""), "\"keys\" is empty");
  const test::TempDir dir;
  EXPECT_EQ(InternalKeys::Load((dir.path() / "absent").string()).error().code, Code::kNotFound);
}

TEST(Roles, AreReadFromACertificatesUris) {
  EXPECT_EQ(RolesOfUris({"belfry:role:edge"}), Roles({kEdge}));
  EXPECT_EQ(RolesOfUris({"https://example.com/", "belfry:role:ingest", "belfry:role:operator"}),
            Roles({kIngest, kOperator}));
  for (const char* uri : {"belfry:role:", "belfry:role:edges", "belfry:role:EDGE", "edge",
                          "spiffe://x/belfry:role:edge", "belfry:role:edge "}) {
    EXPECT_TRUE(RolesOfUris({uri}).empty()) << uri;
  }
  EXPECT_TRUE(RolesOfUris({}).empty());
  EXPECT_EQ(RoleNames({kEdge, kIngest}), "ingest, edge");
  EXPECT_EQ(RoleNames({}), "none");
}

}  // namespace
}  // namespace belfry::wire
