// SPDX-License-Identifier: Apache-2.0
// The reading port: feeds and the partitions' logs, as committed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/common/audience.h"
#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/result.h"

namespace belfry::store {

// A stretch of one partition's log to read: after < id <= until, oldest first.
struct LogQuery {
  Partition partition = 0;
  EntryId after = 0;
  EntryId until = 0;  // 0: the last id as of this read
  std::uint32_t entries_max = 1024;
  std::uint32_t bytes_max = 256 * 1024;  // at least one entry comes, however large
  // Reads on across lost intervals, as if there were none. For a reader of the whole log, as
  // retention is; never for a stream.
  bool across_losses = false;
};

struct LogPage {
  std::vector<EntryPtr> entries;
  EntryId until = 0;  // as asked, or the last id as of this read
  bool more = false;  // there is more up to `until`
};

// Thread-safe. Every call sees one moment's state and may block on the disk.
class FeedStore {
 public:
  virtual ~FeedStore() = default;

  // kInvalidArgument: project or user out of bounds. kDataLoss: a row cannot be read back.
  virtual Result<FeedPage> ReadFeed(const FeedQuery& query) = 0;

  // kInvalidArgument, kDataLoss: likewise. kNotFound: `id` is given, and not this user's or gone.
  virtual Result<ListPage> List(const ListQuery& query) = 0;

  // The same without the disk, so that it does not block. kUnavailable: memory does not tell.
  virtual Result<ListPage> ListFromMemory(const ListQuery& query) = 0;

  // See audience_page.h.
  virtual Result<AudiencePage> ReadAudience(const AudienceQuery& query) = 0;

  // kInvalidArgument: no such partition. kOutOfRange: `after` lies below the floor or in a lost
  // interval. kDataLoss: a row cannot be read back, or the chain of `prev` is broken.
  virtual Result<LogPage> ReadLog(const LogQuery& query) = 0;

  // The head of every partition, by number. From memory.
  virtual std::vector<PartitionPosition> Heads() const = 0;

  // Which history the positions belong to.
  virtual const std::string& history_id() const = 0;
};

}  // namespace belfry::store
