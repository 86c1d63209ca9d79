// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/auth/api_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "libs/common/hex.h"
#include "libs/wire/auth/encoding.h"
#include "libs/wire/crypto/digest.h"
#include "tests/support/temp_dir.h"

namespace belfry::wire {
namespace {

std::shared_ptr<const ApiKeys> Parse(const std::vector<ApiKey>& keys) {
  auto parsed = ApiKeys::Parse(ApiKeysJson(keys));
  EXPECT_TRUE(parsed.ok()) << parsed.error().ToString();
  return *parsed;
}

TEST(ApiKeys, AKeyProvesItself) {
  const NewApiKey one = MakeApiKey("one", "demo", true, false);
  const NewApiKey two = MakeApiKey("two", "other.project", false, true);
  const auto keys = Parse({one.key, two.key});
  const auto first = keys->Authenticate("Bearer " + one.text);
  EXPECT_TRUE(keys->Authenticate("bearer   " + one.text + " ").ok());
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  EXPECT_EQ((*first)->id, "one");
  EXPECT_EQ((*first)->project, "demo");
  EXPECT_TRUE((*first)->may_notify);
  EXPECT_FALSE((*first)->may_broadcast);
  const auto second = keys->Authenticate("bearer " + two.text);
  ASSERT_TRUE(second.ok()) << "a scheme has no case (RFC 9110, section 11.1)";
  EXPECT_EQ((*second)->project, "other.project");
  EXPECT_FALSE((*second)->may_notify);
  EXPECT_TRUE((*second)->may_broadcast);
}

TEST(ApiKeys, EachScopeIsKept) {
  for (const int scope : {0, 1, 2, 3}) {
    const NewApiKey made =
        MakeApiKey("one", "demo", scope == 0, scope == 1, scope == 2, scope == 3);
    const auto keys = Parse({made.key});
    const auto key = keys->Authenticate("Bearer " + made.text);
    ASSERT_TRUE(key.ok());
    EXPECT_EQ((*key)->may_notify, scope == 0);
    EXPECT_EQ((*key)->may_broadcast, scope == 1);
    EXPECT_EQ((*key)->may_inbox, scope == 2);
    EXPECT_EQ((*key)->may_audience, scope == 3);
  }
}

TEST(ApiKeys, TheFileHoldsNoSecret) {
  const NewApiKey made = MakeApiKey("one", "demo", true, true);
  const std::string secret = made.text.substr(made.text.find('.') + 1);
  EXPECT_GE(secret.size(), 43u) << "32 random bytes";
  EXPECT_EQ(ApiKeysJson({made.key}).find(secret), std::string::npos);
  EXPECT_NE(MakeApiKey("one", "demo", true, true).text, made.text);
}

TEST(ApiKeys, RefusesEverythingElse) {
  const NewApiKey one = MakeApiKey("one", "demo", true, false);
  const NewApiKey two = MakeApiKey("two", "demo", true, false);
  const auto keys = Parse({one.key, two.key});
  const std::string secret_of_two = two.text.substr(4);
  const std::pair<std::string, std::string> kTable[] = {
      {"", "MISSING_CREDENTIALS"},
      {"Bearer", "MALFORMED_CREDENTIALS"},
      {"Bearer ", "MALFORMED_CREDENTIALS"},
      {"Bearer x", "MALFORMED_CREDENTIALS"},
      {"Bearer .", "MALFORMED_CREDENTIALS"},
      {"Bearer one.", "MALFORMED_CREDENTIALS"},
      {"Bearer ." + secret_of_two, "MALFORMED_CREDENTIALS"},
      {"Basic " + one.text, "MALFORMED_CREDENTIALS"},
      {"Bearer:" + one.text, "MALFORMED_CREDENTIALS"},
      {one.text, "MALFORMED_CREDENTIALS"},
      {"Bearer a b.c", "MALFORMED_CREDENTIALS"},
      {"Bearer " + std::string(33, 'a') + ".c", "MALFORMED_CREDENTIALS"},
      {"Bearer one." + std::string(10'000, 'c'), "MALFORMED_CREDENTIALS"},
      {"Bearer one." + secret_of_two, "UNKNOWN_API_KEY"},
      {"Bearer three." + secret_of_two, "UNKNOWN_API_KEY"},
      {"Bearer ONE" + one.text.substr(3), "UNKNOWN_API_KEY"},
      {"Bearer " + one.text + "x", "UNKNOWN_API_KEY"},
      {"Bearer " + one.text.substr(0, one.text.size() - 1), "UNKNOWN_API_KEY"},
      {"Bearer one." + HexEncode(one.key.secret_sha256), "UNKNOWN_API_KEY"},
      {"Bearer one." + one.key.secret_sha256, "UNKNOWN_API_KEY"},
  };
  for (const auto& [authorization, reason] : kTable) {
    const auto key = keys->Authenticate(authorization);
    ASSERT_FALSE(key.ok()) << authorization;
    EXPECT_EQ(key.error().code, Code::kUnauthenticated);
    EXPECT_EQ(key.error().reason, reason) << authorization;
    EXPECT_EQ(key.error().message.find(secret_of_two), std::string::npos);
  }
  EXPECT_TRUE(keys->Authenticate("bearer   " + one.text + " ").ok()) << "any spaces around it";
}

TEST(ApiKeys, NamesWhatIsWrongInTheFile) {
  const std::string sha = R"("sha256":")" + std::string(64, 'a') + "\"";
  const auto file = [](const std::string& key) { return R"({"keys":[)" + key + "]}"; };
  const std::string good = R"({"id":"a","project":"p","scopes":["notify"],)" + sha + "}";
  const std::pair<std::string, std::string> kTable[] = {
      {"", "parse JSON"},
      {"{}", "\"keys\""},
      {R"({"keys":[]})", "empty"},
      {file(good + "," + good), "key 2: the id \"a\" is given twice"},
      {file(R"({"project":"p","scopes":[],)" + sha + "}"), "key 1: \"id\""},
      {file(R"({"id":"a b","project":"p","scopes":[],)" + sha + "}"), "key 1: \"id\""},
      {file(R"({"id":"a.b","project":"p","scopes":[],)" + sha + "}"), "key 1: \"id\""},
      {file(R"({"id":"a","project":"","scopes":[],)" + sha + "}"), "key 1: \"project\""},
      {file(R"({"id":"a","project":"p/q","scopes":[],)" + sha + "}"), "key 1: \"project\""},
      {file(R"({"id":"a","project":"p",)" + sha + "}"), "key 1: \"scopes\""},
      {file(R"({"id":"a","project":"p","scopes":"notify",)" + sha + "}"), "key 1: \"scopes\""},
      {file(R"({"id":"a","project":"p","scopes":["admin"],)" + sha + "}"), "key 1: a scope"},
      {file(R"({"id":"a","project":"p","scopes":[1],)" + sha + "}"), "key 1: a scope"},
      {file(R"({"id":"a","project":"p","scopes":[]})"), "key 1: \"sha256\""},
      {file(R"({"id":"a","project":"p","scopes":[],"sha256":"aa"})"), "key 1: \"sha256\""},
      {file(R"({"id":"a","project":"p","scopes":[],"sha256":")" + std::string(64, 'g') + "\"}"),
       "key 1: \"sha256\""},
      {file(R"({"id":"a","project":"p","scopes":[],"secret":"x",)" + sha + "}"),
       "unknown member \"secret\""},
  };
  for (const auto& [json, message] : kTable) {
    const auto keys = ApiKeys::Parse(json);
    ASSERT_FALSE(keys.ok()) << json;
    EXPECT_EQ(keys.error().code, Code::kInvalidArgument);
    EXPECT_NE(keys.error().message.find(message), std::string::npos)
        << json << "\n-> " << keys.error().message;
  }
}

TEST(ApiKeys, AreReadFromAFile) {
  const test::TempDir dir;
  const NewApiKey made = MakeApiKey("one", "demo", true, false);
  const auto keys = ApiKeys::Load(dir.Write("keys.json", ApiKeysJson({made.key})));
  ASSERT_TRUE(keys.ok()) << keys.error().ToString();
  EXPECT_TRUE((*keys)->Authenticate("Bearer " + made.text).ok());
  const std::string missing = (dir.path() / "none").string();
  EXPECT_EQ(ApiKeys::Load(missing).error().code, Code::kNotFound);
  EXPECT_NE(ApiKeys::Load(missing).error().message.find(missing), std::string::npos);
}

TEST(Crypto, AgreesWithTheStandards) {
  // FIPS 180-4 and RFC 4231, case 2.
  EXPECT_EQ(HexEncode(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const HmacKey jefe("Jefe");
  for (const HmacKey& key : {jefe, jefe}) {
    EXPECT_EQ(HexEncode(key.Sign("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(key.Sign(""), HmacSha256("Jefe", ""));
  }
  // RFC 4648, section 10, without padding.
  for (const auto& [bytes, text] : {std::pair{"", ""}, std::pair{"f", "Zg"}, std::pair{"fo", "Zm8"},
                                    std::pair{"foo", "Zm9v"}, std::pair{"foob", "Zm9vYg"}}) {
    EXPECT_EQ(Base64UrlEncode(bytes), text);
    EXPECT_EQ(Base64UrlDecode(text), bytes);
  }
}

}  // namespace
}  // namespace belfry::wire
