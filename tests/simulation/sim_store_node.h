// SPDX-License-Identifier: Apache-2.0
// The store's process: the real sequencer, announcer and retention on a simulated disk and bus. It
// does what app.cc, the threads and the gRPC room do in the product, and it dies.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "services/edge/core/log_source.h"
#include "services/store/core/announcer.h"
#include "services/store/core/disk_guard.h"
#include "services/store/core/retention.h"
#include "services/store/core/sequencer.h"
#include "tests/simulation/network.h"
#include "tests/simulation/sim_bus.h"
#include "tests/simulation/sim_log.h"
#include "tests/support/checker/history.h"

namespace belfry::sim {

class SimStoreNode {
 public:
  // All must outlive it.
  SimStoreNode(Context& context, Network& network, SimBus& bus);
  ~SimStoreNode();

  void Start();
  // Ends it; the supervisor starts it again after `pause`.
  void End(Ending ending, Duration pause);
  // Refuses new calls, finishes what waits, says its last words; then as End.
  void StopInOrder(Duration pause);
  // SIGSTOP, and SIGCONT after `time`.
  void Freeze(Duration time);
  void FailNextSync();
  void SetDiskLow(bool low);
  void StallAnnouncer(Duration time) { announcer_stalled_until_ = context_.scheduler.now() + time; }
  // Copies the disk; and puts that copy back under a store that is down, the loss accepted. False:
  // there is no copy.
  void TakeSnapshot() { snapshot_ = rows_; }
  bool Restore(Duration pause);

  // Calls, as they arrive; see Network::Serve.
  void Append(const CallerPtr& caller, std::vector<store::AppendItem> items,
              Network::Done<store::AppendResults> done);
  void ReadFeeds(std::vector<FeedQuery> queries, Network::Done<std::vector<FeedPage>> done);
  void ReadLog(Partition partition, EntryId after, std::uint64_t bytes_max,
               Network::Done<edge::SentEntries> done);
  void ReadHeads(Network::Done<edge::Heads> done);
  void ReadRevocations(const std::string& after, Network::Done<AudiencePage> done);

  Server& server() { return server_; }
  bool up() const { return process_ != nullptr; }
  SimClock& clock() { return clock_; }
  // Whether history has been dropped or lost, so that a cursor may be good no more.
  bool history_gone() const;
  const Rows& rows() const { return rows_; }
  const Past& past() const { return past_; }
  // Every loss that was ever recorded in `partition`, by id; the disk may have been put back to a
  // state before it since.
  std::vector<store::LostInterval> LossesOf(Partition partition) const;
  // From when on broadcasts were each user's, in any state of the disk.
  std::vector<test::Joined> Joins();
  // The highest floor that `partition` ever had.
  EntryId FloorOf(Partition partition) const {
    return std::max(floors_[partition], rows_.positions[partition].floor);
  }

 private:
  // What a process has in memory; a new one for each life.
  struct Process;
  struct LogRead;

  // Lets `work` happen on one of the process's threads, soon, but not while it is frozen.
  void Post(Duration delay, std::function<void()> work);
  void WakeSequencer();
  void RunSequencer();
  void AfterCommit();
  void WakeAnnouncer(Duration delay);
  void RunAnnouncer();
  void AfterFailure();
  // Reads once the users of `queries` whom nobody has heard of have joined.
  void JoinAndRead(std::vector<FeedQuery> queries, std::vector<store::AppendItem> joins,
                   Network::Done<std::vector<FeedPage>> done);
  void ReadPages(const std::vector<FeedQuery>& queries, bool may_join,
                 const Network::Done<std::vector<FeedPage>>& done);
  void NoteJoins();
  void ReadPage(const std::shared_ptr<LogRead>& read);

  Context& context_;
  Network& network_;
  SimBus& bus_;
  SimClock clock_;
  Server server_;
  store::DiskGuard disk_{1'000};
  SteadyTime frozen_until_{};
  SteadyTime announcer_stalled_until_{};
  // On disk.
  Rows rows_;
  Past past_;
  std::vector<std::vector<store::LostInterval>> losses_;  // see LossesOf
  std::vector<EntryId> floors_;                           // see FloorOf
  std::vector<EntryId> high_water_;
  std::set<std::tuple<std::string, std::string, EntryId>> joins_;  // see Joins
  std::optional<Rows> snapshot_;
  std::unique_ptr<Process> process_;  // null while it is down
};

}  // namespace belfry::sim
