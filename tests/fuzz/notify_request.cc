// SPDX-License-Identifier: Apache-2.0
// The bytes of a publish over gRPC: i (an item, NotifyRequest), a (BroadcastRequest), g
// (NotifySegmentRequest), b (NotifyBatchRequest) or s (NotifyStreamRequest) as one byte, then the
// message. Whatever protobuf reads is read likewise;
// a text that is not UTF-8 is named by its field; what may be stored is clean.
#include <google/protobuf/stubs/logging.h>

#include <string>
#include <string_view>

#include "belfry/v1/notify_service.pb.h"
#include "libs/common/names.h"
#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "services/ingest/publish/prepare.h"
#include "services/ingest/publish/request_bytes.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

constexpr std::int64_t kNowUs = 1'700'000'000'000'000;

template <typename Message>
bool ByProtobuf(std::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

// By their text, in which NaN equals itself and maps are sorted.
template <typename Message>
bool Same(const Message& a, const Message& b) {
  return a.ShortDebugString() == b.ShortDebugString();
}

void CheckPrepared(const ingest::ItemContent& content, bool to_segment, std::string_view bytes) {
  BELFRY_PROMISE(content.project == "demo" && content.content_hash.size() == 32, bytes);
  BELFRY_PROMISE(!content.idempotency_key.empty() && content.idempotency_key.size() <= 128, bytes);
  BELFRY_PROMISE(content.user_id.size() <= kUserIdBytesMax && IsUtf8(content.user_id), bytes);
  BELFRY_PROMISE(content.user_id.empty() == (to_segment || content.kind == EntryKind::kBroadcast),
                 bytes);
  std::string_view last;
  for (const std::string& user : content.exclude_user_ids) {
    BELFRY_PROMISE(IsUserId(user) && last < user && content.user_id.empty(), bytes);
    last = user;
  }
  BELFRY_PROMISE(content.expires_us == 0 || content.expires_us > kNowUs, bytes);
  Entry entry;
  entry.id = 1;
  entry.project = content.project;
  entry.user_id = content.user_id;
  entry.created_us = kNowUs;
  entry.expires_us = content.expires_us;
  entry.payload = content.payload;
  const auto json = wire::NotificationJson(entry);
  BELFRY_PROMISE(json.ok(), bytes);
  v1::Notification again;
  const Status read = wire::ParseNotificationJson(*json, &again);
  // Whole numbers beyond 2^53 may come over gRPC, as doubles.
  BELFRY_PROMISE(read.ok() || !read.error().violations.empty(), bytes, *json);
}

template <typename Request>
void TryItem(std::string_view bytes, Result<ingest::PublishRequest> wanted) {
  Request by_protobuf;
  const bool well_formed = ByProtobuf(bytes, &by_protobuf);
  if (!wanted.ok()) {
    BELFRY_PROMISE(!well_formed && wanted.error().code == Code::kInvalidArgument, bytes);
    BELFRY_PROMISE(wanted.error().reason == "MALFORMED_MESSAGE", bytes);
    return;
  }
  BELFRY_PROMISE(wanted->violations.empty() == well_formed, bytes);
  if (well_formed) {
    BELFRY_PROMISE(Same(wanted->notification, by_protobuf.notification()), bytes);
  }
  std::string serialized;
  BELFRY_PROMISE(wanted->notification.SerializeToString(&serialized), bytes);
  v1::Notification clean;
  BELFRY_PROMISE(ByProtobuf(serialized, &clean), bytes);  // only UTF-8 is left
  const bool refused = !wanted->violations.empty();
  const bool to_segment = wanted->segment.has_value();
  const auto content = ingest::Prepare(std::move(*wanted), {"k", "demo", true, true, 1}, kNowUs,
                                       ingest::FieldNames::Grpc());
  if (!content.ok()) {
    BELFRY_PROMISE(content.error().code == Code::kInvalidArgument, bytes);
    BELFRY_PROMISE(!content.error().violations.empty(), bytes);
    return;
  }
  BELFRY_PROMISE(!refused, bytes);
  CheckPrepared(*content, to_segment, bytes);
}

void TryBatch(std::string_view bytes) {
  v1::NotifyBatchRequest by_protobuf;
  const bool well_formed = ByProtobuf(bytes, &by_protobuf);
  const auto items = ingest::SplitBatch(bytes);
  if (!items.ok()) {
    BELFRY_PROMISE(items.error().code == Code::kInvalidArgument, bytes);
    BELFRY_PROMISE(!well_formed || by_protobuf.items_size() == 0 ||
                       by_protobuf.items_size() > static_cast<int>(ingest::kBatchItemsMax),
                   bytes);
    return;
  }
  BELFRY_PROMISE(!items->empty() && items->size() <= ingest::kBatchItemsMax, bytes);
  if (well_formed) {
    BELFRY_PROMISE(items->size() == static_cast<std::size_t>(by_protobuf.items_size()), bytes);
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    const std::string_view item = (*items)[i];
    BELFRY_PROMISE(
        item.data() >= bytes.data() && item.data() + item.size() <= bytes.data() + bytes.size(),
        bytes);
    if (!well_formed) {
      continue;
    }
    v1::NotifyRequest request;
    BELFRY_PROMISE(ByProtobuf(item, &request), bytes);
    BELFRY_PROMISE(Same(request, by_protobuf.items(static_cast<int>(i))), bytes);
  }
}

void TryStreamed(std::string_view bytes) {
  v1::NotifyStreamRequest by_protobuf;
  const bool well_formed = ByProtobuf(bytes, &by_protobuf);
  const auto item = ingest::StreamItem(bytes);
  if (!item.ok()) {
    BELFRY_PROMISE(!well_formed && item.error().code == Code::kInvalidArgument, bytes);
    return;
  }
  TryItem<v1::NotifyRequest>(*item, ingest::ParseNotifyRequest(*item, EntryKind::kNotification));
}

}  // namespace

void Try(std::string_view input) {
  static const google::protobuf::LogSilencer silencer;  // it writes a line for each wrong string
  Input parts(input);
  switch (parts.Byte()) {
    case 'b':
      return TryBatch(parts.Rest());
    case 's':
      return TryStreamed(parts.Rest());
    case 'a':
      return TryItem<v1::BroadcastRequest>(
          parts.Rest(), ingest::ParseNotifyRequest(parts.Rest(), EntryKind::kBroadcast));
    case 'g':
      return TryItem<v1::NotifySegmentRequest>(parts.Rest(),
                                               ingest::ParseSegmentRequest(parts.Rest()));
    default:
      return TryItem<v1::NotifyRequest>(
          parts.Rest(), ingest::ParseNotifyRequest(parts.Rest(), EntryKind::kNotification));
  }
}

}  // namespace belfry::fuzz
