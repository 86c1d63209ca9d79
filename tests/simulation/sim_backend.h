// SPDX-License-Identifier: Apache-2.0
// The backend of an application: it issues its users' tokens, and now and then it revokes some or
// closes a user's streams, and asks again until it is answered. It writes down what it asked for.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/network.h"
#include "tests/simulation/sim_store_node.h"

namespace belfry::sim {

// One thing that it asked for, over all its attempts. Times are microseconds of the simulation.
struct AccessOrder {
  AudienceOp op = AudienceOp::kRevokeTokens;  // or kCloseStreams
  std::string project;
  std::string user_id;  // empty: everybody of the project
  std::int64_t asked_us = 0;
  std::optional<std::int64_t> answered_us = {};  // std::nullopt: no attempt was acknowledged
  std::int64_t revoked_us = 0;                   // of a revocation, as answered
};

class SimBackend {
 public:
  // `network` and `store` must outlive it. Its calls go to the store by themselves: what an ingest
  // adds on the way decides nothing.
  SimBackend(Context& context, Network& network, SimStoreNode& store);

  void Start() { OrderLater(); }
  // Asks for nothing new; what is under way goes on.
  void Stop() { stopped_ = true; }

  // The "iat" of a new token: now, or later if an answer to a revocation has said so. Whether an
  // edge would still wait for that moment, its verifier decides, which is not part of this.
  std::int64_t IssueToken(const std::string& project, const std::string& user_id) const;

  std::vector<AccessOrder> orders() const;

 private:
  void OrderLater();
  std::shared_ptr<AccessOrder> MakeOrder();
  void Attempt(const std::shared_ptr<AccessOrder>& order);
  void OnAnswer(const std::shared_ptr<AccessOrder>& order,
                const Result<store::AppendResults>& results);
  void NoteAnswer(AccessOrder& order, const AudienceUpdated& updated);
  std::int64_t ValidFrom(const std::string& project, const std::string& user_id) const;

  Context& context_;
  Network& network_;
  SimStoreNode& store_;
  const Link link_;
  const Life life_ = NewLife();
  bool stopped_ = false;
  std::vector<std::shared_ptr<AccessOrder>> orders_;
  // By project and user (empty: all of the project): the first "iat" that is good.
  std::map<std::pair<std::string, std::string>, std::int64_t> valid_from_;
};

}  // namespace belfry::sim
