// SPDX-License-Identifier: Apache-2.0
// What a store keeps of audiences: a record per user of whom something was said, per segment, per
// member of a segment, and per operation. Plain values; pure functions.
//
// Membership and time. An operation notifies who was a member when it was accepted, though it
// walks over the members for as long as it takes. So a membership says after which operation it
// began, and one that ends while an operation still runs on the segment stays as an interval until
// no running operation needs it: `WasMember` answers for any of them. Operations and segments are
// numbered by one sequence that only rises.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/audience.h"
#include "libs/common/entry.h"

namespace belfry::store {

using SegmentNumber = std::uint64_t;
using OperationId = std::uint64_t;

// A segment by name; its members' rows are by its number, so that one which is made anew under an
// old name has none of the old one's.
struct SegmentRecord {
  SegmentNumber number = 0;
  std::uint64_t members = 0;
  bool operator==(const SegmentRecord&) const = default;
};

// One stay in a segment. Of it are all operations with begun_after < id, and, if it has ended,
// id <= ended_after.
struct Stay {
  OperationId begun_after = 0;
  OperationId ended_after = kGoesOn;
  static constexpr OperationId kGoesOn = UINT64_MAX;
  bool operator==(const Stay&) const = default;
};

// In the order of time; only the last one may go on.
struct MemberRecord {
  std::vector<Stay> stays = {};
  bool operator==(const MemberRecord&) const = default;
};
bool IsMember(const MemberRecord& member);
// When the operation was accepted.
bool WasMember(const MemberRecord& member, OperationId operation);
// Nothing changes if it is so already.
MemberRecord OnJoined(MemberRecord member, OperationId last_operation);
MemberRecord OnLeft(MemberRecord member, OperationId last_operation);
// Forgets stays that ended before `operation`, the oldest one that may still ask.
MemberRecord PruneStays(MemberRecord member, OperationId operation);

// A named segment as a user's record has it.
struct SegmentOfUser {
  SegmentNumber number = 0;
  std::string name;
  bool operator==(const SegmentOfUser&) const = default;
};

// What was said of one user.
struct AudienceRecord {
  std::vector<Attribute> attributes = {};    // by key
  std::vector<SegmentOfUser> segments = {};  // by name; some may have been deleted since
  bool operator==(const AudienceRecord&) const = default;
};

// An operation and how far it is.
struct OperationRecord {
  Operation told = {};  // what callers are told
  std::string project = {};
  // kNotifySegment: the segments, the smallest one first. kSweep: one.
  std::vector<SegmentNumber> segments = {};
  // kNotifySegment, kSweep: members up to this one have had their turn.
  std::string after = {};
  // kNotifySegment: somebody left one of the segments meanwhile, so there are stays to be swept.
  bool left_meanwhile = false;
  // kSweep: the segment was deleted, no member stays.
  bool drop = false;
  // kEraseUser: whose entries, up to which id, and what is being cleared.
  std::string user_id = {};
  EntryId up_to = 0;
  enum class Clearing : std::uint8_t { kEntries = 0, kCollapseKeys = 1, kIdempotencyKeys = 2 };
  Clearing clearing = Clearing::kEntries;
  // Of kDropProject (project_drop.h): what is being cleared, and in `up_to` of which partition.
  std::uint64_t stage = 0;
  bool operator==(const OperationRecord&) const = default;
};
inline bool IsRunning(const OperationRecord& operation) {
  return operation.told.state == OperationState::kRunning;
}

// What a kNotifySegment gives each member.
struct OperationContent {
  std::string payload = {};
  std::string notification_kind = {};
  std::string collapse_key = {};
  std::int64_t expires_us = 0;
  std::vector<std::string> excluded = {};  // sorted
  bool operator==(const OperationContent&) const = default;
};

// The bytes are those of record_fields.h. Decode: std::nullopt if malformed, or of a later version.
std::string EncodeSegmentRecord(const SegmentRecord& segment);
std::optional<SegmentRecord> DecodeSegmentRecord(std::string_view bytes);
std::string EncodeMemberRecord(const MemberRecord& member);
std::optional<MemberRecord> DecodeMemberRecord(std::string_view bytes);
std::string EncodeAudienceRecord(const AudienceRecord& user);
std::optional<AudienceRecord> DecodeAudienceRecord(std::string_view bytes);
std::string EncodeOperationRecord(const OperationRecord& operation);
std::optional<OperationRecord> DecodeOperationRecord(std::string_view bytes);
std::string EncodeOperationContent(const OperationContent& content);
std::optional<OperationContent> DecodeOperationContent(std::string_view bytes);

}  // namespace belfry::store
