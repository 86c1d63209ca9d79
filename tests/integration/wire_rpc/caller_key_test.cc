// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/caller_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/wire/rpc/client_calls.h"
#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/typed_call.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace belfry::wire {
namespace {

using belfry::test::Authority;
using belfry::test::TempDir;
using ::testing::HasSubstr;

TEST(CallerKey, IsTheOneLineOfItsFile) {
  const TempDir dir;
  const auto key = CallerKey::Load(dir.Write("key", "edge-1.secret\n"));
  ASSERT_TRUE(key.ok()) << key.error().message;
  EXPECT_EQ((*key)->Authorization(), "Bearer edge-1.secret");

  dir.Write("key", "no key");
  EXPECT_FALSE((*key)->Reload().ok());
  EXPECT_EQ((*key)->Authorization(), "Bearer edge-1.secret") << "the old one stays";
  dir.Write("key", "edge-2.other\r\n");
  EXPECT_TRUE((*key)->Reload().ok());
  EXPECT_EQ((*key)->Authorization(), "Bearer edge-2.other");
}

TEST(CallerKey, AFileThatIsNoneSaysSoWithoutItsContent) {
  const TempDir dir;
  for (const char* text : {"", "\n", "hush", "id.", ".hush", "a b.hush", "id.hush hush",
                           "id.hush\nid2.hush", "id.hush\x7F", "id.h\xC3\xBCsh"}) {
    const auto key = CallerKey::Load(dir.Write("key", text));
    ASSERT_FALSE(key.ok()) << text;
    EXPECT_EQ(key.error().code, Code::kInvalidArgument);
    EXPECT_THAT(key.error().message, HasSubstr("/key"));
    EXPECT_EQ(key.error().message.find("hush"), std::string::npos) << key.error().message;
  }
  EXPECT_EQ(CallerKey::Load((dir.path() / "absent").string()).error().code, Code::kNotFound);
}

TEST(CallerKey, EveryCallShowsIt) {
  const TempDir dir;
  const auto key = *CallerKey::Load(dir.Write("key", "edge.secret"));
  const SystemClock clock;
  HeadFirstCalls served({}, clock, [](const CallHead& head) -> Status {
    if (head.Authorization() == "Bearer edge.secret") {
      return {};
    }
    return Fail(Code::kUnauthenticated, "who?", "MISSING_CREDENTIALS");
  });
  HeadFirstService service(v1::NotifyService::service_full_name());
  using Call = TypedCall<v1::NotifyRequest, v1::NotifyResponse>;
  AddTyped<Call>(&service, "Notify", served, [](Call& call) { call.End({}); });
  const auto server = test::StartServer({&service});
  const auto stub = v1::NotifyService::NewStub(*MakeChannel(test::AddressOf(*server), {}));
  for (const auto& shown : {key, std::shared_ptr<CallerKey>()}) {
    ClientCalls calls(shown);
    auto context = std::make_unique<grpc::ClientContext>();
    calls.Begin(*context, std::chrono::seconds(60));
    v1::NotifyResponse response;
    const grpc::Status status = stub->Notify(context.get(), {}, &response);
    calls.End(context);
    EXPECT_EQ(status.ok(), shown != nullptr);
    if (!status.ok()) {
      const Error error = FromInternal(status);
      EXPECT_EQ(error.code, Code::kUnavailable) << "no fault of whoever we call for";
      EXPECT_EQ(error.reason, "MISSING_CREDENTIALS");
      EXPECT_EQ(error.message, "this process is not admitted: who?");
    }
  }
}

TEST(LoadProof, IsAKeyOrACertificateWithTheRole) {
  const TempDir dir;
  const Authority authority(dir, "authority");
  const auto files = [](const Authority::Files& made) {
    return TlsFiles{.ca = made.ca, .cert = made.cert, .key = made.key};
  };
  const TlsFiles edge = files(authority.Issue("edge", {"https://x/", "belfry:role:edge"}));
  const TlsFiles plain = files(authority.Issue("plain"));
  const std::string key = dir.Write("key", "id.secret");

  EXPECT_EQ(*LoadProof("", edge, Role::kEdge), nullptr);
  EXPECT_NE(*LoadProof(key, edge, Role::kIngest), nullptr);
  EXPECT_NE(*LoadProof(key, {}, Role::kIngest), nullptr);
  for (const auto& [tls, says] :
       {std::pair{TlsFiles(), "internal_key_file"}, std::pair{plain, "belfry:role:ingest"},
        std::pair{edge, "belfry:role:ingest"},
        std::pair{TlsFiles{"a", "absent.pem", "c"}, "absent.pem"}}) {
    const auto proof = LoadProof("", tls, Role::kIngest);
    ASSERT_FALSE(proof.ok()) << says;
    EXPECT_EQ(proof.error().code, Code::kInvalidArgument);
    EXPECT_THAT(proof.error().message, HasSubstr(says));
  }
}

}  // namespace
}  // namespace belfry::wire
