// SPDX-License-Identifier: Apache-2.0
#include "services/store/grpc/append_request.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "belfry/v1/store_service.pb.h"
#include "libs/common/names.h"
#include "libs/common/text.h"
#include "libs/wire/codec/log_codec.h"
#include "libs/wire/rpc/status.h"

namespace belfry::store {
namespace {

constexpr std::size_t kHashBytes = 32;

// `name`: what the item is called. `to_segment`: it is for the members of one.
std::vector<FieldViolation> FindViolations(const v1::AppendItem& item, const std::string& name,
                                           bool to_segment) {
  std::vector<FieldViolation> violations;
  const auto require = [&](bool good, const char* field, const char* allowed) {
    if (!good) {
      violations.push_back({name + "." + field, allowed});
    }
  };
  const bool broadcast = item.kind() == v1::ENTRY_KIND_BROADCAST && !to_segment;
  require(broadcast || item.kind() == v1::ENTRY_KIND_NOTIFICATION, "kind",
          "NOTIFICATION or BROADCAST");
  require(IsProject(item.project()), "project", "1 to 64 of [A-Za-z0-9_.-]");
  require(broadcast || to_segment ? item.user_id().empty() : IsUserId(item.user_id()), "user_id",
          broadcast || to_segment ? "empty for a broadcast or a segment"
                                  : "1 to 128 bytes of UTF-8 without control characters");
  require(IsIdempotencyKey(item.idempotency_key()), "idempotency_key",
          "1 to 128 bytes of printable ASCII");
  require(item.content_hash().size() == kHashBytes, "content_hash", "32 bytes");
  require(item.expires_us() >= 0 && item.expires_us() <= kUnixMicrosMax, "expires_us",
          "0 or unix microseconds up to the year 9999");
  require(item.payload().size() <= kPayloadBytesMax, "payload", "at most 65536 bytes");
  require(item.notification_kind().size() <= kKindBytesMax && IsUtf8(item.notification_kind()),
          "notification_kind", "at most 128 bytes of UTF-8");
  require(item.collapse_key().size() <= kCollapseKeyBytesMax, "collapse_key", "at most 128 bytes");
  require(!broadcast || item.collapse_key().empty(), "collapse_key", "empty for a broadcast");
  const auto& excluded = item.exclude_user_ids();
  require(excluded.empty() || broadcast, "exclude_user_ids", "none but for a broadcast");
  require(static_cast<std::size_t>(excluded.size()) <= kAudienceUsersMax &&
              std::is_sorted(excluded.begin(), excluded.end()) &&
              std::all_of(excluded.begin(), excluded.end(), IsUserId),
          "exclude_user_ids", "up to 1000 users, sorted");
  return violations;
}

EntryKind KindOf(const v1::AppendItem& item) {
  return item.kind() == v1::ENTRY_KIND_BROADCAST ? EntryKind::kBroadcast : EntryKind::kNotification;
}

// Takes the strings out of `item`, in which FindViolations found nothing.
AppendItem ToItem(v1::AppendItem& item) {
  std::vector<std::string> excluded(item.exclude_user_ids().begin(), item.exclude_user_ids().end());
  if (!excluded.empty()) {
    item.mutable_payload()->append(wire::EncodeExclusion(excluded));
  }
  return {.kind = KindOf(item),
          .project = std::move(*item.mutable_project()),
          .user_id = std::move(*item.mutable_user_id()),
          .idempotency_key = std::move(*item.mutable_idempotency_key()),
          .idempotency_key_fresh = item.idempotency_key_fresh(),
          .content_hash = std::move(*item.mutable_content_hash()),
          .expires_us = item.expires_us(),
          .payload = std::move(*item.mutable_payload()),
          .notification_kind = std::move(*item.mutable_notification_kind()),
          .collapse_key = std::move(*item.mutable_collapse_key()),
          .excluded = std::move(excluded)};
}

}  // namespace

Result<CheckedAppend> CheckAppend(v1::AppendRequest& request) {
  if (request.items_size() == 0 || request.items_size() > kAppendItemsMax) {
    Error error{Code::kInvalidArgument,
                "append: " + std::to_string(request.items_size()) + " items"};
    error.violations.push_back({"items", "1 to 1000 items"});
    return Fail(std::move(error));
  }
  CheckedAppend checked;
  checked.items.reserve(static_cast<std::size_t>(request.items_size()));
  checked.refused.reserve(static_cast<std::size_t>(request.items_size()));
  for (v1::AppendItem& item : *request.mutable_items()) {
    auto violations =
        FindViolations(item, "items[" + std::to_string(checked.refused.size()) + "]", false);
    if (violations.empty()) {
      checked.items.push_back(ToItem(item));
      checked.refused.emplace_back();
    } else {
      Error error{Code::kInvalidArgument, "append: malformed item"};
      error.violations = std::move(violations);
      checked.refused.emplace_back(std::move(error));
    }
  }
  return checked;
}

Result<AppendItem> CheckSegmentItem(v1::AppendItem& item) {
  auto violations = FindViolations(item, "item", true);
  if (!violations.empty()) {
    Error error{Code::kInvalidArgument, "update audience: malformed item"};
    error.violations = std::move(violations);
    return Fail(std::move(error));
  }
  return ToItem(item);
}

void FillAppendResponse(const std::vector<std::optional<Error>>& refused, AppendResults results,
                        v1::AppendResponse* response) {
  std::size_t next = 0;
  for (const std::optional<Error>& error : refused) {
    v1::AppendResult* result = response->add_results();
    if (error) {
      wire::ToProto(*error, result->mutable_error());
      continue;
    }
    const Result<Appended>& appended = results[next++];
    if (!appended.ok()) {
      wire::ToProto(appended.error(), result->mutable_error());
      continue;
    }
    result->mutable_ok()->set_id(appended->id);
    result->mutable_ok()->set_created_us(appended->created_us);
    result->mutable_ok()->set_duplicate(appended->duplicate);
    result->mutable_ok()->set_suppressed(appended->suppressed);
  }
}

}  // namespace belfry::store
