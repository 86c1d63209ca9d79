// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cluster/cluster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/common/check.h"
#include "libs/wire/auth/api_keys.h"
#include "tests/support/announce_keys.h"
#include "tests/support/cluster/metrics_text.h"
#include "tests/support/nats_users.h"
#include "tests/support/wait.h"

namespace belfry::test {
namespace {

using Millis = std::chrono::milliseconds;

// A loopback address that no other test program uses: on it a port that was free stays free.
std::string OwnAddress() {
  static unsigned made = 0;
  const unsigned pid = static_cast<unsigned>(getpid());
  return "127." + std::to_string(16 + pid / 65536 % 64 + 64 * (made++ % 3)) + "." +
         std::to_string(pid / 256 % 256) + "." + std::to_string(pid % 254 + 1);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> Join(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

Node::Node(std::string name, std::vector<std::string> argv, Endpoint serves,
           std::optional<Endpoint> admin, std::string log_path)
    : name_(std::move(name)),
      argv_(std::move(argv)),
      serves_(std::move(serves)),
      admin_(std::move(admin)),
      log_path_(std::move(log_path)) {}

void Node::Start(const std::vector<std::string>& more) {
  if (Running()) {
    return;
  }
  auto process = Process::Start(Join(argv_, more), log_path_);
  if (!process.ok()) {
    std::fprintf(stderr, "%s\n", process.error().ToString().c_str());
  }
  BELFRY_CHECK(process.ok());
  process_ = *std::move(process);
}

void Node::Kill() {
  if (process_) {
    process_->Kill();
  }
}
void Node::Pause() { process_->Signal(SIGSTOP); }
void Node::Resume() { process_->Signal(SIGCONT); }
void Node::Terminate() { process_->Signal(SIGTERM); }

std::optional<int> Node::WaitForEnd(Millis patience) { return process_->WaitForEnd(patience); }

std::optional<int> Node::Stop(Millis patience) {
  Terminate();
  return WaitForEnd(patience);
}

bool Node::Running() { return process_ && process_->Running(); }

bool Node::WaitReady(Millis patience) {
  return WaitUntil(
      [this] {
        if (admin_) {
          return AdminStatus("/readyz") == 200;
        }
        return Connect(serves_, std::chrono::seconds(1)).ok();
      },
      patience);
}

int Node::AdminStatus(const std::string& path) {
  const auto answer = Get(*admin_, path);
  return answer.ok() ? answer->status : 0;
}

std::string Node::AdminBody(const std::string& path) {
  const auto answer = Get(*admin_, path);
  return answer.ok() ? answer->body : "";
}

double Node::Metric(const std::string& name, const std::string& labels) {
  const auto answer = Get(*admin_, "/metrics");
  return answer.ok() ? SumOfMetric(answer->body, name, labels) : 0;
}

std::string Node::LogTail() const {
  const std::string log = ReadFile(log_path_);
  constexpr std::size_t kShown = 3000;
  return log.size() > kShown ? log.substr(log.size() - kShown) : log;
}

Cluster::Cluster(const ClusterOptions& options)
    : dir_(std::make_unique<TempDir>()), options_(options), host_(OwnAddress()) {
  api_keys_path_ = MakeKeys();
  jwt_keys_path_ = path("jwt-keys.json");
  internal_keys_ = WriteInternalKeys(*dir_);
  const Endpoint nats = NewEndpoint("nats");
  nats_ = MakeNode("nats",
                   {"/usr/sbin/nats-server", "-c", path("nats-users.conf"), "-a", nats.host, "-p",
                    std::to_string(nats.port)},
                   nats, std::nullopt);
  MakeStore(options.store_args);
  MakeIngest(options.ingest_args);
  for (int i = 1; i <= options.edges; ++i) {
    MakeEdge(i, options.edge_args);
  }
}

Endpoint Cluster::NewEndpoint(const std::string& node) {
  const auto elsewhere = options_.hosts.find(node);
  if (elsewhere != options_.hosts.end()) {
    // In a namespace of its own nobody else takes ports.
    const auto port = static_cast<std::uint16_t>(20'000 + taken_.size());
    taken_.insert(port);
    return {elsewhere->second, port};
  }
  Endpoint free{host_, FreePort(host_)};
  while (!taken_.insert(free.port).second) {
    free.port = FreePort(host_);
  }
  return free;
}

std::unique_ptr<Node> Cluster::MakeNode(const std::string& name, std::vector<std::string> argv,
                                        Endpoint serves, std::optional<Endpoint> admin) {
  const auto before = options_.before.find(name);
  if (before != options_.before.end()) {
    argv = Join(before->second, argv);
  }
  return std::make_unique<Node>(name, std::move(argv), std::move(serves), std::move(admin),
                                path(name + ".log"));
}

Endpoint Cluster::Way(const std::string& caller, const Node& called) const {
  const auto detour = options_.detours.find(caller + ">" + called.name());
  return detour == options_.detours.end() ? called.serves() : detour->second;
}

std::string Cluster::NatsUrl(const std::string& caller) const {
  return "--nats-url=nats://" + Way(caller, *nats_).ToString();
}

void Cluster::MakeStore(const std::vector<std::string>& more) {
  const Endpoint grpc = NewEndpoint("store"), admin = NewEndpoint("store");
  const std::string data = options_.data.empty() ? path("data") : options_.data;
  store_ = MakeNode("store",
                    Join({BinDir() + "/belfry-store", "--store-grpc=" + grpc.ToString(),
                          "--store-admin=" + admin.ToString(), "--store-data=" + data,
                          "--announce-keys-file=" + announce_keys_path_,
                          "--internal-keys-file=" + internal_keys_.store, "--core-dumps",
                          "--nats-credentials-file=" + path("nats-store.txt"), NatsUrl("store")},
                         more),
                    grpc, admin);
}

void Cluster::MakeIngest(const std::vector<std::string>& more) {
  const Endpoint grpc = NewEndpoint("ingest"), admin = NewEndpoint("ingest");
  ingest_http_ = NewEndpoint("ingest");
  ingest_ = MakeNode(
      "ingest",
      Join(
          {BinDir() + "/belfry-ingest", "--ingest-grpc=" + grpc.ToString(),
           "--ingest-http=" + ingest_http_.ToString(), "--ingest-admin=" + admin.ToString(),
           "--store-grpc=" + Way("ingest", *store_).ToString(), "--api-keys-file=" + api_keys_path_,
           "--internal-key-file=" + internal_keys_.ingest, "--core-dumps"},
          more),
      grpc, admin);
}

void Cluster::MakeEdge(int number, const std::vector<std::string>& more) {
  const std::string name = "edge-" + std::to_string(number);
  const Endpoint http = NewEndpoint(name), admin = NewEndpoint(name);
  edges_.push_back(MakeNode(
      name,
      Join({BinDir() + "/belfry-edge", "--edge-http=" + http.ToString(),
            "--edge-admin=" + admin.ToString(), "--store-grpc=" + Way("edge", *store_).ToString(),
            "--jwt-keys-file=" + jwt_keys_path_, "--announce-keys-file=" + announce_keys_path_,
            "--nats-credentials-file=" + path("nats-edge.txt"), NatsUrl("edge"),
            "--internal-key-file=" + internal_keys_.edge, "--core-dumps",
            // All clients of a test are one project's and come from one address.
            "--edge-streams-per-project-max=16000", "--edge-streams-per-address-max=16000"},
           more),
      http, admin));
}

Cluster::~Cluster() {
  for (Node* node : All()) {
    node->Kill();
  }
  if (!::testing::Test::HasFailure()) {
    return;
  }
  std::error_code ignored;
  std::filesystem::copy(dir_->path(), kept_dir(), std::filesystem::copy_options::recursive,
                        ignored);
  std::fprintf(stderr, "logs and data of the failed test: %s\n", kept_dir().c_str());
}

std::string Cluster::MakeKeys() {
  WriteNatsUsers(*dir_);
  const auto all = wire::MakeApiKey("all", kProject, true, true, true, true);
  const auto notify = wire::MakeApiKey("notify", kProject, true, false);
  const auto rival = wire::MakeApiKey("rival", kRival, true, true, true);
  api_key_ = all.text;
  notify_key_ = notify.text;
  rival_api_key_ = rival.text;
  announce_keys_path_ = WriteAnnounceKeys(*dir_);
  const std::string jwt_keys = dir_->Write("jwt-keys.json", wire::MakeJwtKeysJson("test"));
  auto signer = wire::LoadSigner(jwt_keys);
  BELFRY_CHECK(signer.ok());
  signer_ = *std::move(signer);
  return dir_->Write("api-keys.json", wire::ApiKeysJson({all.key, notify.key, rival.key}));
}

std::string Cluster::BinDir() {
  const char* dir = std::getenv("BELFRY_BIN_DIR");
  BELFRY_CHECK(dir != nullptr);
  return dir;
}

std::vector<Node*> Cluster::All() {
  std::vector<Node*> all{nats_.get(), store_.get(), ingest_.get()};
  for (const auto& edge : edges_) {
    all.push_back(edge.get());
  }
  return all;
}

std::vector<Endpoint> Cluster::EdgeEndpoints() const {
  std::vector<Endpoint> endpoints;
  for (const auto& edge : edges_) {
    endpoints.push_back(Way("browser", *edge));
  }
  return endpoints;
}

Endpoint Cluster::IngestEndpoint() const { return Way("producer", *ingest_); }

bool Cluster::Start() {
  for (Node* node : All()) {
    node->Start();
  }
  bool ready = true;
  for (Node* node : All()) {
    if (node->WaitReady()) {
      continue;
    }
    ready = false;
    std::fprintf(stderr, "%s is not ready:\n%s\n", node->name().c_str(), node->LogTail().c_str());
  }
  return ready;
}

std::string Cluster::Token(const std::string& user, const std::string& project) const {
  wire::JwtClaims claims;
  claims.project = project;
  claims.user_id = user;
  const std::int64_t now_s = std::time(nullptr);
  claims.issued_s = now_s - options_.clocks_off.count();
  claims.expires_s = now_s + 3600 + options_.clocks_off.count();
  return wire::SignJwt(signer_, claims);
}

}  // namespace belfry::test
