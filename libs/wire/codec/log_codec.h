// SPDX-License-Identifier: Apache-2.0
// Entries to bytes and back (belfry.v1.LogEntry, LogBatch, LogHead), without protobuf in the
// header. Stateless; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/feed.h"
#include "libs/common/result.h"

namespace belfry::v1 {
class LogEntry;
class FeedPage;
class FeedQuery;
}  // namespace belfry::v1

namespace belfry::wire {

// kDataLoss: not a LogEntry, or its kind, partition, ids or times make no sense.
std::string EncodeEntry(const Entry& entry);
Result<Entry> DecodeEntry(std::string_view bytes);
// The kind of an encoded entry, without decoding it; std::nullopt if it does not begin as one.
std::optional<EntryKind> KindOf(std::string_view bytes);
// The entry as its partition's log holds it: a broadcast without its payload, all else whole.
std::string EncodeReference(const Entry& entry);

// What is added to a broadcast's payload so that `users`, sorted, do not get it.
std::string EncodeExclusion(const std::vector<std::string>& users);
// Who does not get the broadcast.
std::vector<std::string> ExcludedFrom(const Entry& broadcast);

// What a list is filtered by, of a notification or broadcast; empty if its payload is none.
struct NotificationFields {
  std::string kind;
  std::string level;  // "info" if none was given
};
NotificationFields FieldsOf(const Entry& entry);

void ToProto(const Entry& entry, v1::LogEntry* proto);
Result<Entry> FromProto(v1::LogEntry proto);
void ToProto(const FeedQuery& query, v1::FeedQuery* proto);
FeedQuery FromProto(const v1::FeedQuery& proto);
void ToProto(const FeedPage& page, v1::FeedPage* proto);
Result<FeedPage> FromProto(v1::FeedPage proto);

// What one NATS message carries: entries, broadcasts as references, and the store's time when
// it sent them. kDataLoss as above.
struct Batch {
  std::vector<EntryPtr> entries;
  std::int64_t store_time_us = 0;
};
std::string EncodeBatch(std::span<const EntryPtr> entries, std::int64_t store_time_us);
Result<Batch> DecodeBatch(std::string_view bytes);

struct LogHead {
  Partition partition = 0;
  EntryId last_id = 0;
  std::int64_t sent_us = 0;
};
std::string EncodeHead(const LogHead& head);
Result<LogHead> DecodeHead(std::string_view bytes);

// A broadcast's payload, announced once for all partitions. kDataLoss: not a BroadcastBody, an id
// out of range, or no payload.
struct BroadcastBody {
  EntryId broadcast_id = 0;
  Payload payload = {};
};
std::string EncodeBody(const BroadcastBody& body);
Result<BroadcastBody> DecodeBody(std::string_view bytes);

// NATS subjects. Only our own tokens, never text from outside.
std::string LogSubject(Partition partition);   // belfry.v1.log.7
std::string HeadSubject(Partition partition);  // belfry.v1.head.7
inline constexpr std::string_view kBodySubject = "belfry.v1.body";
// What is announced on a subject.
enum class SubjectKind : std::uint8_t { kLog, kHead, kBody };
struct Subject {
  SubjectKind kind;
  Partition partition = 0;  // not of kBody
};
// std::nullopt: none of ours, or not written as LogSubject and HeadSubject do.
std::optional<Subject> ParseSubject(std::string_view subject);
// Everything, for a follower's single subscription.
inline constexpr std::string_view kAllSubjects = "belfry.v1.>";

}  // namespace belfry::wire
