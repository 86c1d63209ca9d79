// SPDX-License-Identifier: Apache-2.0
// A commit's bytes as a replicated log would carry them (docs/commit-batch.md). What is taken is
// written again as it was, and its size is known before it is written.
#include <string>
#include <string_view>

#include "services/store/core/commit_batch.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {

void Try(std::string_view input) {
  const auto batch = store::CommitBatch::Decode(input);
  if (!batch.ok()) {
    BELFRY_PROMISE(batch.error().code == Code::kDataLoss, input);
    return;
  }
  BELFRY_PROMISE(batch->encoded_bytes() == input.size(), input);
  BELFRY_PROMISE(batch->Encode() == input, input);
  for (const EntryPtr& entry : batch->entries()) {
    BELFRY_PROMISE(entry->id > entry->prev && entry->id <= kEntryIdMax, input);
    BELFRY_PROMISE(entry->partition < kPartitionsMax, input);
  }
  for (const PartitionPosition& position : batch->positions()) {
    BELFRY_PROMISE(position.floor <= position.last_id && position.last_id <= kEntryIdMax, input);
  }
}

}  // namespace belfry::fuzz
