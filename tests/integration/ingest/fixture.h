// SPDX-License-Identifier: Apache-2.0
// An ingest on free ports with a fake store, and what its tests need to talk to it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "belfry/v1/notify_service.pb.h"
#include "services/ingest/app.h"
#include "tests/integration/ingest/fake_store.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait.h"

namespace grpc {
class ClientContext;
class Channel;
}  // namespace grpc

namespace belfry::ingest {

using test::WaitUntil;

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class IngestTest : public ::testing::Test {
 protected:
  IngestTest();
  ~IngestTest() override;

  // Starts the ingest with config_.
  void StartIngest();
  // Writes the keys file: "full" may do everything, "quiet" may notify, "loud" may
  // broadcast, "desk" has the scope inbox, "crowd" audience.
  void WriteKeys();
  void WriteKeysFile(const std::string& json);
  // "Bearer <id>.<secret>"
  std::string Bearer(const std::string& id) const { return "Bearer " + secrets_.at(id); }

  std::shared_ptr<grpc::Channel> channel();
  // A context with `id`'s key and a deadline far away.
  std::unique_ptr<grpc::ClientContext> Context(const std::string& id = "full") const;
  static v1::NotifyRequest Request(const std::string& user, const std::string& title = "Hello",
                                   const std::string& key = "");

  // One HTTP/1.1 request on a connection of its own.
  HttpAnswer Http(const std::string& method, const std::string& path, const std::string& body,
                  const std::vector<std::pair<std::string, std::string>>& headers);
  // POST with full's key as JSON.
  HttpAnswer Post(const std::string& path, const std::string& body,
                  const std::vector<std::pair<std::string, std::string>>& more = {});
  HttpAnswer Get(std::uint16_t port, const std::string& path);
  // The value of a metric's line, 0 if there is none: `belfry_x_total{a="b"}`.
  double Metric(const std::string& series);

  const test::TempDir dir_;
  Config config_;
  std::unique_ptr<FakeStore> store_;
  std::map<std::string, std::string> secrets_;
  std::unique_ptr<App> app_;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

// Sends `request` (a whole HTTP request) and reads until the peer closes.
std::string Exchange(std::uint16_t port, std::string_view request);

}  // namespace belfry::ingest
