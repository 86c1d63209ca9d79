// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/publish/validate.h"

#include <utility>

#include "libs/common/ascii.h"
#include "libs/common/names.h"
#include "libs/common/text.h"
#include "libs/common/time_text.h"
#include "services/ingest/publish/url.h"

namespace belfry::ingest {
namespace {

constexpr std::string_view kNotUtf8 = "must be valid UTF-8";
constexpr std::string_view kOnlyBelfry = "is set by belfry: must be empty";
// Collects what is wrong.
class Violations {
 public:
  explicit Violations(const FieldNames& names) : names_(names) {}

  void Add(std::string_view field, std::string description) {
    violations_.push_back({names_.Path(field), std::move(description)});
  }
  void AddKey(std::string description) {
    violations_.push_back({names_.idempotency_key, std::move(description)});
  }
  // False, and noted, unless `text` is UTF-8 of at most `bytes_max`.
  bool Text(std::string_view field, std::string_view text, std::size_t bytes_max) {
    if (text.size() > bytes_max) {
      Add(field, "must be at most " + std::to_string(bytes_max) + " bytes, got " +
                     std::to_string(text.size()));
      return false;
    }
    if (!IsUtf8(text)) {
      Add(field, std::string(kNotUtf8));
      return false;
    }
    return true;
  }
  // A word of [A-Za-z0-9_.:-].
  void Token(std::string_view field, std::string_view text, std::size_t bytes_max) {
    if (Text(field, text, bytes_max) && !IsAlnumOr(text, "_.:-")) {
      Add(field, "must consist of A-Z a-z 0-9 _ . : -");
    }
  }
  void Url(std::string_view field, std::string_view text, UrlUse use) {
    if (!Text(field, text, kUrlBytesMax) || text.empty()) {
      return;
    }
    const std::string_view fault = UrlFault(text, use);
    if (!fault.empty()) {
      Add(field, std::string(fault));
    }
  }
  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  const FieldNames& names_;
  std::vector<FieldViolation> violations_;
};

void CheckUser(std::string_view user_id, const ValidateContext& context, Violations& violations) {
  if (context.kind == EntryKind::kBroadcast || context.to_segment) {
    if (!user_id.empty()) {
      violations.Add("user_id", context.to_segment ? "must be empty with a segment"
                                                   : "must be empty in a broadcast");
    }
    return;
  }
  if (user_id.empty()) {
    violations.Add("user_id", "required");
  } else if (violations.Text("user_id", user_id, kUserIdBytesMax) && !IsUserId(user_id)) {
    violations.Add("user_id", "must not have control characters");
  }
}

void CheckMeta(const std::optional<MetaShape>& meta, Violations& violations) {
  if (!meta) {
    return;
  }
  if (meta->bytes > kMetaBytesMax) {
    violations.Add("meta", "must be at most " + std::to_string(kMetaBytesMax) +
                               " bytes serialized, got " + std::to_string(meta->bytes));
  } else if (meta->depth > kMetaDepthMax) {
    violations.Add("meta", "must be at most " + std::to_string(kMetaDepthMax) + " levels deep");
  } else if (!meta->utf8) {
    violations.Add("meta", std::string(kNotUtf8));
  } else if (meta->unrepresentable) {
    violations.Add("meta", "must not have NaN, an infinite number or a value without a kind");
  }
}

void CheckExpiry(const std::optional<TimestampFields>& expires_at, std::int64_t now_unix_us,
                 Violations& violations) {
  if (!expires_at) {
    return;
  }
  if (expires_at->seconds < kUnixSecondsMin || expires_at->seconds > kUnixSecondsMax ||
      expires_at->nanos < 0 || expires_at->nanos > 999'999'999) {
    violations.Add("expires_at", "must be a time between the years 1 and 9999");
  } else if (UnixMicros(*expires_at) <= now_unix_us) {
    violations.Add("expires_at", "must lie in the future");
  }
}

void CheckCollapseKey(std::string_view key, EntryKind kind, Violations& violations) {
  if (key.empty()) {
    return;
  }
  if (kind == EntryKind::kBroadcast) {
    violations.Add("collapse_key", "must be empty in a broadcast");
  } else if (violations.Text("collapse_key", key, kCollapseKeyBytesMax) && HasControl(key)) {
    violations.Add("collapse_key", "must not have control characters");
  }
}

void CheckKey(const std::optional<std::string_view>& key, Violations& violations) {
  if (!key) {
    return;
  }
  if (!IsIdempotencyKey(*key)) {
    violations.AddKey("must be 1-" + std::to_string(kIdempotencyKeyBytesMax) +
                      " bytes of printable ASCII");
  }
}

}  // namespace

std::string FieldNames::Path(std::string_view snake) const { return prefix + Beside(snake); }

std::string FieldNames::Beside(std::string_view snake) const {
  if (!camel) {
    return std::string(snake);
  }
  std::string path;
  bool upper = false;
  for (const char c : snake) {
    if (c == '_') {
      upper = true;
    } else {
      path += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
      upper = false;
    }
  }
  return path;
}

std::vector<FieldViolation> Validate(const NotificationFields& fields,
                                     const ValidateContext& context, const FieldNames& names) {
  Violations violations(names);
  if (fields.id != 0) {
    violations.Add("id", std::string(kOnlyBelfry));
  }
  if (!fields.project.empty() && fields.project != context.project) {
    violations.Add("project", "must be empty or the API key's own project");
  }
  CheckUser(fields.user_id, context, violations);
  violations.Token("kind", fields.kind, kKindBytesMax);
  if (const std::string_view level = fields.level; !level.empty() && level != "info" &&
                                                   level != "success" && level != "warning" &&
                                                   level != "error") {
    violations.Add("level", "must be \"info\", \"success\", \"warning\" or \"error\"");
  }
  if (fields.title.empty()) {
    violations.Add("title", "required");
  } else {
    violations.Text("title", fields.title, kTitleBytesMax);
  }
  violations.Text("body", fields.body, kBodyBytesMax);
  violations.Text("actor_id", fields.actor_id, kActorIdBytesMax);
  violations.Token("subject_type", fields.subject_type, kSubjectTypeBytesMax);
  violations.Text("subject_id", fields.subject_id, kSubjectIdBytesMax);
  violations.Url("action_url", fields.action_url, UrlUse::kAction);
  violations.Url("image_url", fields.image_url, UrlUse::kImage);
  CheckMeta(fields.meta, violations);
  if (fields.has_created_at) {
    violations.Add("created_at", std::string(kOnlyBelfry));
  }
  CheckExpiry(fields.expires_at, context.now_unix_us, violations);
  if (fields.has_read_at) {
    violations.Add("read_at", std::string(kOnlyBelfry));
  }
  if (fields.has_archived_at) {
    violations.Add("archived_at", std::string(kOnlyBelfry));
  }
  if (fields.broadcast_id != 0) {
    violations.Add("broadcast_id", std::string(kOnlyBelfry));
  }
  CheckCollapseKey(fields.collapse_key, context.kind, violations);
  if (fields.collapsed_count != 0) {
    violations.Add("collapsed_count", std::string(kOnlyBelfry));
  }
  if (fields.replaces != 0) {
    violations.Add("replaces", std::string(kOnlyBelfry));
  }
  CheckKey(fields.idempotency_key, violations);
  return violations.Take();
}

std::int64_t UnixMicros(const TimestampFields& timestamp) {
  return timestamp.seconds * 1'000'000 + timestamp.nanos / 1'000;
}

}  // namespace belfry::ingest
