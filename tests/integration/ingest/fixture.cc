// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/ingest/fixture.h"

#include <arpa/inet.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "libs/wire/auth/api_keys.h"
#include "tests/support/cluster/internal_keys.h"

namespace belfry::ingest {
namespace {

HttpAnswer Parse(const std::string& text) {
  HttpAnswer answer;
  const std::size_t head_end = text.find("\r\n\r\n");
  if (text.size() < 12 || head_end == std::string::npos) {
    return answer;
  }
  answer.status = std::atoi(text.c_str() + 9);
  std::size_t at = text.find("\r\n") + 2;
  while (at < head_end) {
    const std::size_t end = text.find("\r\n", at);
    const std::size_t colon = text.find(':', at);
    std::string name = text.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[name] = text.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  answer.body = text.substr(head_end + 4);
  return answer;
}

}  // namespace

std::string Exchange(std::uint16_t port, std::string_view request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  const timeval patience{30, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
    while (!request.empty()) {
      const ssize_t sent = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        break;
      }
      request.remove_prefix(static_cast<std::size_t>(sent));
    }
    char buffer[16'384];
    ssize_t got = 0;
    while ((got = ::recv(fd, buffer, sizeof buffer, 0)) > 0) {
      answer.append(buffer, static_cast<std::size_t>(got));
    }
  }
  ::close(fd);
  return answer;
}

IngestTest::IngestTest() : store_(FakeStore::Start()) {
  config_.grpc = "127.0.0.1:0";
  config_.http = "127.0.0.1:0";
  config_.admin = "127.0.0.1:0";
  config_.store_grpc = store_->address();
  config_.api_keys_file = (dir_.path() / "keys.json").string();
  config_.internal_key_file = test::WriteInternalKeys(dir_).ingest;
  config_.drain_timeout = std::chrono::milliseconds(5000);
  WriteKeys();
}

IngestTest::~IngestTest() {
  channel_.reset();
  app_.reset();
}

void IngestTest::StartIngest() {
  auto app = App::Start(config_, Log());
  ASSERT_TRUE(app.ok()) << app.error().ToString();
  app_ = std::move(*app);
}

void IngestTest::WriteKeys() {
  std::vector<wire::ApiKey> keys;
  for (const auto& [id, notify, broadcast, inbox, audience] :
       {std::tuple("full", true, true, true, true),
        {"quiet", true, false, false, false},
        {"loud", false, true, false, false},
        {"crowd", false, false, false, true},
        {"desk", false, false, true, false}}) {
    wire::NewApiKey key = wire::MakeApiKey(id, "shop", notify, broadcast, inbox, audience);
    secrets_[id] = key.text;
    keys.push_back(key.key);
  }
  WriteKeysFile(wire::ApiKeysJson(keys));
}

void IngestTest::WriteKeysFile(const std::string& json) { dir_.Write("keys.json", json); }

std::shared_ptr<grpc::Channel> IngestTest::channel() {
  if (!channel_) {
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(app_->ports().grpc),
                                   grpc::InsecureChannelCredentials());
  }
  return channel_;
}

std::unique_ptr<grpc::ClientContext> IngestTest::Context(const std::string& id) const {
  auto context = std::make_unique<grpc::ClientContext>();
  context->AddMetadata("authorization", Bearer(id));
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  return context;
}

v1::NotifyRequest IngestTest::Request(const std::string& user, const std::string& title,
                                      const std::string& key) {
  v1::NotifyRequest request;
  request.mutable_notification()->set_user_id(user);
  request.mutable_notification()->set_title(title);
  request.set_idempotency_key(key);
  return request;
}

HttpAnswer IngestTest::Http(const std::string& method, const std::string& path,
                            const std::string& body,
                            const std::vector<std::pair<std::string, std::string>>& headers) {
  std::string request =
      method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  for (const auto& [name, value] : headers) {
    request += name + ": " + value + "\r\n";
  }
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  return Parse(Exchange(app_->ports().http, request));
}

HttpAnswer IngestTest::Post(const std::string& path, const std::string& body,
                            const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::pair<std::string, std::string>> headers = {{"Authorization", Bearer("full")},
                                                              {"Content-Type", "application/json"}};
  headers.insert(headers.end(), more.begin(), more.end());
  return Http("POST", path, body, headers);
}

HttpAnswer IngestTest::Get(std::uint16_t port, const std::string& path) {
  return Parse(
      Exchange(port, "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
}

double IngestTest::Metric(const std::string& series) {
  const std::string text = Get(app_->ports().admin, "/metrics").body;
  const std::size_t at = text.find("\n" + series + " ");
  return at == std::string::npos ? 0 : std::atof(text.c_str() + at + 2 + series.size());
}

}  // namespace belfry::ingest
