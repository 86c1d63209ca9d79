// SPDX-License-Identifier: Apache-2.0
// Brings a store to a size: entries of many users, appended through the sequencer as ingest's are,
// so that RocksDB's levels are those of a store that has lived.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "services/store/core/append.h"
#include "services/store/rocks/log/rocks_store.h"

namespace belfry::bench {

inline constexpr char kProject[] = "acme";

// How a store is filled. Users are spread over the whole range of keys; the ones that are measured
// are spread over all users.
struct Population {
  std::uint64_t entries = 0;
  std::uint64_t measured = 10'000;  // users that connect, and whose feeds are read

  // 20 entries each.
  std::uint64_t users() const { return entries / 20 > measured ? entries / 20 : measured; }
  std::string MeasuredUser(std::uint64_t number) const;
};

// Appends to an open store. One thread only.
class Filler {
 public:
  // `store` must outlive it and have no other writer.
  explicit Filler(store::RocksStore& store);
  ~Filler();

  // Appends all of `population`, in the order of a busy day: every entry goes to any user.
  void Fill(const Population& population);
  // Appends `each` entries to every measured user. `keyed`: the idempotency keys are a producer's
  // own, which the store has to look up.
  void AppendToMeasured(const Population& population, std::uint64_t each, bool keyed);

  // Appends `items` as they are, and none may fail. What was made of each.
  store::AppendResults Append(std::vector<store::AppendItem> items);

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace belfry::bench
