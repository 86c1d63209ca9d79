// SPDX-License-Identifier: Apache-2.0
#include "services/store/core/key_codec.h"

#include <algorithm>

#include "libs/common/big_endian.h"
#include "libs/common/check.h"

namespace belfry::store {
namespace {

void PutText(std::string& out, std::string_view text) {
  BELFRY_CHECK_LE(text.size(), 255);
  out.push_back(static_cast<char>(text.size()));
  out += text;
}

// Takes a key apart from its front; ok() says whether there was enough of it.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : rest_(key) {}

  std::uint64_t Number(std::size_t bytes) { return ReadNumber(Take(bytes)); }
  std::string_view Text() {
    const std::string_view length = Take(1);
    return length.empty() ? length : Take(static_cast<unsigned char>(length[0]));
  }
  std::string_view Rest() { return Take(rest_.size()); }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view Take(std::size_t bytes) {
    ok_ = ok_ && rest_.size() >= bytes;
    if (!ok_) {
      return {};
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string LogKey(Partition partition, EntryId id) {
  std::string key;
  key.reserve(12);
  AppendNumber(key, partition, 4);
  AppendNumber(key, id);
  return key;
}

std::string UserPrefix(Partition partition, std::string_view project, std::string_view user_id) {
  std::string key;
  key.reserve(14 + project.size() + user_id.size());
  AppendNumber(key, partition, 4);
  PutText(key, project);
  PutText(key, user_id);
  return key;
}

std::string ProjectKey(std::string_view project) {
  std::string key;
  key.reserve(9 + project.size());
  PutText(key, project);
  return key;
}

std::string WithId(std::string_view prefix, EntryId id) {
  std::string key;
  key.reserve(prefix.size() + 8);
  key = prefix;
  AppendNumber(key, id);
  return key;
}

std::string IdempotencyKey(std::string_view project, std::string_view key) {
  std::string out;
  PutText(out, project);
  out += key;
  return out;
}

std::string ExpiryKey(std::int64_t expires_us, const EntryRef& entry) {
  std::string key;
  key.reserve(30 + entry.user.project.size() + entry.user.user_id.size());
  AppendNumber(key, static_cast<std::uint64_t>(std::max<std::int64_t>(0, expires_us)));
  AppendNumber(key, entry.user.partition, 4);
  PutText(key, entry.user.project);
  PutText(key, entry.user.user_id);
  AppendNumber(key, entry.id);
  return key;
}

std::string CollapseKey(const UserRef& user, std::string_view collapse_key) {
  return UserPrefix(user.partition, user.project, user.user_id).append(collapse_key);
}

std::string SegmentKey(std::string_view project, std::string_view segment) {
  return ProjectKey(project).append(segment);
}

std::string MemberKey(std::uint64_t segment, std::string_view user_id) {
  std::string key;
  key.reserve(8 + user_id.size());
  AppendNumber(key, segment);
  return key.append(user_id);
}

std::string AudienceKey(std::string_view project, std::string_view user_id) {
  return ProjectKey(project).append(user_id);
}

std::string OperationKey(std::uint64_t operation) {
  std::string key(1, '\0');
  AppendNumber(key, operation);
  return key;
}

std::string OperationContentKey(std::uint64_t operation) {
  std::string key(1, '\1');
  AppendNumber(key, operation);
  return key;
}

std::string PositionKey(Partition partition) {
  std::string key(kPositionPrefix);
  AppendNumber(key, partition, 4);
  return key;
}

std::string LostKey(Partition partition, EntryId from) {
  std::string key(kLostPrefix);
  AppendNumber(key, partition, 4);
  AppendNumber(key, from);
  return key;
}

std::optional<KeyPlace> PlaceOf(std::string_view key) {
  if (key.size() < 12) {
    return std::nullopt;
  }
  return KeyPlace{static_cast<Partition>(ReadNumber(key.substr(0, 4))),
                  ReadNumber(key.substr(key.size() - 8))};
}

std::optional<EntryId> IdOf(std::string_view key) {
  return key.size() < 8 ? std::nullopt : std::optional(ReadNumber(key.substr(key.size() - 8)));
}

std::optional<KeyNames> ParseLogKey(std::string_view key) {
  KeyReader reader(key);
  KeyNames names;
  names.partition = static_cast<Partition>(reader.Number(4));
  names.id = reader.Number(8);
  return reader.done() ? std::optional(names) : std::nullopt;
}

std::optional<KeyNames> ParseUsersKey(std::string_view key) {
  KeyReader reader(key);
  KeyNames names;
  names.partition = static_cast<Partition>(reader.Number(4));
  names.project = reader.Text();
  names.user_id = reader.Text();
  const bool good = reader.done() && !names.project.empty() && !names.user_id.empty();
  return good ? std::optional(names) : std::nullopt;
}

std::optional<KeyNames> ParseUserKey(std::string_view key) {
  if (key.size() < 8) {
    return std::nullopt;
  }
  auto names = ParseUsersKey(key.substr(0, key.size() - 8));
  if (names) {
    names->id = ReadNumber(key.substr(key.size() - 8));
  }
  return names;
}

std::optional<KeyNames> ParseBodyKey(std::string_view key) {
  KeyReader reader(key);
  KeyNames names;
  names.project = reader.Text();
  names.id = reader.Number(8);
  return reader.done() && !names.project.empty() ? std::optional(names) : std::nullopt;
}

std::optional<KeyNames> ParseProjectKey(std::string_view key) {
  KeyReader reader(key);
  KeyNames names;
  names.project = reader.Text();
  return reader.done() && !names.project.empty() ? std::optional(names) : std::nullopt;
}

std::optional<KeyRef> ParseIdempotencyKey(std::string_view key) {
  KeyReader reader(key);
  KeyRef names;
  names.project = reader.Text();
  names.key = reader.Rest();
  const bool good = reader.done() && !names.project.empty() && !names.key.empty();
  return good ? std::optional(names) : std::nullopt;
}

std::optional<ExpiryNames> ParseExpiryKey(std::string_view key) {
  KeyReader reader(key);
  ExpiryNames names;
  names.expires_us = static_cast<std::int64_t>(reader.Number(8));
  names.entry.partition = static_cast<Partition>(reader.Number(4));
  names.entry.project = reader.Text();
  names.entry.user_id = reader.Text();
  names.entry.id = reader.Number(8);
  const bool good =
      reader.done() && names.expires_us >= 0 && !names.entry.project.empty() && names.entry.id != 0;
  return good ? std::optional(names) : std::nullopt;
}

std::optional<NameInProject> ParseNameInProject(std::string_view key) {
  KeyReader reader(key);
  NameInProject names;
  names.project = reader.Text();
  names.name = reader.Rest();
  return reader.done() && !names.name.empty() ? std::optional(names) : std::nullopt;
}

std::optional<MemberNames> ParseMemberKey(std::string_view key) {
  KeyReader reader(key);
  MemberNames names;
  names.segment = reader.Number(8);
  names.user_id = reader.Rest();
  return reader.done() && !names.user_id.empty() ? std::optional(names) : std::nullopt;
}

std::string AfterPrefix(std::string_view prefix) {
  std::string after(prefix);
  while (!after.empty() && static_cast<unsigned char>(after.back()) == 0xff) {
    after.pop_back();
  }
  if (!after.empty()) {
    after.back() = static_cast<char>(static_cast<unsigned char>(after.back()) + 1);
  }
  return after;
}

std::string EncodePosition(const PartitionPosition& head) {
  std::string bytes;
  AppendNumber(bytes, head.last_id);
  AppendNumber(bytes, head.floor);
  return bytes;
}

std::optional<PartitionPosition> DecodePosition(Partition partition, std::string_view bytes) {
  if (bytes.size() != 16) {
    return std::nullopt;
  }
  return PartitionPosition{partition, ReadNumber(bytes.substr(0, 8)),
                           ReadNumber(bytes.substr(8, 8))};
}

std::string EncodeIdempotencyRecord(const IdempotencyRecord& record) {
  BELFRY_CHECK_EQ(record.content_hash.size(), kContentHashBytes);
  std::string bytes;
  bytes.reserve(32 + kContentHashBytes);
  AppendNumber(bytes, record.id);
  AppendNumber(bytes, static_cast<std::uint64_t>(record.created_us));
  AppendNumber(bytes, static_cast<std::uint64_t>(record.expires_us));
  bytes += record.content_hash;
  AppendNumber(bytes, record.user);
  return bytes;
}

std::optional<IdempotencyRecord> DecodeIdempotencyRecord(std::string_view bytes) {
  // Before version 0.2 they said nothing of the user.
  constexpr std::size_t kOldBytes = 24 + kContentHashBytes;
  if (bytes.size() != kOldBytes && bytes.size() != kOldBytes + 8) {
    return std::nullopt;
  }
  return IdempotencyRecord{
      ReadNumber(bytes.substr(0, 8)), static_cast<std::int64_t>(ReadNumber(bytes.substr(8, 8))),
      static_cast<std::int64_t>(ReadNumber(bytes.substr(16, 8))),
      std::string(bytes.substr(24, kContentHashBytes)), ReadNumber(bytes.substr(kOldBytes))};
}

std::string EncodeNumber(std::uint64_t number) {
  std::string bytes;
  AppendNumber(bytes, number);
  return bytes;
}

std::optional<std::uint64_t> DecodeNumber(std::string_view bytes) {
  if (bytes.size() != 8) {
    return std::nullopt;
  }
  return ReadNumber(bytes.substr(0, 8));
}

}  // namespace belfry::store
