// SPDX-License-Identifier: Apache-2.0
// The bytes of RocksDB keys and of the small values; docs/storage-format.md spells them. Numbers
// are big-endian, so that keys sort by number; texts carry their length before them, so that no two
// names share a prefix. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/common/entry.h"
#include "libs/common/names.h"
#include "services/store/core/event_log.h"
#include "services/store/core/refs.h"

namespace belfry::store {

inline constexpr std::size_t kContentHashBytes = 32;

// Keys. `log`: partition, id.
std::string LogKey(Partition partition, EntryId id);
// The part of `feed` and `state` keys before the id, and a whole key of `users`: partition,
// project, user.
std::string UserPrefix(Partition partition, std::string_view project, std::string_view user_id);
// The part of `bodies` keys before the id, and a whole key of `projects`.
std::string ProjectKey(std::string_view project);
// `prefix` and an id: a whole key of `feed`, `bodies` or `state`.
std::string WithId(std::string_view prefix, EntryId id);
// `keys`: project, idempotency key.
std::string IdempotencyKey(std::string_view project, std::string_view key);
// `expiry`: when, then the entry's place; of a broadcast partition 0 and no user.
std::string ExpiryKey(std::int64_t expires_us, const EntryRef& entry);
// `collapse`: the user, then the collapse key.
std::string CollapseKey(const UserRef& user, std::string_view collapse_key);
// `segments`: project, segment.
std::string SegmentKey(std::string_view project, std::string_view segment);
// `members`: the segment's number, the user.
std::string MemberKey(std::uint64_t segment, std::string_view user_id);
// `audience`: project, user.
std::string AudienceKey(std::string_view project, std::string_view user_id);
// `operations`: a byte 0 and the id; a byte 1 and the id for what a notification says.
std::string OperationKey(std::uint64_t operation);
std::string OperationContentKey(std::uint64_t operation);
// `meta`.
inline constexpr std::string_view kClockKey = "clock";
inline constexpr std::string_view kUpgradedKey = "upgraded";  // LogState::upgraded_at
inline constexpr std::string_view kLastOperationKey = "last_operation";
inline constexpr std::string_view kPositionPrefix = "position/";
inline constexpr std::string_view kLostPrefix = "lost/";
std::string PositionKey(Partition partition);
std::string LostKey(Partition partition, EntryId from);

// What any key of `log`, `feed` and `state` holds: its first four and its last eight bytes.
// std::nullopt if it is too short.
struct KeyPlace {
  Partition partition = 0;
  EntryId id = 0;
};
std::optional<KeyPlace> PlaceOf(std::string_view key);
// The last eight bytes of a key that ends with an id. std::nullopt if it is too short.
std::optional<EntryId> IdOf(std::string_view key);

// A key's fields, read strictly: std::nullopt unless it is exactly one. Texts point into `key`;
// what a column's keys do not hold stays empty.
struct KeyNames {
  Partition partition = 0;
  std::string_view project = {};
  std::string_view user_id = {};
  EntryId id = 0;
};
std::optional<KeyNames> ParseLogKey(std::string_view key);
std::optional<KeyNames> ParseUserKey(std::string_view key);     // `feed`, `state`
std::optional<KeyNames> ParseBodyKey(std::string_view key);     // project and id
std::optional<KeyNames> ParseUsersKey(std::string_view key);    // no id
std::optional<KeyNames> ParseProjectKey(std::string_view key);  // project alone
std::optional<KeyRef> ParseIdempotencyKey(std::string_view key);
// `expiry`; `user_id` may be empty.
struct ExpiryNames {
  std::int64_t expires_us = 0;
  KeyNames entry = {};
};
std::optional<ExpiryNames> ParseExpiryKey(std::string_view key);
// `segments`, `audience`: the project, and what follows it.
struct NameInProject {
  std::string_view project = {};
  std::string_view name = {};
};
std::optional<NameInProject> ParseNameInProject(std::string_view key);
struct MemberNames {
  std::uint64_t segment = 0;
  std::string_view user_id = {};
};
std::optional<MemberNames> ParseMemberKey(std::string_view key);

// The smallest text that is greater than every text which starts with `prefix`; empty if none is.
std::string AfterPrefix(std::string_view prefix);

// Values; std::nullopt if malformed.
std::string EncodePosition(const PartitionPosition& head);
std::optional<PartitionPosition> DecodePosition(Partition partition, std::string_view bytes);
// The hash must be kContentHashBytes long.
std::string EncodeIdempotencyRecord(const IdempotencyRecord& record);
std::optional<IdempotencyRecord> DecodeIdempotencyRecord(std::string_view bytes);
std::string EncodeNumber(std::uint64_t number);
std::optional<std::uint64_t> DecodeNumber(std::string_view bytes);

}  // namespace belfry::store
