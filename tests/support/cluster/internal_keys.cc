// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/internal_keys.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <string_view>
#include <utility>
#include <vector>

#include "libs/wire/auth/internal_keys.h"
#include "libs/wire/crypto/digest.h"

namespace belfry::test {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

wire::InternalKey KeyOf(std::string_view text, Roles roles) {
  const std::size_t dot = text.find('.');
  return {std::string(text.substr(0, dot)), roles, wire::Sha256(text.substr(dot + 1))};
}

class ShowKey final : public Interceptor {
 public:
  explicit ShowKey(const std::string& authorization) : authorization_(authorization) {}
  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace("authorization", authorization_);
    }
    methods->Proceed();
  }

 private:
  const std::string& authorization_;
};

class ShowKeyFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit ShowKeyFactory(const std::string& key) : authorization_("Bearer " + key) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override {
    return new ShowKey(authorization_);
  }

 private:
  const std::string authorization_;
};

}  // namespace

InternalKeyFiles WriteInternalKeys(const TempDir& dir) {
  using enum Role;
  const std::vector<wire::InternalKey> keys = {
      KeyOf(kIngestKey, {kIngest}), KeyOf(kEdgeKey, {kEdge}), KeyOf(kOperatorKey, {kOperator}),
      KeyOf(kEveryRoleKey, {kIngest, kEdge, kOperator})};
  return {.store = dir.Write("internal-keys.json", wire::InternalKeysJson(keys)),
          .ingest = dir.Write("ingest.key", std::string(kIngestKey) + "\n"),
          .edge = dir.Write("edge.key", std::string(kEdgeKey) + "\n")};
}

std::shared_ptr<grpc::Channel> StoreChannel(const std::string& address, const std::string& key) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(std::make_unique<ShowKeyFactory>(key));
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      address, grpc::InsecureChannelCredentials(), arguments, std::move(interceptors));
}

}  // namespace belfry::test
