// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/plan.h"

#include <algorithm>

#include "libs/common/check.h"

namespace belfry::sim {
namespace {

// Makes a plan unlucky in one way; several can be added up.
using Season = void (*)(Plan& plan, Random& random);

void Calm(Plan&, Random&) {}

void BadBus(Plan& plan, Random& random) {
  plan.bus_lost = static_cast<int>(random.Pick(0, 40));
  plan.bus_repeated = static_cast<int>(random.Pick(0, 20));
  plan.bus_refused = static_cast<int>(random.Pick(0, 3));
  plan.bus_max = Millis(random.Pick(1, 300));
  plan.bus_dead = random.Chance(8);
  plan.Every(Fault::kBusOutage) = Millis(5'000);
  plan.Every(Fault::kBusSilence) = Millis(5'000);
  plan.Every(Fault::kEdgeOffBus) = Millis(5'000);
  plan.Every(Fault::kAnnouncerStall) = Millis(5'000);
}

void Hostile(Plan& plan, Random& random) {
  BadBus(plan, random);
  plan.bus_dead = false;
  plan.Every(Fault::kBusHostile) = Millis(random.Pick(500, 3'000));
}

void Crashes(Plan& plan, Random& random) {
  plan.slow_commits = static_cast<int>(random.Pick(0, 10));
  plan.Every(Fault::kStoreKill) = Millis(random.Pick(1'500, 6'000));
  plan.Every(Fault::kStorePowerCut) = Millis(random.Pick(1'500, 6'000));
  plan.Every(Fault::kStoreRestart) = Millis(8'000);
  plan.Every(Fault::kStoreFreeze) = Millis(8'000);
  plan.Every(Fault::kFsyncFails) = Millis(5'000);
  plan.Every(Fault::kEdgeKill) = Millis(random.Pick(2'000, 8'000));
  plan.Every(Fault::kEdgeDrain) = Millis(8'000);
  plan.Every(Fault::kEdgeFreeze) = Millis(6'000);
  plan.Every(Fault::kIngestKill) = Millis(random.Pick(2'000, 8'000));
}

void BadNetwork(Plan& plan, Random& random) {
  plan.calls_lost = static_cast<int>(random.Pick(0, 5));
  plan.answers_lost = static_cast<int>(random.Pick(0, 4));
  plan.call_max = Millis(random.Pick(1, 60));
  plan.connection_max = Millis(random.Pick(1, 60));
  plan.reads_failed = static_cast<int>(random.Pick(0, 4));
  plan.wander_every = Millis(random.Pick(500, 5'000));
  plan.Every(Fault::kEdgeStoreCut) = Millis(4'000);
  plan.Every(Fault::kIngestStoreCut) = Millis(4'000);
  plan.Every(Fault::kClientCut) = Millis(1'000);
  plan.Every(Fault::kHalfOpenEdge) = Millis(3'000);
  plan.Every(Fault::kHalfOpenClient) = Millis(3'000);
}

void SlowReaders(Plan& plan, Random& random) {
  plan.queue_bytes_max = static_cast<std::uint64_t>(random.Pick(300, 2'000));
  plan.held_bytes_max = static_cast<std::uint64_t>(random.Pick(200, 1'000));
  plan.call_max = Millis(random.Chance(50) ? 200 : 4);  // much happens while a feed is read
  plan.connection_bytes = static_cast<std::size_t>(random.Pick(100, 1'500));
  plan.page_entries_max = random.Pick(2, 6);
  plan.per_user_max = static_cast<int>(random.Pick(1, 4));
  plan.token_life = Millis(random.Chance(50) ? 4'000 : 0);
  plan.Every(Fault::kSlowReader) = Millis(400);
}

void ShortRetention(Plan& plan, Random& random) {
  // Half of the time so short that whoever comes back may find that the floor is just passing.
  plan.retention_window =
      Millis(random.Chance(50) ? random.Pick(50, 400) : random.Pick(500, 6'000));
  plan.wander_every = Millis(random.Pick(300, 4'000));
  plan.publish_every = Millis(random.Pick(60, 400));
  plan.Every(Fault::kDiskLow) = Millis(5'000);
  plan.strangers = 10;
}

void WrongClocks(Plan& plan, Random& random) {
  plan.expiring = 0;  // by a wrong clock, early
  plan.clock_jump_max = random.Chance(50) ? std::chrono::microseconds(std::chrono::seconds(5))
                                          : std::chrono::microseconds(std::chrono::hours(20));
  plan.Every(Fault::kClockAhead) = Millis(3'000);
  plan.Every(Fault::kClockBack) = Millis(3'000);
  plan.Every(Fault::kEdgeClock) = Millis(3'000);
}

void Restores(Plan& plan, Random&) { plan.Every(Fault::kRestore) = Millis(4'000); }

void RestoresAndCrashes(Plan& plan, Random& random) {
  Crashes(plan, random);
  Restores(plan, random);
}

void ClocksAndCrashes(Plan& plan, Random& random) {
  Crashes(plan, random);
  WrongClocks(plan, random);
}

void Everything(Plan& plan, Random& random) {
  for (const Season season :
       {BadBus, Hostile, Crashes, BadNetwork, SlowReaders, ShortRetention, WrongClocks, Restores}) {
    if (random.Chance(60)) {
      season(plan, random);
    }
  }
}

// Half of the time clocks are wrong by more than a revocation is kept: the store's, but no edge's.
// Small tables at edges only where no clock is wrong: a revocation of tomorrow that is taken for
// the whole project's would leave it without a good token until then.
void Revoke(Plan& plan, Random& random) {
  plan.revoke_every = Millis(random.Pick(300, 3'000));
  if (random.Chance(50)) {
    plan.revocations_kept = std::chrono::hours(1);
    plan.Every(Fault::kEdgeClock) = Millis(0);
  }
  if (plan.clock_jump_max.count() == 0 && random.Chance(25)) {
    plan.revocations_max = static_cast<std::size_t>(random.Pick(1, 3));
  }
}

struct Profile {
  std::string_view name;
  Season season;
};
constexpr std::array<Profile, 10> kProfiles = {{{"calm", Calm},
                                                {"bus", BadBus},
                                                {"hostile", Hostile},
                                                {"crash", Crashes},
                                                {"network", BadNetwork},
                                                {"slow", SlowReaders},
                                                {"retention", ShortRetention},
                                                {"clock", ClocksAndCrashes},
                                                {"restore", RestoresAndCrashes},
                                                {"everything", Everything}}};

constexpr auto kNames = [] {
  std::array<std::string_view, kProfiles.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = kProfiles[i].name;
  }
  return names;
}();

}  // namespace

std::span<const std::string_view> ProfileNames() { return kNames; }

Plan MakePlan(std::string_view profile, std::uint64_t seed) {
  const auto found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                  [profile](const Profile& p) { return p.name == profile; });
  BELFRY_CHECK(found != kProfiles.end());
  // Of its own, so that a plan's draws do not shift the run's.
  Random random(~seed);
  Plan plan;
  plan.seed = seed;
  plan.profile = found->name;
  plan.partitions = static_cast<Partition>(random.Pick(1, 4));
  plan.edges = static_cast<int>(random.Pick(1, 3));
  plan.cores = static_cast<int>(random.Pick(1, 2));
  plan.ingests = static_cast<int>(random.Pick(1, 2));
  plan.producers = static_cast<int>(random.Pick(1, 4));
  plan.users = static_cast<int>(random.Pick(1, 5));
  plan.clients = static_cast<int>(random.Pick(2, 8));
  plan.publish_every = Millis(random.Pick(30, 150));
  plan.rivals = random.Chance(50) ? 25 : 0;
  plan.expiring = random.Chance(50) ? 15 : 0;
  found->season(plan, random);
  if (random.Chance(40)) {
    plan.change_every = Millis(random.Pick(300, 1'500));
  }
  if (random.Chance(40)) {
    Revoke(plan, random);
  }
  return plan;
}

void Plan::Calm() {
  slow_commits = calls_lost = answers_lost = bus_lost = bus_repeated = bus_refused = reads_failed =
      0;
  bus_dead = false;
  token_life = Millis(0);
  connection_bytes = std::max<std::size_t>(connection_bytes, 4'096);
  const Millis soon(1);
  call_max = std::min(call_max, soon);
  bus_max = std::min(bus_max, soon);
  connection_max = std::min(connection_max, soon);
}

}  // namespace belfry::sim
