// SPDX-License-Identifier: Apache-2.0
// The fake log keeps what the port promises.
#include "tests/contract/event_log_contract.h"

#include "tests/unit/store_core/fake_event_log.h"

namespace belfry::store {
namespace {

class FakeSubject {
 public:
  EventLog& log() { return log_; }
  Status Commit(const CommitBatch& batch) { return log_.Commit(batch); }
  void Reopen() {}  // it is all in memory

 private:
  FakeEventLog log_{kEventLogPartitions};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, EventLogContract, FakeSubject);

}  // namespace
}  // namespace belfry::store
