// SPDX-License-Identifier: Apache-2.0
// A whole store in this process, on a directory of its own, and a client of it.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/wire/rpc/status.h"
#include "services/store/app.h"
#include "tests/support/announce_keys.h"
#include "tests/support/cluster/internal_keys.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace belfry::store {

// Nobody listens there: NATS is absent.
inline constexpr char kNoNats[] = "nats://127.0.0.1:1";

inline v1::AppendItem Item(const std::string& user, const std::string& key,
                           const std::string& payload = "hello") {
  v1::AppendItem item;
  item.set_kind(user.empty() ? v1::ENTRY_KIND_BROADCAST : v1::ENTRY_KIND_NOTIFICATION);
  item.set_project("acme");
  item.set_user_id(user);
  item.set_idempotency_key(key);
  item.set_content_hash(std::string(32, payload.empty() ? 'e' : payload[0]));
  item.set_payload(payload);
  return item;
}

struct StoreRig {
  StoreRig() {
    config.grpc = "127.0.0.1:0";
    config.admin = "127.0.0.1:0";
    config.data = (dir.path() / "data").string();
    config.internal_keys_file = test::WriteInternalKeys(dir).store;
    config.nats_url = kNoNats;
    config.announce_keys_file = test::WriteAnnounceKeys(dir);
    config.disk_reserve = 0;
    config.disk_scarce = 0;
    config.block_cache = 8u << 20;
    config.write_buffer = 1u << 20;
  }

  void Start() {
    auto started = App::Start(config, {});
    ASSERT_TRUE(started.ok()) << started.error().ToString();
    app = std::move(*started);
    stub = v1::StoreService::NewStub(test::StoreChannel(address()));
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(app->ports().grpc); }
  void Stop() {
    app->Stop();
    app.reset();
  }
  // Without any of what Stop does for order.
  void Kill() { app.reset(); }

  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  }

  grpc::Status TryAppend(const std::vector<v1::AppendItem>& items, v1::AppendResponse* response) {
    v1::AppendRequest request;
    for (const v1::AppendItem& item : items) {
      *request.add_items() = item;
    }
    grpc::ClientContext context;
    SetDeadline(context);
    return stub->Append(&context, request, response);
  }
  v1::AppendResult Append(const v1::AppendItem& item) {
    v1::AppendResponse response;
    const grpc::Status status = TryAppend({item}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.results_size() == 1 ? response.results(0) : v1::AppendResult{};
  }
  // The id of an item that must be stored.
  std::uint64_t Store(const v1::AppendItem& item) {
    const v1::AppendResult result = Append(item);
    EXPECT_TRUE(result.has_ok()) << result.ShortDebugString();
    return result.ok().id();
  }

  v1::FeedPage ReadFeed(const std::string& user, std::uint64_t after, bool heads_only = false) {
    v1::ReadFeedRequest request;
    v1::FeedQuery* query = request.add_queries();
    query->set_project("acme");
    query->set_user_id(user);
    query->set_after(after);
    query->set_heads_only(heads_only);
    v1::ReadFeedResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status = stub->ReadFeed(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.pages_size() == 1 ? response.pages(0) : v1::FeedPage{};
  }

  grpc::Status ReadLog(std::uint32_t partition, std::uint64_t after,
                       std::vector<v1::LogEntry>* entries, std::uint64_t bytes_max = 0) {
    v1::ReadLogRequest request;
    request.set_partition(partition);
    request.set_after(after);
    request.set_bytes_max(bytes_max);
    grpc::ClientContext context;
    SetDeadline(context);
    const auto reader = stub->ReadLog(&context, request);
    v1::ReadLogResponse page;
    while (reader->Read(&page)) {
      entries->insert(entries->end(), page.entries().begin(), page.entries().end());
    }
    return reader->Finish();
  }

  v1::GetHeadsResponse GetHeads() {
    v1::GetHeadsResponse response;
    grpc::ClientContext context;
    SetDeadline(context);
    const grpc::Status status = stub->GetHeads(&context, {}, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  test::TempDir dir;
  Config config;
  std::unique_ptr<App> app;
  std::unique_ptr<v1::StoreService::Stub> stub;
};

}  // namespace belfry::store
