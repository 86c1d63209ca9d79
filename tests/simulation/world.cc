// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/world.h"

#include <string>
#include <utility>

#include "tests/simulation/faults.h"

namespace belfry::sim {
namespace {

// Far beyond what any clock here says.
constexpr EntryId kElsewhere = EntryId{1} << 52;
// Clause 8; and how long things may take to be well again after a trouble.
constexpr std::chrono::seconds kPromise{2};
constexpr std::chrono::seconds kRecovery{4};
// Nobody is slow to start for longer.
constexpr Millis kClientsStartWithin{6'000};
// An edge's table of revocations with room for all users of a run.
constexpr std::size_t kTablesLarge = 1'000;
constexpr int kKeepsTokenPercent = 15;  // of the clients, where tokens are revoked

}  // namespace

World::World(const Plan& plan, const Instruments& instruments, std::FILE* trace)
    : context(plan, instruments, trace) {
  for (int i = 1; i <= plan.edges; ++i) {
    edges.push_back(
        std::make_unique<SimEdgeNode>(context, "edge-" + std::to_string(i), network, bus, store));
    edges.back()->clock().Set(i % 2 == 1 ? plan.edge_clocks_off : -plan.edge_clocks_off);
    bus.Subscribe(*edges.back());
  }
  for (int i = 1; i <= plan.ingests; ++i) {
    ingests.push_back(
        std::make_unique<SimIngestNode>(context, "ingest-" + std::to_string(i), network, store));
  }
  for (int i = 1; i <= plan.producers; ++i) {
    producers.push_back(std::make_unique<SimProducer>(context, i, network, ingests));
  }
  for (int i = 1; i <= plan.clients; ++i) {
    AddClient(i);
  }
}

void World::AddClient(int number) {
  Random& random = context.random;
  SimClient::Identity identity;
  identity.name = "client-" + std::to_string(number);
  identity.project = context.plan.ProjectOf(random);
  identity.user_id = "u" + std::to_string(random.Pick(1, context.plan.users));
  identity.batch = Millis(random.Chance(25) ? 100 : 0);
  if (random.Chance(context.plan.strangers)) {
    identity.cursor = kElsewhere + static_cast<EntryId>(random.Pick(0, 1'000'000));
    context.coverage.Add(Seen::kStrangeCursor);
    strangers_ = true;
  } else if (random.Chance(20)) {
    identity.cursor = 0;  // wants all there is
  }
  identity.keeps_token = context.plan.revoke_every.count() > 0 && random.Chance(kKeepsTokenPercent);
  clients.push_back(
      std::make_unique<SimClient>(context, std::move(identity), edges, network, store, backend));
}

Outcome World::Run() {
  store.Start();
  for (const auto& ingest : ingests) {
    ingest->Start();
  }
  for (const auto& edge : edges) {
    context.scheduler.After(context.random.UpTo(Millis(300)), [&edge] { edge->Start(); });
  }
  for (const auto& producer : producers) {
    producer->Start();
  }
  backend.Start();
  for (const auto& client : clients) {
    context.scheduler.After(context.random.UpTo(kClientsStartWithin),
                            [&client] { client->Start(); });
  }
  Faults faults(*this);
  const SteadyTime begin = context.scheduler.now();
  context.scheduler.RunUntil(begin + context.plan.run);

  context.trace.Step("world", "calms down");
  context.plan.Calm();
  faults.MendAll();
  for (const auto& producer : producers) {
    producer->Stop();
  }
  backend.Stop();
  for (const auto& client : clients) {
    client->Settle();
  }
  context.scheduler.RunUntil(begin + context.plan.run + context.plan.settle);

  test::CheckOptions options;
  options.partitions = context.plan.partitions;
  options.resets_allowed = strangers_ || store.history_gone();
  options.timely = kPromise;
  options.recovery = kRecovery;
  Outcome outcome;
  outcome.access = JudgeStreams();
  outcome.verdict = test::Check(TakeHistory(), options);
  outcome.coverage = context.coverage;
  outcome.trace_hash = context.trace.hash();
  outcome.steps = context.trace.steps();
  outcome.events = context.scheduler.happened();
  return outcome;
}

AccessVerdict World::JudgeStreams() const {
  std::vector<test::Trouble> troubles = context.troubles;
  troubles.insert(troubles.end(), context.silences.begin(), context.silences.end());
  AccessEvidence evidence{.orders = backend.orders(),
                          .logged = store.past().for_edges,
                          .deadlines = {std::move(troubles), kPromise, kRecovery},
                          .tables_small = context.plan.revocations_max < kTablesLarge,
                          .log_gone = store.history_gone(),
                          .end_us = context.scheduler.micros()};
  for (const auto& client : clients) {
    evidence.streams.insert(evidence.streams.end(), client->streams().begin(),
                            client->streams().end());
  }
  return JudgeAccess(evidence);
}

test::History World::TakeHistory() {
  test::History history;
  for (const auto& producer : producers) {
    for (test::Publish& publish : producer->TakePublishes()) {
      history.publishes.push_back(std::move(publish));
    }
  }
  for (const auto& client : clients) {
    history.clients.push_back(std::move(client->history()));
  }
  for (Partition p = 0; p < context.plan.partitions; ++p) {
    history.stored.push_back(TakeLog(p));
  }
  history.joined = store.Joins();
  history.troubles = std::move(context.troubles);
  return history;
}

test::StoredLog World::TakeLog(Partition partition) const {
  const Rows& rows = store.rows();
  test::StoredLog log;
  log.partition = partition;
  log.floor = store.FloorOf(partition);
  for (const store::LostInterval& lost : store.LossesOf(partition)) {
    log.lost.emplace_back(lost.from, lost.to);
  }
  const auto stored_of = [partition](const EntryPtr& entry) {
    test::Stored stored;
    stored.partition = partition;
    stored.id = entry->id;
    stored.prev = entry->prev;
    stored.project = entry->project;
    stored.user_id = entry->user_id;
    if (entry->kind == EntryKind::kState) {
      stored.change = *DecodeStateChange(entry->payload.view());
    } else {
      stored.tag = entry->payload.str();
      stored.kind = entry->notification_kind;
    }
    stored.broadcast_id = entry->broadcast_id;
    if (entry->expires_us != 0) {
      stored.expires_us = entry->expires_us - SimClock::UnixMicrosAt(0);
    }
    return stored;
  };
  for (const auto& [id, entry] : rows.logs[partition]) {
    // At or below the floor: was gone, and is there again.
    (id <= log.floor ? log.retired : log.entries).push_back(stored_of(entry));
  }
  for (const auto* gone : {&store.past().retired[partition], &store.past().lost[partition]}) {
    for (const auto& [id, entry] : *gone) {
      log.retired.push_back(stored_of(entry));
    }
  }
  log.floors = store.past().floors[partition];
  return log;
}

Outcome RunSeed(std::string_view profile, std::uint64_t seed, const Instruments& instruments,
                std::FILE* trace) {
  World world(MakePlan(profile, seed), instruments, trace);
  return world.Run();
}

}  // namespace belfry::sim
