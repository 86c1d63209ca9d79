// SPDX-License-Identifier: Apache-2.0
// One run: producers, ingests, a store, a bus, edges and clients, what befalls them by a seed, and
// the checker's verdict on what they lived through.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/access_rules.h"
#include "tests/simulation/context.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_backend.h"
#include "tests/simulation/sim_bus.h"
#include "tests/simulation/sim_client.h"
#include "tests/simulation/sim_edge_node.h"
#include "tests/simulation/sim_ingest_node.h"
#include "tests/simulation/sim_producer.h"
#include "tests/simulation/sim_store_node.h"
#include "tests/support/checker/checker.h"

namespace belfry::sim {

// What came of a run.
struct Outcome {
  test::Verdict verdict;
  AccessVerdict access;
  Coverage coverage;
  std::uint64_t trace_hash = 0;
  std::uint64_t steps = 0;   // of the trace
  std::uint64_t events = 0;  // of the scheduler

  bool ok() const { return verdict.ok() && access.ok(); }
  std::string ToString() const { return verdict.ToString() + access.ToString(); }
};

// Everything of a run. Faults reach into it.
class World {
 public:
  // `trace`: where steps are printed; null: nowhere.
  World(const Plan& plan, const Instruments& instruments, std::FILE* trace);

  // Runs it all. Once.
  Outcome Run();

  Context context;
  Network network{context};
  SimBus bus{context};
  SimStoreNode store{context, network, bus};
  SimBackend backend{context, network, store};
  std::vector<std::unique_ptr<SimEdgeNode>> edges;
  std::vector<std::unique_ptr<SimIngestNode>> ingests;
  std::vector<std::unique_ptr<SimClient>> clients;
  std::vector<std::unique_ptr<SimProducer>> producers;

 private:
  void AddClient(int number);
  AccessVerdict JudgeStreams() const;
  test::History TakeHistory();
  test::StoredLog TakeLog(Partition partition) const;

  bool strangers_ = false;  // some client comes with a cursor of elsewhere
};

// The run that `seed` stands for in `profile`.
Outcome RunSeed(std::string_view profile, std::uint64_t seed, const Instruments& instruments,
                std::FILE* trace = nullptr);

}  // namespace belfry::sim
