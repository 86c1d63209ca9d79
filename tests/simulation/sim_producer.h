// SPDX-License-Identifier: Apache-2.0
// A service that publishes: through any ingest, again with the same key when it does not know what
// became of it, and now and then with a key that is used already. It writes down what it was told.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/network.h"
#include "tests/simulation/sim_ingest_node.h"
#include "tests/support/checker/history.h"

namespace belfry::sim {

class SimProducer {
 public:
  // `ingests` must outlive it.
  SimProducer(Context& context, int number, Network& network,
              const std::vector<std::unique_ptr<SimIngestNode>>& ingests);

  void Start() { PublishLater(); }
  // Publishes nothing new; what is under way goes on.
  void Stop() { stopped_ = true; }
  // What was asked for and answered. Call at the end, once.
  std::vector<test::Publish> TakePublishes();

 private:
  // One publish over all its attempts.
  struct Wish {
    test::Publish publish;
    ingest::ItemContent content;
    int group = 0;
    int attempts = 0;
    int again = 0;         // how often it is to be asked for again after it was acknowledged
    bool unknown = false;  // the outcome of some attempt
    bool refused = false;
  };

  void PublishLater();
  void Publish();
  void Attempt(const std::shared_ptr<Wish>& wish);
  void OnAnswer(const std::shared_ptr<Wish>& wish, const Result<ingest::PublishResult>& answer);
  void AttemptLater(const std::shared_ptr<Wish>& wish);
  std::shared_ptr<Wish> MakeWish();

  Context& context_;
  const int number_;
  Network& network_;
  const std::vector<std::unique_ptr<SimIngestNode>>& ingests_;
  const Link link_;
  const Life life_ = NewLife();
  bool stopped_ = false;
  int made_ = 0;
  std::vector<std::shared_ptr<Wish>> wishes_;
};

}  // namespace belfry::sim
