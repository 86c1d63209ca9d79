// SPDX-License-Identifier: Apache-2.0
// `belfry notify` and `belfry broadcast` against a NotifyService that does as it is told.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "clients/cli/commands.h"
#include "libs/wire/rpc/server.h"
#include "libs/wire/rpc/status.h"

namespace belfry::cli {
namespace {

using namespace std::chrono_literals;

class FakeIngest final : public v1::NotifyService::Service {
 public:
  struct Call {
    std::string authorization;
    std::string idempotency_key;
    v1::Notification notification;
    bool broadcast = false;
  };

  // What the nth call (from 0) is answered with; OK if not set.
  std::function<grpc::Status(int call)> answer;

  grpc::Status Notify(grpc::ServerContext* context, const v1::NotifyRequest* request,
                      v1::NotifyResponse* response) override {
    response->set_id(1'700'000'000'000'001);
    response->mutable_created_at()->set_seconds(1'700'000'000);
    return Take(*context, request->notification(), request->idempotency_key(), false);
  }
  grpc::Status Broadcast(grpc::ServerContext* context, const v1::BroadcastRequest* request,
                         v1::BroadcastResponse* response) override {
    response->set_id(7);
    response->set_duplicate(true);
    return Take(*context, request->notification(), request->idempotency_key(), true);
  }

  std::vector<Call> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  grpc::Status Take(const grpc::ServerContext& context, const v1::Notification& notification,
                    const std::string& key, bool broadcast) {
    const std::lock_guard lock(mutex_);
    const auto found = context.client_metadata().find("authorization");
    const std::string authorization = found == context.client_metadata().end()
                                          ? ""
                                          : std::string(found->second.data(), found->second.size());
    calls_.push_back({authorization, key, notification, broadcast});
    return answer ? answer(static_cast<int>(calls_.size()) - 1) : grpc::Status::OK;
  }

  std::mutex mutex_;
  std::vector<Call> calls_;
};

class CliNotify : public ::testing::Test {
 protected:
  CliNotify() {
    wire::RpcServerOptions options;
    options.address = "127.0.0.1:0";
    auto started = wire::RpcServer::Start(options, {&ingest}, Log());
    EXPECT_TRUE(started.ok()) << started.error().ToString();
    server = std::move(*started);
    server->SetServing(true);
    command.ingest = "127.0.0.1:" + std::to_string(server->port());
    command.api_key = "dev.secret";
    command.user = "alice";
    command.title = "Lunch?";
  }

  ExitCode Do() {
    out.str("");
    err.str("");
    return cli::Run(command, out, err);
  }

  FakeIngest ingest;
  std::unique_ptr<wire::RpcServer> server;
  NotifyCommand command;
  std::ostringstream out;
  std::ostringstream err;
};

TEST_F(CliNotify, SendsWhatItWasGiven) {
  command.body = "At noon.";
  command.kind = "a.b";
  command.level = "warning";
  command.actor_id = "bob";
  command.subject_type = "t";
  command.subject_id = "i";
  command.action_url = "/x";
  command.image_url = "/y";
  command.meta = R"({"n":1.5,"deep":{"a":[true,null]}})";
  command.expires_in = 1h;
  command.idempotency_key = "my-key";
  ASSERT_EQ(Do(), kDone) << err.str();
  EXPECT_EQ(out.str(), "stored as 1700000000000001\n");
  EXPECT_EQ(err.str(), "");
  const auto calls = ingest.calls();
  ASSERT_EQ(calls.size(), 1u);
  EXPECT_EQ(calls[0].authorization, "Bearer dev.secret");
  EXPECT_EQ(calls[0].idempotency_key, "my-key");
  const v1::Notification& sent = calls[0].notification;
  EXPECT_EQ(sent.user_id() + "|" + sent.title() + "|" + sent.body() + "|" + sent.kind() + "|" +
                sent.level() + "|" + sent.actor_id() + "|" + sent.subject_type() + "|" +
                sent.subject_id() + "|" + sent.action_url() + "|" + sent.image_url(),
            "alice|Lunch?|At noon.|a.b|warning|bob|t|i|/x|/y");
  EXPECT_EQ(sent.meta().fields().at("n").number_value(), 1.5);
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  EXPECT_NEAR(static_cast<double>(sent.expires_at().seconds()), static_cast<double>(now + 3'600),
              60);
}

TEST_F(CliNotify, LeavesOutWhatItWasNotGiven) {
  ASSERT_EQ(Do(), kDone) << err.str();
  const auto calls = ingest.calls();
  EXPECT_FALSE(calls.at(0).notification.has_meta());
  EXPECT_FALSE(calls.at(0).notification.has_expires_at());
  EXPECT_EQ(calls.at(0).notification.level(), "");
}

TEST_F(CliNotify, PrintsTheAnswerAsJson) {
  command.json = true;
  ASSERT_EQ(Do(), kDone);
  EXPECT_EQ(out.str(), R"({"id":"1700000000000001","duplicate":false,"suppressed":false,)"
                       R"("createdAt":"2023-11-14T22:13:20Z"})"
                       "\n");
}

TEST_F(CliNotify, Broadcasts) {
  command.broadcast = true;
  command.user.clear();
  ASSERT_EQ(Do(), kDone) << err.str();
  EXPECT_EQ(out.str(), "stored as 7 (it was already)\n");
  EXPECT_TRUE(ingest.calls().at(0).broadcast);
  EXPECT_EQ(ingest.calls().at(0).notification.user_id(), "");
}

TEST_F(CliNotify, TriesAgainWithTheSameKeyWhileItIsUnavailable) {
  ingest.answer = [](int call) {
    return call < 2 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now") : grpc::Status::OK;
  };
  ASSERT_EQ(Do(), kDone) << err.str();
  const auto calls = ingest.calls();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_GE(calls[0].idempotency_key.size(), 16u);
  EXPECT_EQ(calls[0].idempotency_key, calls[1].idempotency_key);
  EXPECT_EQ(calls[1].idempotency_key, calls[2].idempotency_key);
  EXPECT_EQ(calls[2].notification.title(), "Lunch?") << "the retry says the same";
  ASSERT_EQ(Do(), kDone);
  EXPECT_NE(ingest.calls().back().idempotency_key, calls[0].idempotency_key)
      << "another command is another notification";
}

TEST_F(CliNotify, GivesUpWhenTheTimeIsOver) {
  ingest.answer = [](int) { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now"); };
  command.timeout = 1s;
  EXPECT_EQ(Do(), kUnavailable);
  EXPECT_NE(err.str().find("not now"), std::string::npos);
  EXPECT_EQ(out.str(), "");
}

TEST_F(CliNotify, SaysThatNobodyIsThere) {
  server.reset();
  command.timeout = 300ms;
  command.json = true;
  EXPECT_EQ(Do(), kUnavailable);
  EXPECT_TRUE(err.str().starts_with("{\"error\":{\"code\":")) << err.str();
  EXPECT_EQ(out.str(), "");
}

TEST_F(CliNotify, DoesNotTryAgainWhatWasRefused) {
  ingest.answer = [](int) {
    Error error{Code::kInvalidArgument, "bad", "BAD_FIELDS", {{"title", "too long"}}, {}};
    return wire::ToGrpc(error);
  };
  command.json = true;
  EXPECT_EQ(Do(), kRefused);
  EXPECT_EQ(ingest.calls().size(), 1u);
  EXPECT_NE(err.str().find(R"("errors":[{"field":"title","description":"too long"}])"),
            std::string::npos)
      << err.str();
  ingest.answer = [](int) { return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "who?"); };
  EXPECT_EQ(Do(), kRefused);
  ingest.answer = [](int) { return grpc::Status(grpc::StatusCode::INTERNAL, "oops"); };
  EXPECT_EQ(Do(), kUnavailable) << "it may have been stored";
  EXPECT_EQ(ingest.calls().size(), 3u);
}

TEST_F(CliNotify, RefusesBadMetaItself) {
  for (const char* meta : {"[1]", "{", "x", "1", R"({"n":1e16})", R"({"a":1,"a":2})"}) {
    command.meta = meta;
    EXPECT_EQ(Do(), kUsage) << meta;
  }
  EXPECT_TRUE(ingest.calls().empty());
}

TEST_F(CliNotify, NamesATlsFileThatIsNotThere) {
  command.tls_ca = command.tls_cert = command.tls_key = "/none.pem";
  EXPECT_EQ(Do(), kFailed);
  EXPECT_NE(err.str().find("/none.pem"), std::string::npos) << err.str();
}

}  // namespace
}  // namespace belfry::cli
