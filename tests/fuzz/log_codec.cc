// SPDX-License-Identifier: Apache-2.0
// Entries, batches, heads and pages as bytes. First a byte, then
//   e, b, h, p: a LogEntry, a LogBatch, a LogHead, a FeedPage as it came over the wire;
//   x: id||prev||kind||partition||created||expires||broadcast id||replaces||project||user||payload,
//      an entry to be written and read back.
// What is taken makes sense, and is written and read again as it was.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "belfry/v1/store_service.pb.h"
#include "libs/common/text.h"
#include "libs/wire/codec/log_codec.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

bool IsTime(std::int64_t unix_micros) {
  return unix_micros >= kUnixMicrosMin && unix_micros <= kUnixMicrosMax;
}

bool IsSensible(const Entry& entry) {
  return entry.id > 0 && entry.id <= kEntryIdMax && entry.prev < entry.id &&
         entry.kind != EntryKind::kUnspecified && entry.partition < kPartitionsMax &&
         IsUtf8(entry.project) && IsUtf8(entry.user_id) && IsTime(entry.created_us) &&
         IsTime(entry.expires_us);
}

void CheckEntry(const Entry& entry, std::string_view bytes) {
  BELFRY_PROMISE(IsSensible(entry), bytes);
  const auto again = wire::DecodeEntry(wire::EncodeEntry(entry));
  BELFRY_PROMISE(again.ok() && *again == entry, bytes);
}

template <typename T>
bool Taken(const Result<T>& result, std::string_view bytes) {
  BELFRY_PROMISE(result.ok() || result.error().code == Code::kDataLoss, bytes);
  return result.ok();
}

void TryEntry(std::string_view bytes) {
  const auto entry = wire::DecodeEntry(bytes);
  if (Taken(entry, bytes)) {
    CheckEntry(*entry, bytes);
  }
}

void TryBatch(std::string_view bytes) {
  const auto batch = wire::DecodeBatch(bytes);
  if (!Taken(batch, bytes)) {
    return;
  }
  const auto again = wire::DecodeBatch(wire::EncodeBatch(batch->entries, batch->store_time_us));
  BELFRY_PROMISE(again.ok() && again->entries.size() == batch->entries.size() &&
                     again->store_time_us == batch->store_time_us,
                 bytes);
  for (std::size_t i = 0; i < batch->entries.size(); ++i) {
    CheckEntry(*batch->entries[i], bytes);
    Entry reference = *batch->entries[i];
    if (reference.kind == EntryKind::kBroadcast) {
      reference.payload = {};
    }
    reference.read_at_us = reference.archived_at_us = 0;  // of no log
    BELFRY_PROMISE(*again->entries[i] == reference, bytes);
  }
}

void TryBody(std::string_view bytes) {
  const auto body = wire::DecodeBody(bytes);
  if (!Taken(body, bytes)) {
    return;
  }
  BELFRY_PROMISE(body->broadcast_id > 0 && body->broadcast_id <= kEntryIdMax, bytes);
  const auto again = wire::DecodeBody(wire::EncodeBody(*body));
  BELFRY_PROMISE(again.ok() && again->broadcast_id == body->broadcast_id &&
                     again->payload == body->payload && !body->payload.empty(),
                 bytes);
}

void TryHead(std::string_view bytes) {
  const auto head = wire::DecodeHead(bytes);
  if (!Taken(head, bytes)) {
    return;
  }
  BELFRY_PROMISE(head->partition < kPartitionsMax && head->last_id <= kEntryIdMax, bytes);
  const auto again = wire::DecodeHead(wire::EncodeHead(*head));
  BELFRY_PROMISE(
      again.ok() && again->partition == head->partition && again->last_id == head->last_id, bytes);
}

void TryPage(std::string_view bytes) {
  v1::FeedPage proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return;
  }
  const auto page = wire::FromProto(proto);
  if (!Taken(page, bytes)) {
    return;
  }
  BELFRY_PROMISE(page->partition < kPartitionsMax, bytes);
  for (const Entry& entry : page->entries) {
    CheckEntry(entry, bytes);
  }
  v1::FeedPage written;
  wire::ToProto(*page, &written);
  const auto again = wire::FromProto(written);
  BELFRY_PROMISE(again.ok() && again->entries == page->entries && again->fault == page->fault &&
                     again->up_to == page->up_to && again->more == page->more &&
                     again->floor == page->floor && again->counts.unread == page->counts.unread &&
                     again->counts.up_to == page->counts.up_to &&
                     again->partition == page->partition,
                 bytes);
}

void TryWritten(Input parts) {
  Entry entry;
  entry.id = parts.Number();
  entry.prev = parts.Number();
  entry.kind = static_cast<EntryKind>(parts.Number());
  entry.partition = static_cast<Partition>(parts.Number());
  entry.created_us = static_cast<std::int64_t>(parts.Number());
  entry.expires_us = static_cast<std::int64_t>(parts.Number());
  entry.broadcast_id = parts.Number();
  entry.replaces = parts.Number();
  entry.collapsed_count = static_cast<std::uint32_t>(entry.replaces);
  entry.critical = entry.replaces % 2 != 0;
  entry.project = parts.Part();
  entry.user_id = parts.Part();
  entry.payload = parts.Rest();
  const auto again = wire::DecodeEntry(wire::EncodeEntry(entry));
  if (!Taken(again, entry.payload.str())) {
    BELFRY_PROMISE(!IsSensible(entry), entry.project, entry.user_id);
    return;
  }
  BELFRY_PROMISE(IsSensible(entry) && *again == entry, entry.project, entry.user_id);
}

}  // namespace

void Try(std::string_view input) {
  static const google::protobuf::LogSilencer silencer;  // it writes a line for each wrong string
  Input parts(input);
  switch (parts.Byte()) {
    case 'e':
      return TryEntry(parts.Rest());
    case 'b':
      return TryBatch(parts.Rest());
    case 'o':
      return TryBody(parts.Rest());
    case 'h':
      return TryHead(parts.Rest());
    case 'p':
      return TryPage(parts.Rest());
    case 'x':
      return TryWritten(parts);
    default:
      return;
  }
}

}  // namespace belfry::fuzz
