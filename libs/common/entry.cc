// SPDX-License-Identifier: Apache-2.0
#include "libs/common/entry.h"

#include "libs/common/check.h"
#include "libs/common/hash.h"

namespace belfry {
namespace {

// Spreads FNV's weak low bits over all of them.
std::uint64_t Finalize(std::uint64_t hash) {
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

}  // namespace

std::size_t EntryBytes(const Entry& entry) {
  // Besides the object: a shared pointer's control block and the node of a container.
  constexpr std::size_t kOverhead = sizeof(Entry) + 128;
  const bool weighs_payload = entry.kind != EntryKind::kBroadcast || entry.partition == 0;
  return kOverhead + entry.project.size() + entry.user_id.size() +
         (weighs_payload ? entry.payload.size() : 0);
}

std::uint64_t HashOf(std::string_view project, std::string_view user_id) {
  const char length = static_cast<char>(project.size());
  return Finalize(Fnv1a(user_id, Fnv1a(project, Fnv1a(std::string_view(&length, 1)))));
}

Partition PartitionOf(std::string_view project, std::string_view user_id, Partition partitions) {
  BELFRY_CHECK_GT(partitions, 0);
  return static_cast<Partition>(HashOf(project, user_id) % partitions);
}

}  // namespace belfry
