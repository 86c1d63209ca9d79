// SPDX-License-Identifier: Apache-2.0
// Who may call which method of a running store.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "belfry/v1/store_control.grpc.pb.h"
#include "libs/wire/auth/internal_keys.h"
#include "libs/wire/rpc/server.h"
#include "services/store/grpc/control_client.h"
#include "services/store/grpc/role_gate.h"
#include "tests/integration/store/store_rig.h"
#include "tests/support/certificates.h"
#include "tests/support/cluster/head_only.h"
#include "tests/support/cluster/metrics_text.h"
#include "tests/support/cluster/socket.h"

namespace belfry::store {
namespace {

using ::testing::HasSubstr;
using enum Role;

std::vector<std::string> MethodsOf(const std::string& service) {
  std::vector<std::string> methods;
  const auto* const found =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  for (int i = 0; found != nullptr && i < found->method_count(); ++i) {
    methods.push_back("/" + service + "/" + found->method(i)->name());
  }
  return methods;
}

TEST(MethodTable, HasEveryMethodOnceAndNoOther) {
  std::vector<std::string> served = MethodsOf(v1::StoreService::service_full_name());
  for (std::string& method : MethodsOf(v1::StoreControlService::service_full_name())) {
    served.push_back(std::move(method));
  }
  std::vector<std::string> listed;
  for (const MethodRoles& entry : MethodTable()) {
    listed.emplace_back(entry.method);
    EXPECT_FALSE(entry.roles.empty()) << entry.method;
  }
  std::sort(served.begin(), served.end());
  std::sort(listed.begin(), listed.end());
  ASSERT_GT(served.size(), 8U);
  EXPECT_EQ(listed, served) << "services/store/grpc/role_gate.cc says who may call a method";
}

TEST(MethodTable, RefusesWhatItDoesNotList) {
  const auto refused = MayCall({kIngest, kEdge, kOperator}, "/belfry.v1.StoreService/Forget");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
}

// An empty request for any method; what the call ended with.
grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& authorization = {}) {
  grpc::ClientContext context;
  StoreRig::SetDeadline(context);
  if (!authorization.empty()) {
    context.AddMetadata("authorization", authorization);
  }
  const grpc::ByteBuffer sent(nullptr, 0);
  grpc::ByteBuffer received;
  grpc::GenericStub stub(channel);
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &sent, &received,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  return done.get_future().get();
}

class RolesTest : public StoreRig, public ::testing::Test {
 protected:
  std::shared_ptr<grpc::Channel> Nobody() {
    return grpc::CreateChannel(address(), grpc::InsecureChannelCredentials());
  }
  double Refused(const std::string& why) {
    const auto answer =
        test::Get({"127.0.0.1", static_cast<std::uint16_t>(app->ports().admin)}, "/metrics");
    return answer.ok() ? test::SumOfMetric(answer->body, "belfry_store_calls_refused_total",
                                           "why=\"" + why + "\"")
                       : -1;
  }
};

TEST_F(RolesTest, EachRoleMayCallItsMethodsAndNoOther) {
  Start();
  const std::map<Role, const char*> keys = {
      {kIngest, test::kIngestKey}, {kEdge, test::kEdgeKey}, {kOperator, test::kOperatorKey}};
  double refused = 0;
  for (const auto& [role, key] : keys) {
    const auto channel = test::StoreChannel(address(), key);
    for (const MethodRoles& entry : MethodTable()) {
      if (!entry.method.starts_with("/belfry.v1.StoreService/")) {
        continue;
      }
      const grpc::Status status = CallEmpty(channel, std::string(entry.method));
      const bool denied = status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
      EXPECT_EQ(denied, !entry.roles.Has(role)) << RoleName(role) << " " << entry.method;
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
      EXPECT_NE(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << entry.method;
      if (denied) {
        refused += 1;
        EXPECT_EQ(wire::FromGrpc(status).reason, "ROLE_MAY_NOT");
        EXPECT_THAT(status.error_message(), HasSubstr(std::string(RoleName(role))));
      }
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_EQ(Refused("role"), refused);
  Stop();
}

TEST_F(RolesTest, WhoeverShowsNothingIsRefusedOnLoopbackToo) {
  Start();
  const auto channel = Nobody();
  for (const MethodRoles& entry : MethodTable()) {
    const std::string method(entry.method);
    if (!method.starts_with("/belfry.v1.StoreService/")) {
      continue;
    }
    EXPECT_EQ(CallEmpty(channel, method).error_code(), grpc::StatusCode::UNAUTHENTICATED) << method;
  }
  EXPECT_GT(Refused("missing"), 0);
  EXPECT_EQ(Refused("unknown"), 0);
  const std::string heads = "/belfry.v1.StoreService/GetHeads";
  const std::string good = std::string("Bearer ") + test::kEdgeKey;
  for (const std::string& wrong :
       {good + "x", std::string("Bearer edge.guess"), std::string("Bearer nobody.guess"),
        std::string("Basic ZWRnZTo="), std::string("Bearer ")}) {
    EXPECT_EQ(CallEmpty(channel, heads, wrong).error_code(), grpc::StatusCode::UNAUTHENTICATED)
        << wrong;
  }
  EXPECT_TRUE(CallEmpty(channel, heads, good).ok());
  EXPECT_EQ(Refused("unknown"), 5);
  Stop();
}

TEST_F(RolesTest, EveryMethodRefusesStrangersBeforeTheirMessage) {
  Start();
  for (const std::string& method : MethodsOf(v1::StoreService::service_full_name())) {
    auto context = std::make_unique<grpc::ClientContext>();
    SetDeadline(*context);
    test::HeadOnly call(Nobody(), method, std::move(context));
    EXPECT_EQ(wire::FromGrpc(call.status()).reason, "MISSING_CREDENTIALS") << method;
  }
  Stop();
}

// Before, it stayed for as long as its connection.
TEST_F(RolesTest, ACallWhoseMessageDoesNotComeEnds) {
  config.stall_timeout = std::chrono::milliseconds(100);
  Start();
  for (const char* method : {"/belfry.v1.StoreService/ReadFeed", "/belfry.v1.StoreService/ReadLog",
                             "/belfry.v1.StoreService/GetHeads"}) {
    auto context = std::make_unique<grpc::ClientContext>();
    SetDeadline(*context);
    context->AddMetadata("authorization", std::string("Bearer ") + test::kEdgeKey);
    test::HeadOnly call(Nobody(), method, std::move(context));
    ASSERT_TRUE(test::WaitUntil([&] {
      EXPECT_TRUE(app->Pulse().ok());
      return call.answered();
    }));
    const grpc::Status status = call.status();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << method;
    EXPECT_EQ(wire::FromGrpc(status).reason, "MESSAGE_TIMEOUT") << status.error_message();
  }
  Stop();
}

TEST_F(RolesTest, TheControlServiceIsOnItsSocketOnly) {
  Start();
  const auto channel = test::StoreChannel(address(), test::kOperatorKey);
  EXPECT_EQ(CallEmpty(channel, "/belfry.v1.StoreControlService/Backup").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
  // And over the socket nothing but the control service, whoever calls.
  const std::string to = (dir.path() / "backups").string();
  EXPECT_TRUE(RequestBackup(config.data, to, 0).ok());
  Stop();
}

TEST_F(RolesTest, AReloadTakesKeysInAndOut) {
  Start();
  const std::string heads = "/belfry.v1.StoreService/GetHeads";
  const auto fresh = wire::MakeInternalKey("fresh", {kEdge});
  const std::string before = std::string("Bearer ") + test::kEdgeKey;
  const auto channel = Nobody();
  EXPECT_FALSE(CallEmpty(channel, heads, "Bearer " + fresh.text).ok());

  std::ofstream(config.internal_keys_file, std::ios::trunc) << "no JSON";
  app->Reload();
  EXPECT_TRUE(CallEmpty(channel, heads, before).ok()) << "the old ones stay in force";

  std::ofstream(config.internal_keys_file, std::ios::trunc) << wire::InternalKeysJson({fresh.key});
  app->Reload();
  EXPECT_TRUE(CallEmpty(channel, heads, "Bearer " + fresh.text).ok());
  EXPECT_EQ(CallEmpty(channel, heads, before).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  Stop();
}

TEST_F(RolesTest, WithoutKeysAndTlsThereIsNoStore) {
  config.internal_keys_file.clear();
  const auto nobody = App::Start(config, {});
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::kInvalidArgument);
  EXPECT_THAT(nobody.error().message, HasSubstr("internal_keys_file"));
  config.internal_keys_file = (dir.path() / "absent.json").string();
  const auto absent = App::Start(config, {});
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, Code::kInvalidArgument);
  EXPECT_THAT(absent.error().message, HasSubstr("absent.json"));
  EXPECT_FALSE(std::filesystem::exists(config.data)) << "nothing was made before";
}

class CertificatesTest : public RolesTest {
 protected:
  CertificatesTest() {
    const auto store = authority.Issue("store");
    config.tls.ca = store.ca;
    config.tls.cert = store.cert;
    config.tls.key = store.key;
  }
  std::shared_ptr<grpc::Channel> With(const std::vector<std::string>& uris) {
    const auto files = authority.Issue("client-" + std::to_string(++clients), uris);
    auto channel =
        wire::MakeChannel(address(), {.ca = files.ca, .cert = files.cert, .key = files.key});
    EXPECT_TRUE(channel.ok());
    return *channel;
  }

  test::Authority authority{dir, "authority"};
  int clients = 0;
  const std::string heads = "/belfry.v1.StoreService/GetHeads";
  const std::string append = "/belfry.v1.StoreService/Append";
};

TEST_F(CertificatesTest, ShowARoleByAUri) {
  config.internal_keys_file.clear();
  Start();
  const auto edge = With({"belfry:role:edge"});
  EXPECT_TRUE(CallEmpty(edge, heads).ok());
  EXPECT_EQ(CallEmpty(edge, append).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  const auto both = With({"https://example.com/x", "belfry:role:edge", "belfry:role:ingest"});
  EXPECT_TRUE(CallEmpty(both, heads).ok());
  EXPECT_NE(CallEmpty(both, append).error_code(), grpc::StatusCode::PERMISSION_DENIED);
  // A producer's, say: the authority's, and no role's.
  for (const auto& uris : {std::vector<std::string>(), {"belfry:role:producer"}}) {
    const auto producer = With(uris);
    EXPECT_EQ(CallEmpty(producer, heads).error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(CallEmpty(producer, append).error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(CallEmpty(producer, heads, std::string("Bearer ") + test::kEdgeKey).error_code(),
              grpc::StatusCode::UNAUTHENTICATED)
        << "there are no keys";
  }
  Stop();
}

TEST_F(CertificatesTest, AKeyCountsWhereTheCertificateShowsNoRole) {
  Start();
  const std::string ingest_key = std::string("Bearer ") + test::kIngestKey;
  EXPECT_NE(CallEmpty(With({}), append, ingest_key).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(CallEmpty(With({"belfry:role:edge"}), append, ingest_key).error_code(),
            grpc::StatusCode::PERMISSION_DENIED)
      << "the certificate's role is the role";
  Stop();
}

}  // namespace
}  // namespace belfry::store
