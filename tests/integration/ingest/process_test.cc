// SPDX-License-Identifier: Apache-2.0
// The real belfry-ingest before the real belfry-store: signals, exit codes, and a store that dies.
#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "belfry/v1/notify_service.grpc.pb.h"
#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/wire/auth/api_keys.h"
#include "tests/support/announce_keys.h"
#include "tests/support/cluster/internal_keys.h"
#include "tests/support/cluster/process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace belfry::ingest {
namespace {

using std::chrono::seconds;
using test::Process;
using test::WaitUntil;
using ::testing::HasSubstr;

std::string Read(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() : internal_keys_(test::WriteInternalKeys(dir_)) { WriteKeys(); }

  void WriteKeys() {
    const wire::NewApiKey key = wire::MakeApiKey("key", "shop", true, true);
    bearer_ = "Bearer " + key.text;
    keys_file_ = dir_.Write("keys.json", wire::ApiKeysJson({key.key}));
  }
  std::string LogPath(const std::string& name) const { return (dir_.path() / name).string(); }
  std::unique_ptr<Process> Start(const std::string& binary, std::vector<std::string> arguments,
                                 const std::string& log) {
    const char* const bin = std::getenv("BELFRY_BIN_DIR");
    arguments.insert(arguments.begin(), std::string(bin == nullptr ? "bin" : bin) + "/" + binary);
    arguments.push_back("--log-format=json");
    // LeakSanitizer reads the process from another one.
    arguments.push_back("--core-dumps");
    auto process = Process::Start(std::move(arguments), LogPath(log));
    EXPECT_TRUE(process.ok()) << process.error().ToString();
    return std::move(*process);
  }
  // The port that the process says it listens on; 0 if it ends or says nothing.
  int Port(Process& process, const std::string& log, const std::string& name) {
    int port = 0;
    EXPECT_TRUE(WaitUntil([&] {
      const std::string text = Read(LogPath(log));
      const std::string field = "\"" + name + "\":";
      const std::size_t at = text.rfind(field);
      if (at != std::string::npos) {
        port = std::atoi(text.c_str() + at + field.size());
      }
      return port != 0 || !process.Running();
    }));
    EXPECT_NE(port, 0) << Read(LogPath(log));
    return port;
  }
  std::unique_ptr<Process> StartIngest(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"--ingest-grpc=127.0.0.1:0",
                                          "--ingest-http=127.0.0.1:0",
                                          "--ingest-admin=127.0.0.1:0",
                                          "--api-keys-file=" + keys_file_,
                                          "--store-grpc=127.0.0.1:" + std::to_string(store_port_),
                                          "--internal-key-file=" + internal_keys_.ingest};
    arguments.insert(arguments.end(), more.begin(), more.end());
    auto ingest = Start("belfry-ingest", std::move(arguments), "ingest.log");
    const int port = Port(*ingest, "ingest.log", "grpc_port");
    stub_ = v1::NotifyService::NewStub(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                                           grpc::InsecureChannelCredentials()));
    return ingest;
  }
  std::unique_ptr<Process> StartStore() {
    auto store = Start(
        "belfry-store",
        {"--store-grpc=127.0.0.1:" + std::to_string(store_port_), "--store-admin=127.0.0.1:0",
         "--store-data=" + LogPath("data"), "--store-partitions=4", "--store-disk-reserve=1MiB",
         "--nats-url=nats://127.0.0.1:1", "--announce-keys-file=" + test::WriteAnnounceKeys(dir_),
         "--internal-keys-file=" + internal_keys_.store},
        "store.log");
    if (store_port_ == 0) {
      store_port_ = Port(*store, "store.log", "grpc_port");
    }
    return store;
  }
  grpc::Status Notify(const std::string& bearer) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", bearer);
    context.set_deadline(std::chrono::system_clock::now() + seconds(30));
    v1::NotifyRequest request;
    request.mutable_notification()->set_user_id("alice");
    request.mutable_notification()->set_title("Hello");
    v1::NotifyResponse response;
    return stub_->Notify(&context, request, &response);
  }
  // The status of a process that must end, with what it said.
  int EndsWith(Process& process) {
    const auto status = process.WaitForEnd(seconds(30));
    EXPECT_TRUE(status.has_value());
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  }

  test::TempDir dir_;
  const test::InternalKeyFiles internal_keys_;
  std::string keys_file_;
  std::string bearer_;
  int store_port_ = 0;
  std::unique_ptr<v1::NotifyService::Stub> stub_;
};

TEST_F(ProcessTest, SighupRotatesKeysAndSigtermEndsWell) {
  const auto store = StartStore();
  const auto ingest = StartIngest();
  const std::string old_bearer = bearer_;
  const grpc::Status first = Notify(old_bearer);
  ASSERT_TRUE(first.ok()) << first.error_message();

  dir_.Write("keys.json", "{\"keys\":[{\"id\":\"x\"}]}");
  ingest->Signal(SIGHUP);
  EXPECT_TRUE(WaitUntil([&] {
    return Read(LogPath("ingest.log")).find("cannot load the API keys") != std::string::npos;
  }));
  EXPECT_TRUE(Notify(old_bearer).ok());

  WriteKeys();
  ingest->Signal(SIGHUP);
  EXPECT_TRUE(WaitUntil([&] {
    return Read(LogPath("ingest.log")).find("loaded the API keys") != std::string::npos;
  }));
  EXPECT_EQ(Notify(old_bearer).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Notify(bearer_).ok());

  ingest->Signal(SIGTERM);
  EXPECT_EQ(EndsWith(*ingest), 0) << Read(LogPath("ingest.log"));
  // No secret in the log.
  EXPECT_EQ(Read(LogPath("ingest.log")).find(bearer_.substr(11)), std::string::npos);
}

TEST_F(ProcessTest, MistakesInTheConfigurationEndTheStartWithCode2) {
  struct Case {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::string caller = "--internal-key-file=" + internal_keys_.ingest;
  const Case cases[] = {
      {{caller}, "api_keys_file"},
      {{caller, "--api-keys-file=" + LogPath("absent.json")}, "absent.json"},
      {{caller, "--api-keys-file=" + dir_.Write("bad.json", "{\"keys\":7}")}, "bad.json"},
      {{caller, "--api-keys-file=" + keys_file_, "--ingest-appends-max=0"}, "ingest_appends_max"},
      {{caller, "--api-keys-file=" + keys_file_, "--ingest-nonsense=1"}, "nonsense"},
      {{caller, "--api-keys-file=" + keys_file_, "--ingest-grpc=0.0.0.0:0"}, "ingest_grpc"},
      {{caller, "--api-keys-file=" + keys_file_, "--store-grpc=10.0.0.1:7200"}, "store_grpc"},
      {{caller, "--api-keys-file=" + keys_file_, "--tls-ca=/x"}, "tls_"},
      {{caller, "--api-keys-file=" + keys_file_, "--ingest-deadline-default=5m"},
       "ingest_deadline_default"},
      {{"--api-keys-file=" + keys_file_}, "internal_key_file"},
      {{"--api-keys-file=" + keys_file_, "--internal-key-file=" + LogPath("absent.key")},
       "absent.key"},
      {{"--api-keys-file=" + keys_file_,
        "--internal-key-file=" + dir_.Write("bad.key", "a secret without an id\n")},
       "bad.key"},
  };
  int number = 0;
  for (const Case& c : cases) {
    const std::string log = "mistake-" + std::to_string(++number) + ".log";
    const auto ingest = Start("belfry-ingest", c.arguments, log);
    EXPECT_EQ(EndsWith(*ingest), 2) << Read(LogPath(log));
    EXPECT_THAT(Read(LogPath(log)), HasSubstr(c.says));
  }
}

TEST_F(ProcessTest, ASecondOneOnThePortRefusesToStart) {
  const auto store = StartStore();
  const auto ingest = StartIngest();
  const int port = Port(*ingest, "ingest.log", "grpc_port");
  const auto second =
      Start("belfry-ingest",
            {"--ingest-grpc=127.0.0.1:" + std::to_string(port), "--ingest-http=127.0.0.1:0",
             "--ingest-admin=127.0.0.1:0", "--api-keys-file=" + keys_file_,
             "--internal-key-file=" + internal_keys_.ingest},
            "second.log");
  EXPECT_EQ(EndsWith(*second), 1) << Read(LogPath("second.log"));
  EXPECT_THAT(Read(LogPath("second.log")), HasSubstr("ingest_grpc"));
  EXPECT_TRUE(Notify(bearer_).ok());
}

// Every entry of the store: title -> id, each title once.
std::map<std::string, std::uint64_t> ReadAll(int store_port) {
  const auto stub =
      v1::StoreService::NewStub(test::StoreChannel("127.0.0.1:" + std::to_string(store_port)));
  std::map<std::string, std::uint64_t> entries;
  for (std::uint32_t partition = 0; partition < 4; ++partition) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + seconds(30));
    v1::ReadLogRequest request;
    request.set_partition(partition);
    const auto reader = stub->ReadLog(&context, request);
    v1::ReadLogResponse response;
    while (reader->Read(&response)) {
      for (const v1::LogEntry& entry : response.entries()) {
        v1::Notification payload;
        EXPECT_TRUE(payload.ParseFromString(entry.payload()));
        EXPECT_TRUE(entries.emplace(payload.title(), entry.id()).second)
            << payload.title() << " was stored twice";
      }
    }
    EXPECT_TRUE(reader->Finish().ok());
  }
  return entries;
}

TEST_F(ProcessTest, AStoreThatIsKilledAgainAndAgainStoresEachOnceAndInOrder) {
  constexpr int kItems = 6000;
  auto store = StartStore();
  const auto ingest =
      StartIngest({"--ingest-deadline-default=60s", "--ingest-stream-unacknowledged-max=300"});
  grpc::ClientContext context;
  context.AddMetadata("authorization", bearer_);
  const auto stream = stub_->NotifyStream(&context);
  std::thread writer([&] {
    v1::NotifyStreamRequest request;
    for (int i = 0; i < kItems; ++i) {
      v1::NotifyRequest* item = request.mutable_item();
      item->mutable_notification()->set_user_id("user-" + std::to_string(i % 7));
      item->mutable_notification()->set_title(std::to_string(i));
      // Every second without a key of its own.
      item->set_idempotency_key(i % 2 == 0 ? "" : "key-" + std::to_string(i));
      EXPECT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  std::vector<std::uint64_t> ids;
  v1::NotifyStreamResponse response;
  std::atomic<int> acknowledged = 0;
  std::thread reader([&] {
    while (stream->Read(&response)) {
      EXPECT_TRUE(response.result().has_ok()) << response.result().error().message();
      ids.push_back(response.result().ok().id());
      ++acknowledged;
    }
  });
  // The process must be started by the thread that lives (see process.h).
  for (int kill = 1; kill <= 4; ++kill) {
    EXPECT_TRUE(WaitUntil([&] { return acknowledged >= kill * kItems / 6; }, seconds(90)));
    store->Kill();
    store = StartStore();
  }
  reader.join();
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  ASSERT_EQ(ids.size(), static_cast<std::size_t>(kItems));

  const auto entries = ReadAll(store_port_);
  EXPECT_EQ(entries.size(), static_cast<std::size_t>(kItems));
  std::map<int, std::uint64_t> last_of_user;
  for (int i = 0; i < kItems; ++i) {
    const auto entry = entries.find(std::to_string(i));
    ASSERT_NE(entry, entries.end()) << i << " was acknowledged and is not there";
    EXPECT_EQ(entry->second, ids[static_cast<std::size_t>(i)]);
    EXPECT_GT(entry->second, last_of_user[i % 7]);
    last_of_user[i % 7] = entry->second;
  }
}

}  // namespace
}  // namespace belfry::ingest
