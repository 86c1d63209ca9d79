// SPDX-License-Identifier: Apache-2.0
// The words of audiences: users' attributes, segments, and the operations that take a store more
// than one commit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/revocation.h"

namespace belfry {

inline constexpr std::size_t kAttributesMax = 32;  // of a user
inline constexpr std::size_t kAttributeKeyBytesMax = 64;
inline constexpr std::size_t kAttributeValueBytesMax = 128;
inline constexpr std::size_t kSegmentNameBytesMax = 64;
inline constexpr std::size_t kSegmentsOfUserMax = 256;   // with a name
inline constexpr std::size_t kAudienceUsersMax = 1'000;  // of one change
inline constexpr std::size_t kSegmentsJoinedMax = 8;     // of one expression
inline constexpr std::size_t kAudiencePageMax = 1'000;

struct Attribute {
  std::string key;
  std::string value;
  bool operator==(const Attribute&) const = default;
};

// What a project says of one of its users.
struct AudienceUser {
  std::string user_id = {};
  std::vector<Attribute> attributes = {};  // by key, each key once
  std::vector<std::string> segments = {};  // those with a name; sorted
  bool operator==(const AudienceUser&) const = default;
};

// 1-64 letters, digits, '_', '-', '.': a segment's name, or an attribute's key.
bool IsSegmentName(std::string_view name);
// 1-128 bytes of UTF-8 without control characters and commas.
bool IsAttributeValue(std::string_view value);
// "plan:pro": an attribute is a segment of its own.
std::string SegmentOf(const Attribute& attribute);
// A name, or an attribute's.
bool IsSegment(std::string_view segment);
// "plan:pro,role:admin" -> both, sorted, each once. Empty: it is no expression.
std::vector<std::string> ParseSegmentExpression(std::string_view expression);

// Numbers as in belfry.v1.AudienceOp, which says what each takes.
enum class AudienceOp : std::uint8_t {
  kUnspecified = 0,
  kUpsertUsers = 1,
  kCreateSegment = 2,
  kDeleteSegment = 3,
  kAddMembers = 4,
  kRemoveMembers = 5,
  kNotifySegment = 6,
  kEraseUser = 7,
  kRevokeTokens = 8,
  kCloseStreams = 9,
  // Erases a project. The store's own: an operator asks for it on the store's machine.
  kDropProject = 200,
};

// One change that a backend asks for. Fields as in belfry.v1.UpdateAudienceRequest; the
// notification of kNotifySegment goes beside it.
struct AudienceUpdate {
  AudienceOp op = AudienceOp::kUnspecified;
  std::string project = {};
  std::vector<AudienceUser> users = {};
  std::string segment = {};
  std::vector<std::string> user_ids = {};
  std::vector<std::string> segments = {};
  bool operator==(const AudienceUpdate&) const = default;
};

// What came of it.
struct AudienceUpdated {
  bool changed = false;  // false: it was so already
  std::uint64_t members = 0;
  std::uint64_t operation_id = 0;
  std::uint64_t recipients = 0;
  bool duplicate = false;
  std::int64_t revoked_us = 0;  // of kRevokeTokens: when; see TokensValidFrom
  bool operator==(const AudienceUpdated&) const = default;
};

// Numbers as in belfry.v1.OperationKind; kSweep and kDropProject are the store's own, and no
// backend is told of them.
enum class OperationKind : std::uint8_t {
  kUnspecified = 0,
  kNotifySegment = 1,
  kEraseUser = 2,
  kSweep = 3,
  kDropProject = 4,
};
enum class OperationState : std::uint8_t { kUnspecified = 0, kRunning = 1, kDone = 2, kFailed = 3 };

// Fields as in belfry.v1.Operation.
struct Operation {
  std::uint64_t id = 0;
  OperationKind kind = OperationKind::kUnspecified;
  OperationState state = OperationState::kUnspecified;
  std::int64_t created_us = 0;
  std::int64_t finished_us = 0;  // 0: it runs
  std::uint64_t total = 0;
  std::uint64_t done = 0;
  std::uint64_t suppressed = 0;
  std::uint64_t failed = 0;
  std::vector<std::string> errors = {};
  bool operator==(const Operation&) const = default;
};

// Numbers as in belfry.v1.AudienceQueryKind.
enum class AudienceQueryKind : std::uint8_t {
  kUnspecified = 0,
  kUser = 1,
  kUsers = 2,
  kSegments = 3,
  kMembers = 4,
  kOperation = 5,
  kRevocations = 6,  // of all projects; `after` is a page's next_after
};
// Fields as in belfry.v1.ReadAudienceRequest.
struct AudienceQuery {
  AudienceQueryKind kind = AudienceQueryKind::kUnspecified;
  std::string project = {};
  std::string name = {};
  std::string after = {};
  std::uint32_t limit = 0;
  std::uint64_t operation_id = 0;
};
struct SegmentSize {
  std::string segment = {};
  std::uint64_t members = 0;
  bool operator==(const SegmentSize&) const = default;
};
struct AudiencePage {
  std::vector<AudienceUser> users = {};
  std::vector<SegmentSize> segments = {};
  std::string next_after = {};  // empty: there are no more
  Operation operation = {};
  std::vector<Revocation> revocations = {};
};

}  // namespace belfry
