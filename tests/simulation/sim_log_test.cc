// SPDX-License-Identifier: Apache-2.0
// The simulation's log keeps what the reading ports promise.
#include "tests/simulation/sim_log.h"

#include <optional>

#include "libs/common/clock.h"
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

}  // namespace
}  // namespace belfry::sim

namespace belfry::store {
INSTANTIATE_TYPED_TEST_SUITE_P(SimLog, ReadsContract, sim::SimSubject);
}  // namespace belfry::store
