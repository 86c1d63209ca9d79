// SPDX-License-Identifier: Apache-2.0
// A running edge over a store in memory, with keys of its own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "libs/wire/auth/jwt.h"
#include "services/edge/http/core_pool.h"
#include "tests/integration/edge_http/client.h"
#include "tests/support/memory_store.h"

namespace belfry::edge {

class PlainRenderer final : public Renderer {
 public:
  std::vector<std::string> Excluded(const Entry& /*broadcast*/) const override { return {}; }
  std::string Json(const Entry& entry) const override {
    return R"({"id":")" + std::to_string(entry.id) + R"(","body":")" + entry.payload.str() +
           R"("})";
  }
};

class EdgeTest : public ::testing::Test {
 protected:
  static constexpr Partition kPartitions = 4;

  EdgeTest() {
    options.address = "127.0.0.1:0";
    options.cores = 3;
    options.streams.retry = std::chrono::milliseconds(1'000);
  }

  void Start(Routes routes = {}) {
    auto verifier = wire::JwtVerifier::Parse(KeysOf("k1", 'a'), rules);
    ASSERT_TRUE(verifier.ok()) << verifier.error().ToString();
    auto started = CorePool::Start(options, {store, revocations, renderer, clock, metrics, Log()},
                                   *verifier, std::move(routes));
    ASSERT_TRUE(started.ok()) << started.error().ToString();
    cores = std::move(*started);
    revocations.SetLoaded();
    cores->SetPartitions(kPartitions);
    for (Partition partition = 0; partition < kPartitions; ++partition) {
      auto first = std::make_shared<Batch>();
      first->partition = partition;
      first->position = 1'000;
      cores->Deliver(first);
    }
    ASSERT_TRUE(Eventually([this] { return cores->stats().following; }));
  }

  static std::string Secret(char fill) { return std::string(32, fill); }
  // base64url of 32 equal bytes.
  static std::string KeysOf(const std::string& kid, char fill) {
    const std::string secret = fill == 'a' ? "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE"
                                           : "YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI";
    return R"({"keys":[{"kid":")" + kid + R"(","alg":"HS256","secret":")" + secret + R"("}]})";
  }

  std::string Token(const std::string& user, std::chrono::seconds lifetime = std::chrono::hours(1),
                    const std::string& audience = "", const std::string& kid = "k1",
                    char fill = 'a') const {
    wire::JwtClaims claims;
    claims.project = "demo";
    claims.user_id = user;
    claims.audience = audience;
    claims.issued_s = clock.UnixMicros() / 1'000'000;
    claims.expires_s = claims.issued_s + lifetime.count();
    return wire::SignJwt({kid, Secret(fill)}, claims);
  }

  void Open(Client& client, const std::string& user, const std::string& cursor = "",
            int receive_buffer = 0) {
    std::vector<std::string> headers;
    if (!cursor.empty()) {
      headers.push_back("Last-Event-ID: " + cursor);
    }
    client.Open(cores->port(), Get("/v1/stream", Token(user), headers), receive_buffer);
  }
  // Opens and waits for `connected`.
  void Connect(Client& client, const std::string& user, const std::string& cursor = "") {
    Open(client, user, cursor);
    ASSERT_TRUE(client.ReadUntil([&] { return client.Count("connected") == 1; })) << client.head();
  }

  EntryId Notify(const std::string& user, const std::string& payload = "") {
    const Partition partition = PartitionOf("demo", user, kPartitions);
    return Deliver(store.Commit(
        {.partition = partition, .project = "demo", .user_id = user, .payload = payload}));
  }
  void Broadcast() {
    for (Partition partition = 0; partition < kPartitions; ++partition) {
      Deliver(
          store.Commit({.kind = EntryKind::kBroadcast, .partition = partition, .project = "demo"}));
    }
  }

  template <typename Condition>
  static bool Eventually(Condition condition, std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) {
        return false;
      }
      std::this_thread::yield();
    }
    return true;
  }

  // What /metrics would say of `series` ("name" or "name{label=\"x\"}"), -1 if it is not there.
  double Metric(const std::string& series) const {
    const std::string all = "\n" + metrics.Expose();
    const std::size_t at = all.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(all.substr(at + series.size() + 2));
  }

  CorePoolOptions options;
  Metrics metrics;
  wire::JwtRules rules;
  SystemClock clock;
  Revocations revocations{RevocationOptions(), clock};
  PlainRenderer renderer;
  test::MemoryStore store{kPartitions};
  std::unique_ptr<CorePool> cores;

 private:
  EntryId Deliver(const EntryPtr& entry) {
    auto batch = std::make_shared<Batch>();
    batch->partition = entry->partition;
    batch->position = entry->id;
    batch->entries = {entry};
    batch->received = clock.Now();
    cores->Deliver(batch);
    return entry->id;
  }
};

}  // namespace belfry::edge
