// SPDX-License-Identifier: Apache-2.0
// The rules for what a producer may set, field by field, as proto/belfry/v1/notification.proto
// promises them. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/common/entry.h"
#include "libs/common/invalid_fields.h"
#include "libs/common/names.h"
#include "libs/common/result.h"

namespace belfry::ingest {

inline constexpr std::size_t kKindBytesMax = 64;
inline constexpr std::size_t kTitleBytesMax = 256;
inline constexpr std::size_t kBodyBytesMax = 4096;
inline constexpr std::size_t kActorIdBytesMax = 128;
inline constexpr std::size_t kSubjectTypeBytesMax = 64;
inline constexpr std::size_t kSubjectIdBytesMax = 128;
inline constexpr std::size_t kUrlBytesMax = 2048;
inline constexpr std::size_t kCollapseKeyBytesMax = 128;
inline constexpr std::size_t kMetaBytesMax = 16 * 1024;
inline constexpr int kMetaDepthMax = 10;

// What matters of `meta`, which only adapters can walk.
struct MetaShape {
  std::size_t bytes = 0;  // serialized as google.protobuf.Struct
  int depth = 0;          // {} and {"a":1} are 1 deep, {"a":{}} and {"a":[]} are 2
  bool utf8 = true;
  // A number that is NaN or infinite, or a value without a kind: neither exists in JSON.
  bool unrepresentable = false;
};

// google.protobuf.Timestamp.
struct TimestampFields {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

// What a producer sent, as it was sent: views of the request, which must outlive them.
struct NotificationFields {
  std::uint64_t id = 0;
  std::string_view project;
  std::string_view user_id;
  std::string_view kind;
  std::string_view level;
  std::string_view title;
  std::string_view body;
  std::string_view actor_id;
  std::string_view subject_type;
  std::string_view subject_id;
  std::string_view action_url;
  std::string_view image_url;
  std::optional<MetaShape> meta;
  bool has_created_at = false;
  std::optional<TimestampFields> expires_at;
  bool has_read_at = false;
  bool has_archived_at = false;
  std::uint64_t broadcast_id = 0;
  std::string_view collapse_key;
  std::uint32_t collapsed_count = 0;
  std::uint64_t replaces = 0;
  // std::nullopt: none was given. An empty one that was given is refused.
  std::optional<std::string_view> idempotency_key;
};

// The names of the fields in the errors that the caller gets.
struct FieldNames {
  std::string prefix;                               // "notification." or ""
  bool camel = false;                               // "userId" instead of "user_id"
  std::string idempotency_key = "idempotency_key";  // whole, without the prefix

  static FieldNames Grpc() { return {"notification.", false, "idempotency_key"}; }
  static FieldNames Rest() { return {"", true, "Idempotency-Key"}; }
  static FieldNames RestBatch() { return {"", true, "idempotencyKey"}; }

  // The path of the field that the proto calls `snake` ("user_id").
  std::string Path(std::string_view snake) const;
  // The same of a field beside the notification: without the prefix.
  std::string Beside(std::string_view snake) const;
};

struct ValidateContext {
  EntryKind kind = EntryKind::kNotification;  // or kBroadcast
  std::string_view project;                   // the API key's
  std::int64_t now_unix_us = 0;
  bool to_segment = false;  // a kNotification for a segment's members
};

// Every bad field, in the proto's order; empty if the request may be stored.
std::vector<FieldViolation> Validate(const NotificationFields& fields,
                                     const ValidateContext& context, const FieldNames& names);

// Unix microseconds, rounded down. Only for a timestamp that Validate lets pass.
std::int64_t UnixMicros(const TimestampFields& timestamp);

}  // namespace belfry::ingest
