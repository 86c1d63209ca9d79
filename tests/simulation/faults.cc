// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/faults.h"

#include <string>
#include <utility>

namespace belfry::sim {
namespace {

// How long what is down stays down, and what is slow stays slow.
constexpr Millis kPauseLeast{50};
constexpr Millis kPauseMost{2'000};
constexpr Millis kLastsLeast{100};
constexpr Millis kLastsMost{4'000};
constexpr Millis kFrozenMost{2'500};

}  // namespace

Faults::Faults(World& world) : world_(world) {
  for (std::size_t i = 0; i < kFaults; ++i) {
    Await(static_cast<Fault>(i));
  }
}

void Faults::Await(Fault fault) {
  const Millis every = world_.context.plan.Every(fault);
  if (every.count() == 0) {
    return;
  }
  world_.context.scheduler.After(world_.context.random.UpTo(every * 2), [this, fault] {
    if (!calm_) {
      Happen(fault);
      Await(fault);
    }
  });
}

void Faults::Last(Duration time, std::function<void()> mend) {
  const std::uint64_t number = ++mends_made_;
  mends_.emplace(number, std::move(mend));
  world_.context.scheduler.After(time, [this, number] {
    const auto at = mends_.find(number);
    if (at != mends_.end()) {
      const std::function<void()> found = std::move(at->second);
      mends_.erase(at);
      found();
    }
  });
}

void Faults::MendAll() {
  calm_ = true;
  for (const auto& [number, mend] : std::exchange(mends_, {})) {
    mend();
  }
}

void Faults::Trouble(Fault fault, Duration time) {
  const std::int64_t now = world_.context.scheduler.micros();
  world_.context.troubles.push_back(
      {std::string(NameOf(fault)), now,
       now + std::chrono::duration_cast<std::chrono::microseconds>(time).count()});
}

void Faults::Happen(Fault fault) {
  world_.context.coverage.Add(fault);
  world_.context.trace.Step("fault", NameOf(fault));
  switch (fault) {
    case Fault::kStoreKill:
    case Fault::kStorePowerCut:
    case Fault::kStoreRestart:
    case Fault::kStoreFreeze:
    case Fault::kFsyncFails:
    case Fault::kDiskLow:
    case Fault::kRestore:
      return BefallStore(fault);
    case Fault::kBusOutage:
    case Fault::kBusSilence:
    case Fault::kEdgeOffBus:
    case Fault::kBusHostile:
    case Fault::kAnnouncerStall:
      return BefallBus(fault);
    case Fault::kEdgeKill:
    case Fault::kEdgeDrain:
    case Fault::kEdgeFreeze:
    case Fault::kEdgeStoreCut:
      return BefallEdge(fault);
    case Fault::kIngestKill:
    case Fault::kIngestStoreCut:
      return BefallIngest(fault);
    case Fault::kClientCut:
    case Fault::kHalfOpenEdge:
    case Fault::kHalfOpenClient:
    case Fault::kSlowReader:
      return BefallClient(fault);
    case Fault::kClockAhead:
    case Fault::kClockBack:
    case Fault::kEdgeClock:
      return BefallClock(fault);
  }
}

void Faults::BefallStore(Fault fault) {
  SimStoreNode& store = world_.store;
  const Duration pause = Some(kPauseLeast, kPauseMost);
  switch (fault) {
    case Fault::kStoreKill:
      Trouble(fault, pause);
      return store.End(Ending::kKilled, pause);
    case Fault::kStorePowerCut:
      Trouble(fault, pause);
      return store.End(Ending::kPowerCut, pause);
    case Fault::kStoreRestart:
      Trouble(fault, pause + Millis(100));
      return store.StopInOrder(pause);
    case Fault::kStoreFreeze: {
      const Duration time = Some(kLastsLeast, kFrozenMost);
      Trouble(fault, time);
      return store.Freeze(time);
    }
    case Fault::kFsyncFails:
      Trouble(fault, kPauseMost);
      return store.FailNextSync();
    case Fault::kDiskLow:
      store.SetDiskLow(true);
      return Last(Some(kLastsLeast, kLastsMost), [&store] { store.SetDiskLow(false); });
    default:
      store.TakeSnapshot();
      return Last(Some(kLastsLeast, kLastsMost), [this, &store, fault, pause] {
        if (!calm_ && store.Restore(pause)) {
          Trouble(fault, pause);
        }
      });
  }
}

void Faults::BefallBus(Fault fault) {
  SimBus& bus = world_.bus;
  const Duration time = Some(kLastsLeast, kLastsMost);
  switch (fault) {
    case Fault::kBusOutage:
      bus.SetOutage(true);
      return Last(time, [&bus] { bus.SetOutage(false); });
    case Fault::kBusSilence:
      bus.SetSilence(true);
      return Last(time, [&bus] { bus.SetSilence(false); });
    case Fault::kBusHostile:
      bus.SetHostile(true);
      return Last(time, [&bus] { bus.SetHostile(false); });
    case Fault::kEdgeOffBus: {
      const std::size_t edge = world_.context.random.Index(world_.edges.size());
      bus.SetOff(edge, true);
      return Last(time, [&bus, edge] { bus.SetOff(edge, false); });
    }
    default:
      return world_.store.StallAnnouncer(time);
  }
}

void Faults::BefallEdge(Fault fault) {
  SimEdgeNode& edge = AnyOf(world_.edges);
  const Duration pause = Some(kPauseLeast, kPauseMost);
  const Duration time = Some(kLastsLeast, kFrozenMost);
  switch (fault) {
    case Fault::kEdgeKill:
      Trouble(fault, pause);
      return edge.Kill(pause);
    case Fault::kEdgeDrain:
      Trouble(fault, pause + Millis(3'000));
      return edge.Drain(Millis(world_.context.random.Pick(0, 1'000)), pause);
    case Fault::kEdgeFreeze:
      Trouble(fault, time);
      return edge.Freeze(time);
    default:
      Trouble(fault, time);
      edge.store_link().cut = true;
      return Last(time, [&edge] { edge.store_link().cut = false; });
  }
}

void Faults::BefallIngest(Fault fault) {
  SimIngestNode& ingest = AnyOf(world_.ingests);
  if (fault == Fault::kIngestKill) {
    return ingest.Kill(Some(kPauseLeast, kPauseMost));
  }
  ingest.store_link().cut = true;
  Last(Some(kLastsLeast, kLastsMost), [&ingest] { ingest.store_link().cut = false; });
}

void Faults::BefallClient(Fault fault) {
  SimClient& client = AnyOf(world_.clients);
  const Duration time = Some(kLastsLeast, kLastsMost);
  switch (fault) {
    case Fault::kClientCut:
      return client.Cut();
    case Fault::kHalfOpenEdge:
      return client.LoseItself();
    case Fault::kHalfOpenClient:
      Trouble(fault, Millis(5'000));
      return client.LoseEdge();
    default: {
      Trouble(fault, time);
      const std::size_t bytes = world_.context.random.Chance(50)
                                    ? 0
                                    : static_cast<std::size_t>(world_.context.random.Pick(10, 200));
      client.ReadSlowly(bytes, Some(Millis(5), Millis(100)));
      return Last(time, [&client] { client.ReadAll(); });
    }
  }
}

void Faults::BefallClock(Fault fault) {
  const auto most = world_.context.plan.clock_jump_max;
  const std::chrono::microseconds by(world_.context.random.Pick(1'000, most.count()));
  switch (fault) {
    case Fault::kClockAhead:
      return world_.store.clock().Set(by);
    case Fault::kClockBack:
      return world_.store.clock().Set(-by);
    default: {
      SimEdgeNode& edge = AnyOf(world_.edges);
      edge.clock().Set(world_.context.random.Chance(50) ? by : -by);
    }
  }
}

}  // namespace belfry::sim
