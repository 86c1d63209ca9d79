// SPDX-License-Identifier: Apache-2.0
// The store's keys and small values:
//   partition||project||user||id||partition||project||user||id||any bytes.
// Two names never share a key or a prefix, rows sort by number, and whatever is read back was
// written so (docs/storage-format.md).
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "libs/common/inbox.h"
#include "services/store/core/audience_record.h"
#include "services/store/core/key_codec.h"
#include "services/store/core/project_record.h"
#include "services/store/core/user_ledger.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

using namespace belfry::store;  // NOLINT: everything here is about it

struct Name {
  Partition partition;
  std::string project;
  std::string user;
  EntryId id;

  auto feed() const { return std::tie(partition, project, user); }
  std::string Prefix() const { return UserPrefix(partition, project, user); }
  std::string Key() const { return WithId(Prefix(), id); }
};

Name TakeName(Input& parts) {
  Name name;
  name.partition = static_cast<Partition>(parts.Number());
  name.project = parts.Part().substr(0, kProjectBytesMax);
  name.user = parts.Part().substr(0, kUserBytesMax);
  name.id = parts.Number();
  return name;
}

std::uint64_t BigEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) {
    number = number * 256 + static_cast<unsigned char>(byte);
  }
  return number;
}

// A feed row's key as the document spells it, taken apart.
void CheckSpelling(const Name& name) {
  const std::string key = name.Key();
  std::string_view rest = key;
  const auto take = [&rest](std::size_t bytes) {
    BELFRY_PROMISE(rest.size() >= bytes, rest);
    const std::string_view taken = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    return taken;
  };
  BELFRY_PROMISE(BigEndian(take(4)) == name.partition, key);
  BELFRY_PROMISE(take(BigEndian(take(1))) == name.project, key);
  BELFRY_PROMISE(take(BigEndian(take(1))) == name.user, key);
  BELFRY_PROMISE(BigEndian(take(8)) == name.id && rest.empty(), key);
  BELFRY_PROMISE(IdOf(WithId(ProjectKey(name.project), name.id)) == name.id);
  for (const std::string& row : {key, LogKey(name.partition, name.id)}) {
    const auto place = PlaceOf(row);
    BELFRY_PROMISE(place && place->partition == name.partition && place->id == name.id, row);
  }
}

// Keys order like numbers, and only equal names have equal keys.
void CheckPair(const Name& a, const Name& b) {
  const bool same = a.feed() == b.feed();
  BELFRY_PROMISE((a.Prefix() == b.Prefix()) == same, a.Prefix(), b.Prefix());
  BELFRY_PROMISE(
      same || (!a.Prefix().starts_with(b.Prefix()) && !b.Prefix().starts_with(a.Prefix())),
      a.Prefix(), b.Prefix());
  BELFRY_PROMISE((a.Key() == b.Key()) == (same && a.id == b.id), a.Key(), b.Key());
  BELFRY_PROMISE((WithId(a.Prefix(), a.id) < WithId(a.Prefix(), b.id)) == (a.id < b.id));
  BELFRY_PROMISE((LogKey(a.partition, a.id) < LogKey(b.partition, b.id)) ==
                 (std::tie(a.partition, a.id) < std::tie(b.partition, b.id)));
  // Rows of one feed never lie between another's.
  BELFRY_PROMISE(same || (a.Key() < b.Key()) == (a.Prefix() < b.Prefix()), a.Key(), b.Key());
  const bool one_key = a.project == b.project && a.user == b.user;
  BELFRY_PROMISE(
      (IdempotencyKey(a.project, a.user) == IdempotencyKey(b.project, b.user)) == one_key,
      a.project, b.project);
  BELFRY_PROMISE(
      (CollapseKey({a.partition, a.project, a.user}, b.user) == a.Prefix()) == b.user.empty(),
      a.Prefix(), b.user);
  const auto expiry = [](const Name& name) {
    return ExpiryKey(static_cast<std::int64_t>(name.id >> 1),
                     {{name.partition, name.project, name.user}, name.id});
  };
  BELFRY_PROMISE((expiry(a) == expiry(b)) == (same && a.id == b.id), expiry(a), expiry(b));
  BELFRY_PROMISE(a.id >> 1 >= b.id >> 1 || expiry(a) < expiry(b), expiry(a), expiry(b));
  BELFRY_PROMISE((PositionKey(a.partition) == PositionKey(b.partition)) ==
                 (a.partition == b.partition));
  BELFRY_PROMISE((LostKey(a.partition, a.id) == LostKey(b.partition, b.id)) ==
                 (a.partition == b.partition && a.id == b.id));
}

// Bytes that are taken for a key are exactly those that it is written as.
void CheckKey(std::string_view any) {
  const auto same = [any](const std::string& written) { BELFRY_PROMISE(written == any, any); };
  if (const auto key = ParseLogKey(any)) {
    same(LogKey(key->partition, key->id));
  }
  if (const auto key = ParseBodyKey(any)) {
    same(WithId(ProjectKey(key->project), key->id));
  }
  if (const auto key = ParseProjectKey(any)) {
    same(ProjectKey(key->project));
  }
  if (const auto key = ParseUsersKey(any)) {
    same(UserPrefix(key->partition, key->project, key->user_id));
  }
  if (const auto key = ParseUserKey(any)) {
    same(WithId(UserPrefix(key->partition, key->project, key->user_id), key->id));
  }
  if (const auto key = ParseIdempotencyKey(any)) {
    same(IdempotencyKey(key->project, key->key));
  }
  if (const auto key = ParseExpiryKey(any)) {
    const KeyNames& names = key->entry;
    same(ExpiryKey(key->expires_us, {{names.partition, names.project, names.user_id}, names.id}));
  }
}

// What names somebody is read back, and so it is nobody else's.
void CheckParsed(const Name& name) {
  const auto log = ParseLogKey(LogKey(name.partition, name.id));
  BELFRY_PROMISE(log && log->partition == name.partition && log->id == name.id);
  const bool user = !name.project.empty() && !name.user.empty();
  BELFRY_PROMISE(ParseUsersKey(name.Prefix()).has_value() == user, name.Prefix());
  BELFRY_PROMISE(ParseUserKey(name.Key()).has_value() == user, name.Key());
  BELFRY_PROMISE(ParseIdempotencyKey(IdempotencyKey(name.project, name.user)).has_value() == user,
                 name.project, name.user);
  for (const std::string& key :
       {name.Key(), name.Prefix(), WithId(ProjectKey(name.project), name.id),
        IdempotencyKey(name.project, name.user)}) {
    CheckKey(key);
  }
  const EntryRef entry{{name.partition, name.project, name.user}, name.id};
  const std::string expiry_key = ExpiryKey(7, entry);
  CheckKey(expiry_key);
  const auto expiry = ParseExpiryKey(expiry_key);
  BELFRY_PROMISE(expiry.has_value() == (!name.project.empty() && name.id != 0), expiry_key);
  BELFRY_PROMISE(!expiry || (expiry->expires_us == 7 && expiry->entry.user_id == name.user &&
                             expiry->entry.id == name.id),
                 name.user);
}

// What lies between a prefix and its end is what starts with it.
void CheckEnd(const std::string& prefix, std::string_view any) {
  const std::string after = AfterPrefix(prefix);
  const bool inside = any >= prefix && (after.empty() || any < after);
  BELFRY_PROMISE(inside == any.starts_with(prefix), prefix, any);
  BELFRY_PROMISE(after.empty() || after > prefix, prefix);
}

// Bytes that are taken for a value are exactly those that it is written as.
void CheckValue(std::string_view any) {
  const auto same = [any](const std::string& written) { BELFRY_PROMISE(written == any, any); };
  // A record is written without what is zero, and in the order of its fields.
  if (const auto user = DecodeUserRecord(any)) {
    BELFRY_PROMISE(DecodeUserRecord(EncodeUserRecord(*user)) == user, any);
  }
  if (const auto project = DecodeProjectRecord(any)) {
    BELFRY_PROMISE(DecodeProjectRecord(EncodeProjectRecord(*project)) == project, any);
  }
  if (const auto state = DecodeEntryState(any)) {
    BELFRY_PROMISE(DecodeEntryState(EncodeEntryState(*state)) == state, any);
  }
  if (const auto change = DecodeStateChange(any)) {
    // Once written, it reads back as it is.
    const auto again = DecodeStateChange(EncodeStateChange(*change));
    BELFRY_PROMISE(again && DecodeStateChange(EncodeStateChange(*again)) == again, any);
  }
  if (const auto position = DecodePosition(7, any)) {
    BELFRY_PROMISE(position->partition == 7);
    same(EncodePosition(*position));
  }
  if (const auto record = DecodeIdempotencyRecord(any)) {
    // Before version 0.2 a record did not end with its user.
    const std::string written = EncodeIdempotencyRecord(*record);
    BELFRY_PROMISE(written == any || written == std::string(any) + std::string(8, '\0'), any);
  }
  if (const auto segment = DecodeSegmentRecord(any)) {
    BELFRY_PROMISE(DecodeSegmentRecord(EncodeSegmentRecord(*segment)) == segment, any);
  }
  if (const auto member = DecodeMemberRecord(any)) {
    BELFRY_PROMISE(DecodeMemberRecord(EncodeMemberRecord(*member)) == member, any);
  }
  if (const auto user = DecodeAudienceRecord(any)) {
    BELFRY_PROMISE(DecodeAudienceRecord(EncodeAudienceRecord(*user)) == user, any);
  }
  if (const auto operation = DecodeOperationRecord(any)) {
    BELFRY_PROMISE(DecodeOperationRecord(EncodeOperationRecord(*operation)) == operation, any);
  }
  if (const auto content = DecodeOperationContent(any)) {
    BELFRY_PROMISE(DecodeOperationContent(EncodeOperationContent(*content)) == content, any);
  }
  if (const auto number = DecodeNumber(any)) {
    same(EncodeNumber(*number));
  }
  const auto place = PlaceOf(any);
  BELFRY_PROMISE(place.has_value() == (any.size() >= 12), any);
}

void CheckWritten(const Name& a, const Name& b) {
  const UserRecord user{
      .last_id = a.id, .last_notification_id = a.id, .read_all = {b.id, a.id}, .muted_kinds = {}};
  BELFRY_PROMISE(DecodeUserRecord(EncodeUserRecord(user)) == user);
  ProjectRecord project;
  if (a.id != 0) {
    project = OnBroadcast({}, {a.id, static_cast<std::int64_t>(b.id), b.user, b.id % 2 != 0});
  }
  BELFRY_PROMISE(DecodeProjectRecord(EncodeProjectRecord(project)) == project);
  const EntryState state{.read_at_us = static_cast<std::int64_t>(a.id),
                         .unread_at = b.id,
                         .archived_at_us = static_cast<std::int64_t>(b.id),
                         .unarchived_at = a.id,
                         .deleted = a.id % 2 != 0,
                         .gone = b.id % 2 != 0};
  BELFRY_PROMISE(DecodeEntryState(EncodeEntryState(state)) == state);
  const PartitionPosition position{a.partition, a.id, b.id};
  BELFRY_PROMISE(DecodePosition(a.partition, EncodePosition(position)) == position);
  std::string hash = b.user;
  hash.resize(kContentHashBytes);
  const IdempotencyRecord record{a.id, static_cast<std::int64_t>(b.id),
                                 -static_cast<std::int64_t>(a.partition), hash};
  BELFRY_PROMISE(DecodeIdempotencyRecord(EncodeIdempotencyRecord(record)) == record);
  BELFRY_PROMISE(DecodeNumber(EncodeNumber(a.id)) == a.id);
}

}  // namespace

void Try(std::string_view input) {
  Input parts(input);
  const Name a = TakeName(parts);
  const Name b = TakeName(parts);
  CheckSpelling(a);
  CheckSpelling(b);
  CheckParsed(a);
  CheckPair(a, b);
  CheckPair(b, a);
  CheckEnd(a.Prefix(), parts.Rest());
  CheckEnd(a.Prefix(), b.Key());
  CheckEnd(std::string(parts.Rest()), a.Key());
  CheckEnd(b.user, a.user);
  CheckKey(parts.Rest());
  CheckValue(parts.Rest());
  CheckWritten(a, b);
}

}  // namespace belfry::fuzz
