// SPDX-License-Identifier: Apache-2.0
// The store in memory keeps what the port promises.
#include "tests/contract/log_source_contract.h"

#include <optional>
#include <string>

#include "tests/support/memory_store.h"

namespace belfry::edge {
namespace {

class MemorySubject {
 public:
  EntryId Add(Partition partition, std::size_t body_bytes) {
    return store_
        ->Commit({.partition = partition, .user_id = "u", .payload = std::string(body_bytes, 'x')})
        ->id;
  }
  void SetFloor(Partition partition, EntryId floor) {
    store_->Change([=](test::MemoryLog& log) { log.SetFloor(partition, floor); });
  }
  void Lose(Partition partition, EntryId from, EntryId to) {
    store_->Change([=](test::MemoryLog& log) { log.Lose(partition, from, to); });
  }
  void SetTime(std::int64_t us) { store_->SetTime(us); }
  void GoAway() { store_->SetAway(true); }
  LogSource& source() { return *store_; }
  void End() { store_.reset(); }

 private:
  std::optional<test::MemoryStore> store_{std::in_place, 2, 0};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LogSourceContract, MemorySubject);

}  // namespace
}  // namespace belfry::edge
