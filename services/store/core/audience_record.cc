// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/audience_record.h"

#include <algorithm>
#include <utility>

#include "libs/common/big_endian.h"
#include "libs/common/record_fields.h"

namespace belfry::store {
namespace {

enum SegmentTag : std::uint8_t { kNumber = 1, kMembers = 2 };
enum MemberTag : std::uint8_t { kStay = 1 };
enum UserTag : std::uint8_t {
  kAttribute = 1,  // u8 length of the key, key, value
  kSegment = 2,    // u64 number, name
};
enum OperationTag : std::uint8_t {
  kId = 1,
  kKind = 2,
  kState = 3,
  kCreated = 4,
  kFinished = 5,
  kTotal = 6,
  kDone = 7,
  kSuppressed = 8,
  kFailed = 9,
  kError = 10,
  kProject = 11,
  kOnSegment = 12,
  kAfter = 13,
  kLeftMeanwhile = 14,
  kDrop = 15,
  kUser = 16,
  kUpTo = 17,
  kClearing = 18,
  kStage = 19,
};
enum ContentTag : std::uint8_t {
  kPayload = 1,
  kNotificationKind = 2,
  kCollapseKey = 3,
  kExpires = 4,
  kExcluded = 5,
};

void PutText(RecordWriter& out, std::uint8_t tag, std::string_view text) {
  if (!text.empty()) {
    out.Put(tag, text);
  }
}

// Reads the record's fields with `take`; std::nullopt: malformed, or of a later version.
template <typename Record, typename Take>
std::optional<Record> ReadRecord(std::string_view bytes, Take take) {
  Record record;
  RecordReader in(bytes);
  while (in.Next()) {
    if (!take(record, in)) {
      return std::nullopt;
    }
  }
  return in.good() ? std::optional(std::move(record)) : std::nullopt;
}

template <typename Number>
bool TakeNumber(const RecordReader& in, Number& into) {
  const auto number = in.Number();
  into = static_cast<Number>(number.value_or(0));
  return number.has_value();
}

bool TakeFlag(const RecordReader& in, bool& into) {
  std::uint64_t number = 0;
  const bool good = TakeNumber(in, number) && number <= 1;
  into = number == 1;
  return good;
}

bool TakeOperationField(OperationRecord& operation, const RecordReader& in) {
  Operation& told = operation.told;
  switch (in.tag()) {
    case kId:
      return TakeNumber(in, told.id);
    case kKind:
      return TakeNumber(in, told.kind) && told.kind <= OperationKind::kDropProject;
    case kState:
      return TakeNumber(in, told.state) && told.state <= OperationState::kFailed;
    case kCreated:
      return TakeNumber(in, told.created_us);
    case kFinished:
      return TakeNumber(in, told.finished_us);
    case kTotal:
      return TakeNumber(in, told.total);
    case kDone:
      return TakeNumber(in, told.done);
    case kSuppressed:
      return TakeNumber(in, told.suppressed);
    case kFailed:
      return TakeNumber(in, told.failed);
    case kError:
      told.errors.emplace_back(in.value());
      return true;
    case kProject:
      operation.project = in.value();
      return true;
    case kOnSegment:
      return TakeNumber(in, operation.segments.emplace_back()) && operation.segments.back() != 0;
    case kAfter:
      operation.after = in.value();
      return true;
    case kLeftMeanwhile:
      return TakeFlag(in, operation.left_meanwhile);
    case kDrop:
      return TakeFlag(in, operation.drop);
    case kUser:
      operation.user_id = in.value();
      return true;
    case kUpTo:
      return TakeNumber(in, operation.up_to);
    case kClearing:
      return TakeNumber(in, operation.clearing) &&
             operation.clearing <= OperationRecord::Clearing::kIdempotencyKeys;
    case kStage:
      return TakeNumber(in, operation.stage);
    default:
      return false;
  }
}

}  // namespace

bool IsMember(const MemberRecord& member) {
  return !member.stays.empty() && member.stays.back().ended_after == Stay::kGoesOn;
}

bool WasMember(const MemberRecord& member, OperationId operation) {
  return std::any_of(member.stays.begin(), member.stays.end(), [&](const Stay& stay) {
    return stay.begun_after < operation && operation <= stay.ended_after;
  });
}

MemberRecord OnJoined(MemberRecord member, OperationId last_operation) {
  if (!IsMember(member)) {
    member.stays.push_back({.begun_after = last_operation});
  }
  return member;
}

MemberRecord OnLeft(MemberRecord member, OperationId last_operation) {
  if (IsMember(member)) {
    member.stays.back().ended_after = last_operation;
  }
  return member;
}

MemberRecord PruneStays(MemberRecord member, OperationId operation) {
  std::erase_if(member.stays, [&](const Stay& stay) {
    return stay.ended_after < operation || stay.ended_after <= stay.begun_after;
  });
  return member;
}

std::string EncodeSegmentRecord(const SegmentRecord& segment) {
  RecordWriter out;
  out.PutNumber(kNumber, segment.number);
  out.PutNumber(kMembers, segment.members);
  return out.Take({});
}

std::optional<SegmentRecord> DecodeSegmentRecord(std::string_view bytes) {
  return ReadRecord<SegmentRecord>(bytes, [](SegmentRecord& segment, const RecordReader& in) {
    switch (in.tag()) {
      case kNumber:
        return TakeNumber(in, segment.number);
      case kMembers:
        return TakeNumber(in, segment.members);
      default:
        return false;
    }
  });
}

std::string EncodeMemberRecord(const MemberRecord& member) {
  RecordWriter out;
  for (const Stay& stay : member.stays) {
    out.PutPair(kStay, stay.begun_after, stay.ended_after);
  }
  return out.Take({});
}

std::optional<MemberRecord> DecodeMemberRecord(std::string_view bytes) {
  return ReadRecord<MemberRecord>(bytes, [](MemberRecord& member, const RecordReader& in) {
    const auto pair = in.tag() == kStay ? in.Pair() : std::nullopt;
    if (!pair || pair->second == 0) {
      return false;
    }
    member.stays.push_back({pair->first, pair->second});
    return true;
  });
}

std::string EncodeAudienceRecord(const AudienceRecord& user) {
  RecordWriter out;
  for (const Attribute& attribute : user.attributes) {
    std::string value;
    AppendNumber(value, attribute.key.size(), 1);
    out.Put(kAttribute, value + attribute.key + attribute.value);
  }
  for (const SegmentOfUser& segment : user.segments) {
    std::string value;
    AppendNumber(value, segment.number);
    out.Put(kSegment, value + segment.name);
  }
  return out.Take({});
}

std::optional<AudienceRecord> DecodeAudienceRecord(std::string_view bytes) {
  return ReadRecord<AudienceRecord>(bytes, [](AudienceRecord& user, const RecordReader& in) {
    const std::string_view value = in.value();
    if (in.tag() == kAttribute && !value.empty()) {
      const std::size_t key = static_cast<unsigned char>(value.front());
      if (value.size() > key) {
        user.attributes.push_back(
            {std::string(value.substr(1, key)), std::string(value.substr(1 + key))});
        return true;
      }
    } else if (in.tag() == kSegment && value.size() > 8) {
      user.segments.push_back({ReadNumber(value.substr(0, 8)), std::string(value.substr(8))});
      return true;
    }
    return false;
  });
}

std::string EncodeOperationRecord(const OperationRecord& operation) {
  const Operation& told = operation.told;
  RecordWriter out;
  out.PutNumber(kId, told.id);
  out.PutNumber(kKind, static_cast<std::uint64_t>(told.kind));
  out.PutNumber(kState, static_cast<std::uint64_t>(told.state));
  out.PutNumber(kCreated, static_cast<std::uint64_t>(told.created_us));
  out.PutNumber(kFinished, static_cast<std::uint64_t>(told.finished_us));
  out.PutNumber(kTotal, told.total);
  out.PutNumber(kDone, told.done);
  out.PutNumber(kSuppressed, told.suppressed);
  out.PutNumber(kFailed, told.failed);
  for (const std::string& error : told.errors) {
    out.Put(kError, error);
  }
  PutText(out, kProject, operation.project);
  for (const SegmentNumber segment : operation.segments) {
    out.PutNumber(kOnSegment, segment);
  }
  PutText(out, kAfter, operation.after);
  out.PutNumber(kLeftMeanwhile, operation.left_meanwhile ? 1 : 0);
  out.PutNumber(kDrop, operation.drop ? 1 : 0);
  PutText(out, kUser, operation.user_id);
  out.PutNumber(kUpTo, operation.up_to);
  out.PutNumber(kClearing, static_cast<std::uint64_t>(operation.clearing));
  out.PutNumber(kStage, operation.stage);
  return out.Take({});
}

std::optional<OperationRecord> DecodeOperationRecord(std::string_view bytes) {
  return ReadRecord<OperationRecord>(bytes, TakeOperationField);
}

std::string EncodeOperationContent(const OperationContent& content) {
  RecordWriter out;
  PutText(out, kPayload, content.payload);
  PutText(out, kNotificationKind, content.notification_kind);
  PutText(out, kCollapseKey, content.collapse_key);
  out.PutNumber(kExpires, static_cast<std::uint64_t>(content.expires_us));
  for (const std::string& user : content.excluded) {
    out.Put(kExcluded, user);
  }
  return out.Take({});
}

std::optional<OperationContent> DecodeOperationContent(std::string_view bytes) {
  return ReadRecord<OperationContent>(bytes, [](OperationContent& content, const RecordReader& in) {
    switch (in.tag()) {
      case kPayload:
        content.payload = in.value();
        return true;
      case kNotificationKind:
        content.notification_kind = in.value();
        return true;
      case kCollapseKey:
        content.collapse_key = in.value();
        return true;
      case kExpires:
        return TakeNumber(in, content.expires_us);
      case kExcluded:
        content.excluded.emplace_back(in.value());
        return true;
      default:
        return false;
    }
  });
}

}  // namespace belfry::store
