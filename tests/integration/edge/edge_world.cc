// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/edge/edge_world.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "belfry/v1/notification.pb.h"
#include "belfry/v1/store_service.grpc.pb.h"
#include "libs/common/check.h"
#include "libs/common/clock.h"
#include "libs/wire/codec/log_codec.h"
#include "tests/support/announce_keys.h"
#include "tests/support/checker/checker.h"
#include "tests/support/cluster/internal_keys.h"
#include "tests/support/cluster/metrics_text.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

constexpr char kProject[] = "acme";

// A loopback address that no other test program uses: on it a port that was free stays free.
std::string OwnAddress() {
  const unsigned pid = static_cast<unsigned>(getpid());
  return "127." + std::to_string(208 + pid / 65536 % 32) + "." + std::to_string(pid / 256 % 256) +
         "." + std::to_string(pid % 254 + 1);
}

Log Quiet() {
  return std::getenv("BELFRY_TEST_LOG") ? Log::Make("test", LogLevel::kDebug, LogFormat::kConsole)
                                        : Log();
}

}  // namespace

Bridge::Bridge(const std::string& from_url, const std::string& to_url) {
  auto to = wire::NatsPublisher::Start({to_url, "bridge-out", {}, {}, {}}, Log());
  BELFRY_CHECK(to.ok());
  to_ = std::move(*to);
  auto from = wire::NatsSubscriber::Start(
      {from_url, "bridge-in", {}, {}, {}}, std::string(wire::kAllSubjects),
      [this](std::string_view subject, std::string_view bytes) { Pass(subject, bytes); }, Log());
  BELFRY_CHECK(from.ok());
  from_ = std::move(*from);
}

bool Bridge::WaitConnected() const {
  return WaitUntil([this] { return to_->connected() && from_->connected(); }, kLong);
}

void Bridge::SetRoute(Route route) {
  const std::lock_guard lock(mutex_);
  route_ = std::move(route);
}

void Bridge::Pass(std::string_view subject, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const int copies = route_ ? route_(std::string(subject), std::string(bytes)) : 1;
  for (int i = 0; i < copies; ++i) {
    (void)to_->Publish(std::string(subject), bytes);
  }
}

World::World() : host_(OwnAddress()), fleet_(std::chrono::milliseconds(100)) {
  const std::string keys = wire::MakeJwtKeysJson("k1");
  edge_config_.jwt_keys_file = dir_.Write("jwt-keys.json", keys);
  edge_config_.announce_keys_file = store_config_.announce_keys_file = WriteAnnounceKeys(dir_);
  auto signer = wire::LoadSigner(edge_config_.jwt_keys_file);
  BELFRY_CHECK(signer.ok());
  signer_ = std::move(*signer);

  store_config_.grpc = Endpoint{host_, FreePort(host_)}.ToString();
  store_config_.admin = Endpoint{host_, FreePort(host_)}.ToString();
  store_config_.data = (dir_.path() / "store").string();
  store_config_.partitions = 4;
  store_config_.disk_reserve = 0;
  store_config_.nats_url = nats_.url();

  http_ = {host_, FreePort(host_)};
  admin_ = {host_, FreePort(host_)};
  edge_config_.http = http_.ToString();
  edge_config_.admin = admin_.ToString();
  edge_config_.store_grpc = store_config_.grpc;
  edge_config_.nats_url = nats_.url();
  edge_config_.cores = 2;
  edge_config_.streams.retry = std::chrono::milliseconds(100);
  edge_config_.drain_window = std::chrono::milliseconds(200);

  const InternalKeyFiles internal_keys = WriteInternalKeys(dir_);
  store_config_.internal_keys_file = internal_keys.store;
  edge_config_.internal_key_file = internal_keys.edge;
  channel_ = StoreChannel(store_config_.grpc);
}

World::~World() = default;

bool World::StartStore() {
  auto store = store::App::Start(store_config_, Quiet());
  if (!store.ok()) {
    std::fprintf(stderr, "store: %s\n", store.error().ToString().c_str());
    return false;
  }
  store_ = std::move(*store);
  return true;
}

void World::StopStore() {
  store_->Stop();
  store_.reset();
}

void World::ForgetStoreData() { std::filesystem::remove_all(store_config_.data); }

bool World::StartEdge() {
  auto edge = edge::App::Start(edge_config_, Quiet());
  if (!edge.ok()) {
    std::fprintf(stderr, "edge: %s\n", edge.error().ToString().c_str());
    return false;
  }
  edge_ = std::move(*edge);
  return true;
}

int World::AdminStatus(const std::string& path) const {
  const auto answer = Get(admin_, path);
  return answer.ok() ? answer->status : 0;
}

std::string World::AdminBody(const std::string& path) const {
  const auto answer = Get(admin_, path);
  return answer.ok() ? answer->body : "";
}

bool World::WaitReady() const {
  return WaitUntil([this] { return AdminStatus("/readyz") == 200; }, kLong);
}

double World::Metric(const std::string& name, const std::string& labels) const {
  return SumOfMetric(AdminBody("/metrics"), name, labels);
}

EntryId World::Publish(const std::string& user, const std::string& tag) {
  test::Publish publish;
  publish.tag = tag;
  publish.project = kProject;
  publish.user_id = user;
  publish.asked_us = SteadyMicros();
  v1::Notification notification;
  notification.set_title(tag);
  notification.set_level("info");
  v1::AppendRequest request;
  v1::AppendItem& item = *request.add_items();
  item.set_kind(v1::ENTRY_KIND_NOTIFICATION);
  item.set_project(kProject);
  item.set_user_id(user);
  item.set_idempotency_key(tag);
  item.set_content_hash(std::string(32, 'h'));
  item.set_payload(notification.SerializeAsString());
  const auto stub = v1::StoreService::NewStub(channel_);
  const bool stored = WaitUntil(
      [&] {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
        context.set_wait_for_ready(true);
        v1::AppendResponse response;
        if (!stub->Append(&context, request, &response).ok() || response.results_size() != 1 ||
            !response.results(0).has_ok()) {
          return false;
        }
        publish.ids = {response.results(0).ok().id()};
        return true;
      },
      kLong);
  BELFRY_CHECK(stored);
  publish.answered_us = SteadyMicros();
  publish.outcome = test::Publish::Outcome::kAcknowledged;
  publishes_.push_back(publish);
  return publish.ids.front();
}

std::size_t World::Listen(const std::string& user) {
  SseClientOptions options;
  options.name = user + "-" + std::to_string(fleet_.Histories().size());
  options.project = kProject;
  options.user_id = user;
  options.token = Token(user);
  options.edges = {http_};
  return fleet_.Add(options);
}

std::string World::Judge(bool resets_allowed) const {
  History history{publishes_, fleet_.Histories()};
  CheckOptions options;
  options.partitions = static_cast<Partition>(store_config_.partitions);
  options.resets_allowed = resets_allowed;
  std::string all;
  for (const Violation& violation : Check(history, options).violations) {
    all += std::string(ClauseName(violation.clause)) + ": " + violation.what + "\n" +
           violation.excerpt + "\n";
  }
  return all;
}

std::string World::Token(const std::string& user) const {
  wire::JwtClaims claims;
  claims.project = kProject;
  claims.user_id = user;
  claims.issued_s = SystemClock().UnixMicros() / 1'000'000;
  claims.expires_s = claims.issued_s + 3'600;
  return wire::SignJwt(signer_, claims);
}

}  // namespace belfry::test
