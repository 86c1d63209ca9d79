// SPDX-License-Identifier: Apache-2.0
// A real store and a real edge in this process, between them a real nats-server or a bridge that
// loses what a test wants lost, and SSE clients that keep books.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/wire/auth/jwt.h"
#include "libs/wire/nats/nats.h"
#include "services/edge/app.h"
#include "services/store/app.h"
#include "tests/support/checker/history.h"
#include "tests/support/cluster/socket.h"
#include "tests/support/cluster/sse_fleet.h"
#include "tests/support/nats_server.h"
#include "tests/support/temp_dir.h"

namespace grpc {
class Channel;
}

namespace belfry::test {

inline constexpr std::chrono::seconds kLong{30};
// The promise of docs/guarantees.md, plus what a loaded machine may add to it.
inline constexpr std::chrono::milliseconds kPromised{2'000 + 1'500};

// Carries messages from one nats-server to another, as `route` says.
class Bridge {
 public:
  // For each message: how often to pass it on (0: lose it). Called on a thread of NATS'.
  using Route = std::function<int(const std::string& subject, const std::string& bytes)>;

  Bridge(const std::string& from_url, const std::string& to_url);
  bool WaitConnected() const;
  void SetRoute(Route route);

 private:
  void Pass(std::string_view subject, std::string_view bytes);

  std::mutex mutex_;
  Route route_;  // guarded by mutex_; null: everything once
  std::unique_ptr<wire::NatsPublisher> to_;
  std::unique_ptr<wire::NatsSubscriber> from_;
};

class World {
 public:
  World();
  ~World();

  // Before the start: what is to be different.
  store::Config& store_config() { return store_config_; }
  edge::Config& edge_config() { return edge_config_; }

  // On the same ports and data each time. False, with the reason on stderr, if it does not start.
  [[nodiscard]] bool StartStore();
  void StopStore();
  // The next StartStore begins with an empty data directory.
  void ForgetStoreData();
  [[nodiscard]] bool StartEdge();
  void StopEdge() { edge_.reset(); }  // as killed: streams break
  edge::App& edge() { return *edge_; }

  // GET on the edge's admin port; 0 if nothing answers.
  int AdminStatus(const std::string& path) const;
  std::string AdminBody(const std::string& path) const;
  bool WaitReady() const;
  // The sum of all samples whose labels contain `labels`.
  double Metric(const std::string& name, const std::string& labels = {}) const;

  // Stores one for `user`; its title is its tag. Keeps trying until the store says OK.
  EntryId Publish(const std::string& user, const std::string& tag);
  // A stream for that user; its number in the fleet.
  std::size_t Listen(const std::string& user);
  SseFleet& fleet() { return fleet_; }
  const std::vector<test::Publish>& publishes() const { return publishes_; }

  // The checker's judgement of all that happened, one violation a line; empty if there is none.
  std::string Judge(bool resets_allowed = false) const;

  std::string Token(const std::string& user) const;
  Endpoint http() const { return http_; }
  NatsServer& nats() { return nats_; }
  const std::string& keys_path() const { return edge_config_.jwt_keys_file; }
  const TempDir& dir() const { return dir_; }

 private:
  TempDir dir_;
  const std::string host_;
  NatsServer nats_;
  store::Config store_config_;
  edge::Config edge_config_;
  Endpoint http_;
  Endpoint admin_;
  wire::JwtSigner signer_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<test::Publish> publishes_;
  std::unique_ptr<store::App> store_;
  std::unique_ptr<edge::App> edge_;
  SseFleet fleet_;
};

}  // namespace belfry::test
