// SPDX-License-Identifier: Apache-2.0
// The simulation's log keeps what the commit-log port and the reading ports promise.
#include "tests/simulation/sim_log.h"

#include <optional>

#include "libs/common/clock.h"
#include "tests/contract/event_log_contract.h"
#include "tests/contract/reads_contract.h"

namespace belfry::sim {
namespace {

struct SimSubject {
  void Commit(const store::CommitBatch& batch) {
    ASSERT_TRUE(log.Commit(batch).ok());
    log.Finish();
  }
  void SetTime(std::int64_t us) { clock.SetUnixMicros(us); }
  store::FeedStore& store() { return log; }
  const store::FeedRows& rows() {
    view.emplace(disk);
    return *view;
  }

  Instruments instruments;
  Plan plan;
  Context context{plan, instruments, nullptr};
  ManualClock clock;
  Rows disk{1};
  Past past;
  SimLog log{context, disk, past, {}, clock};
  std::optional<SimRows> view;
};

class SimLogSubject {
 public:
  SimLogSubject() { Reopen(); }
  store::EventLog& log() { return *log_; }
  Status Commit(const store::CommitBatch& batch) {
    Status committed = log_->Commit(batch);
    log_->Finish();
    return committed;
  }
  void Reopen() { log_.emplace(context_, disk_, past_, std::vector<EntryId>(), clock_); }

 private:
  Instruments instruments_;
  Plan plan_;
  Context context_{plan_, instruments_, nullptr};
  ManualClock clock_;
  Rows disk_{store::kEventLogPartitions};
  Past past_;
  std::optional<SimLog> log_;
};

}  // namespace
}  // namespace belfry::sim

namespace belfry::store {
INSTANTIATE_TYPED_TEST_SUITE_P(SimLog, ReadsContract, sim::SimSubject);
INSTANTIATE_TYPED_TEST_SUITE_P(SimLog, EventLogContract, sim::SimLogSubject);
}  // namespace belfry::store
