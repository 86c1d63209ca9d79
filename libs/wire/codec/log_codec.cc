// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/log_codec.h"

#include <google/protobuf/io/coded_stream.h>

#include <charconv>
#include <limits>
#include <utility>

#include "belfry/v1/log.pb.h"
#include "belfry/v1/notification.pb.h"
#include "belfry/v1/store_service.pb.h"
#include "libs/common/check.h"
#include "libs/wire/codec/inbox_codec.h"

namespace belfry::wire {
namespace {

constexpr std::string_view kLogPrefix = "belfry.v1.log.";
constexpr std::string_view kHeadPrefix = "belfry.v1.head.";

template <typename Message>
std::string Serialize(const Message& message) {
  std::string bytes;
  BELFRY_CHECK(message.SerializeToString(&bytes));  // fails only beyond 2 GiB
  return bytes;
}

template <typename Message>
bool Parse(std::string_view bytes, Message* message) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

auto Malformed(std::string_view what, std::string_view why) {
  return Fail(Code::kDataLoss, "decode " + std::string(what) + ": " + std::string(why));
}

bool IsTime(std::int64_t unix_micros) {
  return unix_micros >= kUnixMicrosMin && unix_micros <= kUnixMicrosMax;
}

// Why `proto` cannot be an entry; empty if it can. Kinds that this build does not know may come.
std::string_view Fault(const v1::LogEntry& proto) {
  if (proto.id() == 0 || proto.id() > kEntryIdMax) {
    return "an id out of range";
  }
  if (proto.prev() >= proto.id()) {
    return "a previous id that is not before its own";
  }
  if (proto.kind() <= v1::ENTRY_KIND_UNSPECIFIED ||
      proto.kind() > std::numeric_limits<std::uint8_t>::max()) {
    return "no kind";
  }
  if (proto.partition() >= kPartitionsMax) {
    return "a partition out of range";
  }
  if (!IsTime(proto.created_us()) || !IsTime(proto.expires_us()) || !IsTime(proto.read_at_us()) ||
      !IsTime(proto.archived_at_us())) {
    return "a time outside the years 1 to 9999";
  }
  return {};
}

// All but the payload.
void FieldsToProto(const Entry& entry, v1::LogEntry* proto) {
  proto->set_id(entry.id);
  proto->set_prev(entry.prev);
  proto->set_kind(static_cast<v1::EntryKind>(entry.kind));
  proto->set_partition(entry.partition);
  proto->set_project(entry.project);
  proto->set_user_id(entry.user_id);
  proto->set_created_us(entry.created_us);
  proto->set_expires_us(entry.expires_us);
  proto->set_broadcast_id(entry.broadcast_id);
  proto->set_notification_kind(entry.notification_kind);
  proto->set_replaces(entry.replaces);
  proto->set_collapsed_count(entry.collapsed_count);
  proto->set_critical(entry.critical);
}

void ReferenceToProto(const Entry& entry, v1::LogEntry* proto) {
  FieldsToProto(entry, proto);
  if (entry.kind != EntryKind::kBroadcast) {
    proto->set_payload(entry.payload.str());
  }
}

}  // namespace

void ToProto(const Entry& entry, v1::LogEntry* proto) {
  FieldsToProto(entry, proto);
  proto->set_payload(entry.payload.str());
  proto->set_read_at_us(entry.read_at_us);
  proto->set_archived_at_us(entry.archived_at_us);
}

Result<Entry> FromProto(v1::LogEntry proto) {
  if (const std::string_view fault = Fault(proto); !fault.empty()) {
    return Malformed("entry", fault);
  }
  return Entry{.id = proto.id(),
               .prev = proto.prev(),
               .kind = static_cast<EntryKind>(proto.kind()),
               .partition = proto.partition(),
               .project = std::move(*proto.mutable_project()),
               .user_id = std::move(*proto.mutable_user_id()),
               .created_us = proto.created_us(),
               .expires_us = proto.expires_us(),
               .broadcast_id = proto.broadcast_id(),
               .notification_kind = std::move(*proto.mutable_notification_kind()),
               .replaces = proto.replaces(),
               .collapsed_count = proto.collapsed_count(),
               .critical = proto.critical(),
               .payload = std::move(*proto.mutable_payload()),
               .read_at_us = proto.read_at_us(),
               .archived_at_us = proto.archived_at_us()};
}

std::string EncodeEntry(const Entry& entry) {
  v1::LogEntry proto;
  ToProto(entry, &proto);
  return Serialize(proto);
}

Result<Entry> DecodeEntry(std::string_view bytes) {
  v1::LogEntry proto;
  if (!Parse(bytes, &proto)) {
    return Malformed("entry", "not a LogEntry");
  }
  return FromProto(std::move(proto));
}

std::optional<EntryKind> KindOf(std::string_view bytes) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  // Fields are in the order of their numbers, and the ones before it are numbers too.
  constexpr std::uint32_t kLast = v1::LogEntry::kKindFieldNumber << 3;
  for (std::uint32_t tag = in.ReadTag(); tag != 0 && tag <= kLast && tag % 8 == 0;
       tag = in.ReadTag()) {
    std::uint64_t value = 0;
    if (!in.ReadVarint64(&value)) {
      break;
    }
    if (tag == kLast) {
      const bool fits = value > 0 && value <= std::numeric_limits<std::uint8_t>::max();
      return fits ? std::optional(static_cast<EntryKind>(value)) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::string EncodeReference(const Entry& entry) {
  v1::LogEntry proto;
  ReferenceToProto(entry, &proto);
  return Serialize(proto);
}

std::string EncodeExclusion(const std::vector<std::string>& users) {
  v1::BroadcastExclusion proto;
  proto.mutable_excluded_user_ids()->Assign(users.begin(), users.end());
  return Serialize(proto);
}

std::vector<std::string> ExcludedFrom(const Entry& broadcast) {
  v1::BroadcastExclusion proto;
  if (!Parse(broadcast.payload.view(), &proto)) {
    return {};
  }
  return {proto.excluded_user_ids().begin(), proto.excluded_user_ids().end()};
}

NotificationFields FieldsOf(const Entry& entry) {
  v1::Notification notification;
  if (!Parse(entry.payload.view(), &notification)) {
    return {};
  }
  return {entry.notification_kind.empty() ? notification.kind() : entry.notification_kind,
          notification.level().empty() ? "info" : notification.level()};
}

std::string EncodeBatch(std::span<const EntryPtr> entries, std::int64_t store_time_us) {
  v1::LogBatch batch;
  batch.set_store_time_us(store_time_us);
  for (const EntryPtr& entry : entries) {
    ReferenceToProto(*entry, batch.add_entries());
  }
  return Serialize(batch);
}

Result<Batch> DecodeBatch(std::string_view bytes) {
  v1::LogBatch proto_batch;
  if (!Parse(bytes, &proto_batch)) {
    return Malformed("batch", "not a LogBatch");
  }
  if (!IsTime(proto_batch.store_time_us())) {
    return Malformed("batch", "a time outside the years 1 to 9999");
  }
  Batch batch;
  batch.store_time_us = proto_batch.store_time_us();
  batch.entries.reserve(static_cast<std::size_t>(proto_batch.entries_size()));
  for (v1::LogEntry& proto : *proto_batch.mutable_entries()) {
    auto entry = FromProto(std::move(proto));
    if (!entry.ok()) {
      return Fail(Wrap("decode batch", std::move(entry).error()));
    }
    batch.entries.push_back(std::make_shared<const Entry>(*std::move(entry)));
  }
  return batch;
}

std::string EncodeBody(const BroadcastBody& body) {
  v1::BroadcastBody proto;
  proto.set_broadcast_id(body.broadcast_id);
  proto.set_payload(body.payload.str());
  return Serialize(proto);
}

Result<BroadcastBody> DecodeBody(std::string_view bytes) {
  v1::BroadcastBody proto;
  if (!Parse(bytes, &proto)) {
    return Malformed("body", "not a BroadcastBody");
  }
  if (proto.broadcast_id() == 0 || proto.broadcast_id() > kEntryIdMax) {
    return Malformed("body", "an id out of range");
  }
  if (proto.payload().empty()) {
    return Malformed("body", "no payload");
  }
  return BroadcastBody{proto.broadcast_id(), Payload(std::move(*proto.mutable_payload()))};
}

std::string EncodeHead(const LogHead& head) {
  v1::LogHead proto;
  proto.set_partition(head.partition);
  proto.set_last_id(head.last_id);
  proto.set_sent_us(head.sent_us);
  return Serialize(proto);
}

Result<LogHead> DecodeHead(std::string_view bytes) {
  v1::LogHead proto;
  if (!Parse(bytes, &proto)) {
    return Malformed("head", "not a LogHead");
  }
  if (proto.partition() >= kPartitionsMax || proto.last_id() > kEntryIdMax) {
    return Malformed("head", "a partition or an id out of range");
  }
  if (!IsTime(proto.sent_us())) {
    return Malformed("head", "a time outside the years 1 to 9999");
  }
  return LogHead{
      .partition = proto.partition(), .last_id = proto.last_id(), .sent_us = proto.sent_us()};
}

void ToProto(const FeedQuery& query, v1::FeedQuery* proto) {
  proto->set_project(query.project);
  proto->set_user_id(query.user_id);
  proto->set_after(query.after);
  proto->set_entries_max(query.entries_max);
  proto->set_bytes_max(query.bytes_max);
  proto->set_heads_only(query.heads_only);
}

FeedQuery FromProto(const v1::FeedQuery& proto) {
  return {.project = proto.project(),
          .user_id = proto.user_id(),
          .after = proto.after(),
          .entries_max = proto.entries_max(),
          .bytes_max = proto.bytes_max(),
          .heads_only = proto.heads_only()};
}

void ToProto(const FeedPage& page, v1::FeedPage* proto) {
  proto->set_fault(static_cast<v1::CursorFault>(page.fault));
  for (const Entry& entry : page.entries) {
    ToProto(entry, proto->add_entries());
  }
  proto->set_up_to(page.up_to);
  proto->set_more(page.more);
  proto->set_floor(page.floor);
  ToProto(page.counts, proto->mutable_counts());
  for (const std::string& kind : page.muted_kinds) {
    proto->add_muted_kinds(kind);
  }
  proto->set_partition(page.partition);
}

Result<FeedPage> FromProto(v1::FeedPage proto) {
  if (!v1::CursorFault_IsValid(proto.fault())) {
    return Malformed("page", "a fault that is not known");
  }
  if (proto.partition() >= kPartitionsMax) {
    return Malformed("page", "a partition out of range");
  }
  FeedPage page{.fault = static_cast<CursorFault>(proto.fault()),
                .entries = {},
                .up_to = proto.up_to(),
                .more = proto.more(),
                .floor = proto.floor(),
                .counts = FromProto(proto.counts()),
                .muted_kinds = {proto.muted_kinds().begin(), proto.muted_kinds().end()},
                .partition = proto.partition()};
  page.entries.reserve(static_cast<std::size_t>(proto.entries_size()));
  for (v1::LogEntry& entry_proto : *proto.mutable_entries()) {
    auto entry = FromProto(std::move(entry_proto));
    if (!entry.ok()) {
      return Fail(Wrap("decode page", std::move(entry).error()));
    }
    page.entries.push_back(*std::move(entry));
  }
  return page;
}

std::string LogSubject(Partition partition) {
  return std::string(kLogPrefix) + std::to_string(partition);
}

std::string HeadSubject(Partition partition) {
  return std::string(kHeadPrefix) + std::to_string(partition);
}

std::optional<Subject> ParseSubject(std::string_view subject) {
  if (subject == kBodySubject) {
    return Subject{SubjectKind::kBody};
  }
  const bool log = subject.starts_with(kLogPrefix);
  if (!log && !subject.starts_with(kHeadPrefix)) {
    return std::nullopt;
  }
  const std::string_view digits = subject.substr(log ? kLogPrefix.size() : kHeadPrefix.size());
  Partition partition = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), partition);
  if (error != std::errc() || end != digits.data() + digits.size() || partition >= kPartitionsMax ||
      std::to_string(partition) != digits) {
    return std::nullopt;
  }
  return Subject{log ? SubjectKind::kLog : SubjectKind::kHead, partition};
}

}  // namespace belfry::wire
