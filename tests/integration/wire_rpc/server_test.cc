// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/rpc/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <future>
#include <string>
#include <thread>

#include "libs/wire/rpc/status.h"
#include "libs/wire/rpc/unix_channel.h"
#include "tests/integration/wire_rpc/test_service.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace belfry::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::AddressOf;
using test::CallBytes;
using test::Notify;
using test::StartServer;
using test::TestService;
using ::testing::HasSubstr;

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address) {
  auto channel = MakeChannel(address, {});
  EXPECT_TRUE(channel.ok());
  return *channel;
}

// What grpc.health.v1 says of `service`: "\x08\x01" is SERVING, "\x08\x02" NOT_SERVING.
std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  std::string request =
      service.empty() ? "" : "\x0A" + std::string(1, char(service.size())) + service;
  std::string response;
  const grpc::Status status =
      CallBytes(channel, "/grpc.health.v1.Health/Check", request, &response);
  return status.ok() ? response : status.error_message();
}

TEST(RpcServer, AnswersCalls) {
  TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  const auto server = StartServer({&service});
  EXPECT_GT(server->port(), 0);
  const auto channel = ChannelTo(AddressOf(*server));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(Notify(channel).ok());
  }
}

TEST(RpcServer, ServesManyConnectionsAtOnce) {
  TestService service;
  const auto server = StartServer({&service});
  std::vector<std::future<grpc::Status>> calls;
  for (int i = 0; i < 16; ++i) {
    calls.push_back(std::async(std::launch::async, [&, channel = ChannelTo(AddressOf(*server))] {
      return Notify(channel);
    }));
  }
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return service.kept() == 16; }));
  service.Release();
  for (auto& call : calls) {
    EXPECT_TRUE(call.get().ok());
  }
}

TEST(RpcServer, IsUnhealthyUntilItIsSetServing) {
  TestService service;
  const auto server = StartServer({&service});
  const auto channel = ChannelTo(AddressOf(*server));
  const std::string name = v1::NotifyService::service_full_name();
  EXPECT_EQ(Health(channel, ""), "\x08\x02");
  EXPECT_EQ(Health(channel, name), "\x08\x02");
  server->SetServing(true);
  EXPECT_EQ(Health(channel, ""), "\x08\x01");
  EXPECT_EQ(Health(channel, name), "\x08\x01");
  server->SetServing(false);
  EXPECT_EQ(Health(channel, ""), "\x08\x02");
  EXPECT_EQ(Health(channel, name), "\x08\x02");
}

TEST(RpcServer, KnowsTheHealthOfItsServicesOnly) {
  TestService service;
  const auto server = StartServer({&service});
  const auto channel = ChannelTo(AddressOf(*server));
  EXPECT_EQ(Health(channel, "belfry.v1.NoService"), "check health: there is no such service");
  std::string response;
  EXPECT_EQ(CallBytes(channel, "/grpc.health.v1.Health/Check", "\xFF", &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(RpcServer, TellsOfEachChangeOfItsHealthUntilItStops) {
  TestService service;
  const auto server = StartServer({&service});
  const auto channel = ChannelTo(AddressOf(*server));
  const auto watch = [&channel](const std::string& name) {
    auto call = std::make_unique<test::StepwiseCall>(channel, "/grpc.health.v1.Health/Watch",
                                                     std::make_unique<grpc::ClientContext>());
    EXPECT_TRUE(
        call->WriteLast(name.empty() ? "" : "\x0A" + std::string(1, char(name.size())) + name));
    return call;
  };
  const auto all = watch("");
  const auto one = watch(v1::NotifyService::service_full_name());
  const auto none = watch("belfry.v1.NoService");
  EXPECT_EQ(all->ReadBytes(), "\x08\x02");
  EXPECT_EQ(one->ReadBytes(), "\x08\x02");
  EXPECT_EQ(none->ReadBytes(), "\x08\x03") << "it may come to be";
  server->SetServing(true);
  EXPECT_EQ(all->ReadBytes(), "\x08\x01");
  EXPECT_EQ(one->ReadBytes(), "\x08\x01");
  { const auto gone = watch(""); }
  auto shutdown = std::async(std::launch::async, [&] { server->Shutdown(seconds(60)); });
  EXPECT_EQ(all->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(one->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(none->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(shutdown.wait_for(seconds(20)), std::future_status::ready) << "it waits for watches";
}

// It is a stream, of which one message is enough.
grpc::Status Reflect(const std::shared_ptr<grpc::Channel>& channel, const std::string& version,
                     const std::string& request, std::string* response) {
  return CallBytes(channel,
                   "/grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo",
                   request, response);
}

TEST(RpcServer, DescribesItsServicesByReflectionWhereThatIsOn) {
  TestService service;
  RpcServerOptions options;
  options.reflection = true;
  const auto server = StartServer({&service}, options);
  const auto channel = ChannelTo(AddressOf(*server));
  for (const std::string version : {"v1", "v1alpha"}) {
    // ServerReflectionRequest{list_services: "*"}
    std::string response;
    grpc::Status status = Reflect(channel, version, "\x3A\x01*", &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const char* name :
         {"belfry.v1.NotifyService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection"}) {
      EXPECT_THAT(response, HasSubstr(name));
    }
    // {file_containing_symbol: ...}
    for (const std::string symbol : {"grpc.health.v1.Health", "belfry.v1.NotifyService.Notify"}) {
      status = Reflect(channel, version, "\x22" + std::string(1, char(symbol.size())) + symbol,
                       &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      EXPECT_THAT(response, HasSubstr(symbol[0] == 'g' ? "HealthCheckRequest" : "NotifyRequest"));
    }
    EXPECT_TRUE(Reflect(channel, version, "\x22\x07no.such", &response).ok());
    EXPECT_THAT(response, HasSubstr("describe no.such: unknown here"));
    EXPECT_EQ(Reflect(channel, version, "\xFF\xFF", &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
}

TEST(RpcServer, NamesAMethodThatIsNotThere) {
  TestService service;
  const auto server = StartServer({&service});
  const auto channel = ChannelTo(AddressOf(*server));
  std::string response;
  const grpc::Status status = Reflect(channel, "v1", "\x3A\x01*", &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << "reflection is off";
  EXPECT_EQ(status.error_message(),
            "no such method: /grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  EXPECT_EQ(FromGrpc(status).reason, "NO_SUCH_METHOD");
}

TEST(RpcServer, ASecondOneOnThePortFails) {
  TestService service, second;
  const auto server = StartServer({&service});
  RpcServerOptions options;
  options.address = AddressOf(*server);
  const auto failed = RpcServer::Start(options, {&second}, Log());
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_THAT(failed.error().message, HasSubstr(options.address + ": Address already in use"));
  EXPECT_THAT(failed.error().message, HasSubstr("ss -ltnp"));
}

TEST(RpcServer, NamesABadAddress) {
  for (const char* address : {"", "127.0.0.1", ":7100", "127.0.0.1:x", "127.0.0.1:70000",
                              "no such host:1", "300.1.1.1:1"}) {
    RpcServerOptions options;
    options.address = address;
    TestService service;
    const auto failed = RpcServer::Start(options, {&service}, Log());
    ASSERT_FALSE(failed.ok()) << address;
    EXPECT_EQ(failed.error().code, Code::kInvalidArgument) << failed.error().ToString();
    EXPECT_THAT(failed.error().message, HasSubstr("\"" + std::string(address) + "\""));
  }
}

TEST(RpcServer, ListensOnIpv6AndByName) {
  for (const char* address : {"[::1]:0", "localhost:0"}) {
    TestService service;
    service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
    RpcServerOptions options;
    options.address = address;
    const auto server = StartServer({&service}, options);
    std::string target = address;
    target.replace(target.size() - 1, 1, std::to_string(server->port()));
    EXPECT_TRUE(Notify(ChannelTo(target)).ok()) << target;
  }
}

TEST(RpcServer, OnAUnixSocketServesItsOwnerOnly) {
  const belfry::test::TempDir dir;
  const std::string path = (dir.path() / "a %20 socket?").string();
  EXPECT_EQ(ConnectUnix(path).error().code, Code::kNotFound);
  TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  RpcServerOptions options;
  options.address = "unix:" + path;
  for (int life = 0; life < 2; ++life) {  // the second finds what the first left behind
    const auto server = StartServer({&service}, options);
    struct stat found {};
    ASSERT_EQ(::stat(path.c_str(), &found), 0);
    EXPECT_TRUE(S_ISSOCK(found.st_mode));
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    const auto channel = ConnectUnix(path);
    ASSERT_TRUE(channel.ok()) << channel.error().ToString();
    EXPECT_TRUE(Notify(*channel).ok());
  }
  EXPECT_EQ(ConnectUnix(path).error().code, Code::kNotFound) << "what is left refuses";
}

TEST(RpcServer, NamesAUnixSocketThatCannotBe) {
  const std::string path = "/tmp/" + std::string(200, 'x');
  EXPECT_EQ(ConnectUnix(path).error().code, Code::kInvalidArgument);
  TestService service;
  RpcServerOptions options;
  options.address = "unix:" + path;
  const auto failed = RpcServer::Start(options, {&service}, Log());
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::kInvalidArgument);
  EXPECT_THAT(failed.error().message, HasSubstr("1 to 107 bytes"));
}

TEST(RpcServer, RefusesMessagesBeyondItsBound) {
  TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  RpcServerOptions options;
  options.message_bytes_max = 10'000;
  const auto server = StartServer({&service}, options);
  const auto channel = ChannelTo(AddressOf(*server));
  EXPECT_TRUE(Notify(channel, false, std::string(9'000, 'x')).ok());
  EXPECT_EQ(Notify(channel, false, std::string(11'000, 'x')).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(RpcServer, ShutdownLetsRunningCallsEnd) {
  TestService service;
  const auto server = StartServer({&service});
  const auto channel = ChannelTo(AddressOf(*server));
  auto call = std::async(std::launch::async, [&] { return Notify(channel); });
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return service.kept() == 1; }));
  auto shutdown = std::async(std::launch::async, [&] { server->Shutdown(seconds(20)); });
  // The port closes at once, and calls that come now are refused.
  ASSERT_TRUE(belfry::test::WaitUntil(
      [&] { return !Notify(ChannelTo(AddressOf(*server)), false, "T", seconds(5)).ok(); }));
  EXPECT_EQ(shutdown.wait_for(milliseconds(0)), std::future_status::timeout);
  service.Release();
  EXPECT_TRUE(call.get().ok());
  shutdown.get();
  EXPECT_EQ(service.cancelled(), 0U);
}

TEST(RpcServer, ShutdownCancelsWhatOutlastsItsPatienceAndFreesThePort) {
  TestService service;
  auto server = StartServer({&service});
  const std::string address = AddressOf(*server);
  auto call = std::async(std::launch::async, [&] { return Notify(ChannelTo(address)); });
  ASSERT_TRUE(belfry::test::WaitUntil([&] { return service.kept() == 1; }));
  server->Shutdown(milliseconds(50));
  EXPECT_EQ(service.cancelled(), 1U);
  EXPECT_FALSE(call.get().ok());
  server->Shutdown(milliseconds(50));  // again is harmless

  TestService next;
  next.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  RpcServerOptions options;
  options.address = address;
  const auto second = StartServer({&next}, options);
  EXPECT_TRUE(Notify(ChannelTo(address)).ok());
}

TEST(MakeChannel, ConnectsByItselfWhenTheServerComesAndComesBack) {
  TestService service;
  service.answer = [](const v1::NotifyRequest&) { return grpc::Status::OK; };
  auto server = StartServer({&service});
  RpcServerOptions options;
  options.address = AddressOf(*server);
  server.reset();

  const auto channel = ChannelTo(options.address);
  EXPECT_EQ(Notify(channel).error_code(), grpc::StatusCode::UNAVAILABLE);
  for (int round = 0; round < 2; ++round) {
    TestService again;
    again.answer = service.answer;
    server = StartServer({&again}, options);
    EXPECT_TRUE(Notify(channel, true).ok());
    server.reset();
    EXPECT_EQ(Notify(channel).error_code(), grpc::StatusCode::UNAVAILABLE);
  }
}

}  // namespace
}  // namespace belfry::wire
