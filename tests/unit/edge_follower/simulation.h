// SPDX-License-Identifier: Apache-2.0
// A store, a bus and a network that lose, repeat, reorder and delay by a seed, around one follower;
// and the judge of what it delivers.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "services/edge/core/follower.h"

namespace belfry::edge {

struct SimulationPlan {
  std::uint64_t seed = 0;
  Partition partitions = 3;
  std::chrono::milliseconds run{20'000};    // with faults
  std::chrono::milliseconds settle{6'000};  // without
  // Chances in percent.
  int lose = 20, repeat = 10;                // of a message on the bus
  int call_fails = 0;                        // of a call to the store
  std::chrono::milliseconds delay_max{100};  // on the bus: more than between commits, so reordered
  std::chrono::milliseconds call_max{40};    // a call to the store
  bool bus_outages = true;                   // seconds in which nothing is announced
  bool bus_dead = false;                     // nothing is ever announced
  bool store_outages = false;                // seconds in which no call is answered well
  bool retention = false;                    // the floor rises, sometimes past the follower
  bool rewinds = false;                      // the store loses its last entries
  // Faults planted to see that the judge finds them.
  bool hide_holes = false;       // announcements are changed so that they seem to follow
  bool deliver_repeats = false;  // some batches are delivered twice
  bool swallow_batches = false;  // some batches are not delivered
};

class Simulation final : public FollowerPort {
 public:
  explicit Simulation(const SimulationPlan& plan);

  // Runs it all. The first offence against the follower's promise, or nothing.
  std::optional<std::string> Run();

  // From a commit to its delivery, the longest; of those delivered one by one, not by a gap.
  Duration slowest() const { return slowest_; }
  std::size_t delivered() const { return delivered_; }
  std::size_t gaps() const { return gaps_; }

 private:
  using Event = std::function<void()>;
  // One partition, as the store has it and as it was delivered.
  struct Log {
    std::vector<EntryPtr> entries;
    EntryId floor = 0;
    bool started = false;
    EntryId start = 0;
    EntryId position = 0;                     // as delivered
    std::vector<EntryId> seen;                // delivered, in order, since the last gap
    std::map<EntryId, SteadyTime> committed;  // when
    std::map<EntryId, int> times;             // how often delivered
    std::vector<std::pair<EntryId, SteadyTime>> gaps;

    EntryId last() const { return entries.empty() ? floor : entries.back()->id; }
  };

  // FollowerPort: what the follower does.
  void Started(Partition partitions) override;
  void Deliver(BatchPtr batch) override;
  void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max) override;
  void ReadHeads() override;

  // The store's clock, in microseconds.
  std::int64_t StoreTime(SteadyTime when) const;
  void At(SteadyTime when, Event event);
  void After(std::chrono::milliseconds most, Event event);
  bool Chance(int percent);
  std::int64_t Pick(std::int64_t from, std::int64_t to);
  void Step();
  void Commit(Partition partition);
  void Announce(Partition partition, std::vector<EntryPtr> entries);
  void AnnounceHead(Partition partition);
  void OnBus(const Event& event);
  Result<SentEntries> Read(Partition partition, EntryId after);
  void Disturb();
  void Offend(const std::string& what);
  void Judge(const Batch& batch);
  void JudgeEnd();

  const SimulationPlan plan_;
  std::mt19937_64 random_;
  SteadyTime now_{std::chrono::hours(1)};
  SteadyTime start_ = now_;
  std::multimap<SteadyTime, Event> events_;
  std::vector<Log> logs_;
  std::optional<Follower> follower_;
  SteadyTime bus_down_until_{};
  SteadyTime store_down_until_{};
  bool calm_ = false;
  std::optional<std::string> offence_;
  Duration slowest_{};
  std::size_t delivered_ = 0;
  std::size_t gaps_ = 0;
};

}  // namespace belfry::edge
