// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/clearing.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "services/store/core/typed_rows.h"

namespace belfry::store {

void Clearing::ClearOwn(CommitBatch& batch, const UserRef& user, const Entry& entry,
                        EntryId floor) {
  if (entry.id > floor) {
    LeavePlace(entry);
  }
  RemoveFeedEntry(batch, {user, entry.id});
  if (entry.expires_us != 0) {
    RemoveExpiry(batch, {user, entry.id}, entry.expires_us);
  }
}

void Clearing::ClearShared(const Entry& entry, EntryId floor) {
  if (entry.id > floor) {
    LeavePlace(entry);
  }
}

void Clearing::LeavePlace(const Entry& entry) {
  const EntryPtr place = std::make_shared<const Entry>(Entry{.id = entry.id,
                                                             .prev = entry.prev,
                                                             .kind = EntryKind::kErased,
                                                             .partition = entry.partition,
                                                             .project = entry.project,
                                                             .created_us = entry.created_us});
  Usage freed = UsageWithBody(entry);
  const Usage left = UsageOf(*place);
  freed.entries -= left.entries;
  freed.bytes -= left.bytes;
  freed_ += freed;
  places_.push_back(place);
}

void Clearing::Finish(CommitBatch& batch, std::string_view project, Usages& usages) {
  if (places_.empty()) {
    return;
  }
  std::sort(places_.begin(), places_.end(), [](const EntryPtr& a, const EntryPtr& b) {
    return std::tie(a->partition, a->id) < std::tie(b->partition, b->id);
  });
  for (EntryPtr& place : std::exchange(places_, {})) {
    batch.Add(std::move(place));
  }
  usages.Subtract(project, freed_);
  SetUsage(batch, project, usages);
}

}  // namespace belfry::store
