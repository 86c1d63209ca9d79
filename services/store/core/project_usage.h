// SPDX-License-Identifier: Apache-2.0
// What each project has stored: how many entries, and what they take on disk. A number per project
// that changes with the commits that add entries or take them away; pure functions and plain
// values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/keyed_hash.h"
#include "libs/common/result.h"
#include "services/store/core/append.h"
#include "services/store/core/commit_batch.h"
#include "services/store/core/event_log.h"

namespace belfry::store {

struct Usage {
  std::uint64_t entries = 0;  // of all partitions' logs: a broadcast is one in each
  std::uint64_t bytes = 0;    // before compression

  Usage& operator+=(const Usage& other);
  // Never below zero.
  Usage& operator-=(const Usage& other);
  bool operator==(const Usage&) const = default;
};

// What one entry of a log takes, its row in the feed too. A broadcast's body, which the entries of
// all partitions share, is weighed apart; an entry that refers to one may come with it or without.
Usage UsageOf(const Entry& entry);
// The body of an entry of a whole project; it is kept as long as partition 0 has the entry.
std::uint64_t BodyBytes(const Entry& entry);
// Both, for an entry that is met in its partition's log with its body.
Usage UsageWithBody(const Entry& entry);
// What `item` adds to a store with so many partitions; of a change of state, about.
Usage UsageOf(const AppendItem& item, Partition partitions);

// The sequencer's thread only.
struct Usages {
  TextMap<Usage> of;  // by project; those that have nothing are not here
  Usage all = {};

  Usage Of(std::string_view project) const;
  void Add(std::string_view project, const Usage& more);
  void Subtract(std::string_view project, const Usage& less);
};

inline constexpr std::string_view kStoredPrefix = "stored/";

// The row of `meta`.
std::string StoredKey(std::string_view project);
std::string EncodeUsage(const Usage& usage);
// std::nullopt: it is no such row, or malformed.
struct UsageRow {
  std::string project;
  Usage usage;
};
std::optional<UsageRow> DecodeUsage(std::string_view key, std::string_view value);
// Writes the project's row as `usages` has it now; a project that has nothing has none.
void SetUsage(CommitBatch& batch, std::string_view project, const Usages& usages);
// As the last commit left them. Errors of Tables; kDataLoss: a row is malformed.
Result<Usages> LoadUsages(Tables& tables);

}  // namespace belfry::store
