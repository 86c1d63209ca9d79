// SPDX-License-Identifier: Apache-2.0
// belfry as it runs: nats-server, store, ingest and edges as real processes with data of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "libs/common/result.h"
#include "libs/wire/auth/jwt.h"
#include "tests/support/cluster/internal_keys.h"
#include "tests/support/cluster/process.h"
#include "tests/support/cluster/socket.h"
#include "tests/support/temp_dir.h"

namespace belfry::test {

// How long anything may take on a slow machine before a test gives up.
inline constexpr std::chrono::seconds kPatience{60};

// One process with its fixed command line: started, killed and started again on the same ports and
// data. One thread only (see process.h).
class Node {
 public:
  // `admin` answers /readyz; nothing for nats-server, which is ready when `serves` accepts.
  Node(std::string name, std::vector<std::string> argv, Endpoint serves,
       std::optional<Endpoint> admin, std::string log_path);

  // Starts it if it does not run, with `more` arguments this time. Aborts the test program if there
  // is no such binary.
  void Start(const std::vector<std::string>& more = {});
  // SIGKILL.
  void Kill();
  // SIGSTOP and SIGCONT.
  void Pause();
  void Resume();
  // SIGTERM. The wait status, nothing if it does not end within `patience`.
  std::optional<int> Stop(std::chrono::milliseconds patience = kPatience);
  void Terminate();  // SIGTERM, does not wait
  std::optional<int> WaitForEnd(std::chrono::milliseconds patience = kPatience);

  bool Running();
  // Whether /readyz says 200 within `patience`.
  bool WaitReady(std::chrono::milliseconds patience = kPatience);
  // The status of GET `path` on the admin port, 0 if nothing answers.
  int AdminStatus(const std::string& path);
  std::string AdminBody(const std::string& path);  // empty if nothing answers
  // The sum of all samples of that metric whose labels contain `labels` ("reason=\"x\"").
  double Metric(const std::string& name, const std::string& labels = {});

  const std::string& name() const { return name_; }
  const Endpoint& serves() const { return serves_; }
  const std::vector<std::string>& argv() const { return argv_; }
  pid_t pid() const { return process_ ? process_->pid() : -1; }
  std::string LogTail() const;  // the last lines of its log

 private:
  const std::string name_;
  const std::vector<std::string> argv_;
  const Endpoint serves_;
  const std::optional<Endpoint> admin_;
  const std::string log_path_;
  std::unique_ptr<Process> process_;
};

struct ClusterOptions {
  int edges = 1;
  // Added to the command lines: "--store-partitions=4".
  std::vector<std::string> store_args = {};
  std::vector<std::string> ingest_args = {};
  std::vector<std::string> edge_args = {};
  // By node ("nats", "store", "ingest", "edge-1"): words before its command line, such as
  // "/usr/bin/env", "LD_PRELOAD=...".
  std::map<std::string, std::vector<std::string>> before = {};
  // By node: the address that it serves on, of a network namespace of its own; else loopback.
  std::map<std::string, std::string> hosts = {};
  // Who reaches whom by a detour: "store>nats", "ingest>store", "edge>store", "edge>nats",
  // "producer>ingest", "browser>edge-1".
  std::map<std::string, Endpoint> detours = {};
  std::string data = {};  // the store's directory; else one of the cluster's own
  // How wrong a node's clock may be for tokens to be good there all the same.
  std::chrono::seconds clocks_off{0};
};

// Makes directories, keys and free ports; starts nothing by itself. Kills what runs at its end and
// leaves the logs behind, saying where, if the GoogleTest test has failed.
class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options = {});
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // Starts all and waits until all are ready: false (with their logs on stderr) if they are not.
  [[nodiscard]] bool Start();

  Node& nats() { return *nats_; }
  Node& store() { return *store_; }
  Node& ingest() { return *ingest_; }
  Node& edge(std::size_t i = 0) { return *edges_.at(i); }
  std::size_t edges() const { return edges_.size(); }
  // Where browsers and producers go to.
  std::vector<Endpoint> EdgeEndpoints() const;
  Endpoint IngestEndpoint() const;
  std::vector<Node*> All();
  const Endpoint& ingest_http() const { return ingest_http_; }

  // What every test of the cluster uses.
  static constexpr char kProject[] = "acme";
  static constexpr char kRival[] = "rival";                            // another project
  const std::string& api_key() const { return api_key_; }              // acme: all scopes
  const std::string& notify_key() const { return notify_key_; }        // acme: notify
  const std::string& rival_api_key() const { return rival_api_key_; }  // rival: all scopes
  // A token that is good for an hour; see ClusterOptions::clocks_off.
  std::string Token(const std::string& user, const std::string& project = kProject) const;
  const wire::JwtSigner& signer() const { return signer_; }
  std::string path(const std::string& name) const { return (dir_->path() / name).string(); }
  // Where path(name) is left behind if the test fails.
  std::string kept_path(const std::string& name) const { return kept_dir() + "/" + name; }
  // The binaries' folder ($BELFRY_BIN_DIR).
  static std::string BinDir();

 private:
  std::string kept_dir() const { return dir_->path().string() + "-failed"; }
  std::string MakeKeys();
  // A free port of the node's host.
  Endpoint NewEndpoint(const std::string& node);
  std::unique_ptr<Node> MakeNode(const std::string& name, std::vector<std::string> argv,
                                 Endpoint serves, std::optional<Endpoint> admin);
  void MakeStore(const std::vector<std::string>& more);
  void MakeIngest(const std::vector<std::string>& more);
  void MakeEdge(int number, const std::vector<std::string>& more);
  // Where `caller` reaches `called`: the detour, or else the process itself.
  Endpoint Way(const std::string& caller, const Node& called) const;
  std::string NatsUrl(const std::string& caller) const;

  std::unique_ptr<TempDir> dir_;
  const ClusterOptions options_;
  const std::string host_;
  std::set<std::uint16_t> taken_;
  std::string api_keys_path_, jwt_keys_path_, announce_keys_path_;
  InternalKeyFiles internal_keys_;
  std::string api_key_, notify_key_, rival_api_key_;
  wire::JwtSigner signer_;
  Endpoint ingest_http_;
  std::unique_ptr<Node> nats_, store_, ingest_;
  std::vector<std::unique_ptr<Node>> edges_;
};

}  // namespace belfry::test
