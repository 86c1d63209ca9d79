// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/inbox_json.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>

#include "libs/common/ascii.h"
#include "libs/common/invalid_fields.h"
#include "libs/common/names.h"
#include "libs/common/text.h"
#include "libs/wire/codec/notification_json.h"
#include "libs/wire/codec/strict_json.h"

namespace belfry::wire {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 8;
constexpr std::size_t kShownBytesMax = 64;
constexpr std::uint32_t kLimitMax = 100;
constexpr const char* kIdRule =
    "must be an id: a whole number from 1 to 2^53, as a string or a number";
constexpr const char* kUpToRule = "required: the greatest id that the user has been shown";

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

std::optional<EntryId> ReadId(const json::value& value) {
  if (value.is_string()) {
    return ParseEntryId(View(value.get_string()));
  }
  if (value.is_int64() && value.get_int64() > 0 &&
      static_cast<EntryId>(value.get_int64()) <= kEntryIdMax) {
    return static_cast<EntryId>(value.get_int64());
  }
  return std::nullopt;
}

std::string KindFault(std::string_view kind) {
  if (kind.size() > kKindBytesMax) {
    return "must be at most " + std::to_string(kKindBytesMax) + " bytes";
  }
  return IsAlnumOr(kind, "_.:-") ? "" : "must consist of A-Z a-z 0-9 _ . : -";
}

std::string CountFault(std::size_t count, std::size_t min, std::size_t max) {
  if (count >= min && count <= max) {
    return "";
  }
  return "must have " + std::to_string(min) + "-" + std::to_string(max) + " elements, got " +
         std::to_string(count);
}

bool IsLevel(std::string_view level) {
  return level == "info" || level == "success" || level == "warning" || level == "error";
}

// One body, member by member. Whoever takes a member removes it; what is left is unknown.
class Body {
 public:
  static Result<Body> Read(std::string_view text) {
    auto object = ParseBody(text, kDepthMax);
    return object.ok() ? Result<Body>(Body(std::move(*object))) : Fail(std::move(object.error()));
  }

  bool Has(std::string_view name) const {
    const json::value* value = object_.if_contains({name.data(), name.size()});
    return value != nullptr && !value->is_null();
  }
  EntryId Id(std::string_view name, const char* missing) {
    const auto value = Take(name);
    if (!value) {
      Wrong(name, missing);
      return 0;
    }
    const auto id = ReadId(*value);
    if (!id) {
      Wrong(name, kIdRule);
    }
    return id.value_or(0);
  }
  std::vector<EntryId> Ids(std::string_view name) {
    std::vector<EntryId> ids;
    const auto value = Take(name);
    if (!value || !value->is_array()) {
      Wrong(name, "required: a list of ids");
      return ids;
    }
    const json::array& list = value->get_array();
    if (std::string fault = CountFault(list.size(), 1, kMarkIdsMax); !fault.empty()) {
      Wrong(name, std::move(fault));
      return ids;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto id = ReadId(list[i]);
      if (id) {
        ids.push_back(*id);
      } else {
        Wrong(std::string(name) + "[" + std::to_string(i) + "]", kIdRule);
      }
    }
    return ids;
  }
  std::string Text(std::string_view name) {
    const auto value = Take(name);
    if (!value) {
      return "";
    }
    if (!value->is_string()) {
      Wrong(name, "must be a string");
      return "";
    }
    return std::string(View(value->get_string()));
  }
  std::string Kind(std::string_view name) {
    std::string kind = Text(name);
    if (std::string fault = KindFault(kind); !fault.empty()) {
      Wrong(name, std::move(fault));
    }
    return kind;
  }
  bool Flag(std::string_view name) {
    const auto value = Take(name);
    if (value && !value->is_bool()) {
      Wrong(name, "must be true or false");
    }
    return value && value->is_bool() && value->get_bool();
  }
  std::vector<std::string> Kinds(std::string_view name) {
    std::vector<std::string> kinds;
    const auto value = Take(name);
    if (!value || !value->is_array()) {
      Wrong(name, "required: a list of kinds");
      return kinds;
    }
    const json::array& list = value->get_array();
    if (std::string fault = CountFault(list.size(), 0, kMutedKindsMax); !fault.empty()) {
      Wrong(name, std::move(fault));
      return kinds;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string path = std::string(name) + "[" + std::to_string(i) + "]";
      if (!list[i].is_string() || list[i].get_string().empty()) {
        Wrong(path, "must be a kind, or the beginning of kinds");
        continue;
      }
      kinds.emplace_back(View(list[i].get_string()));
      if (std::string fault = KindFault(kinds.back()); !fault.empty()) {
        Wrong(path, std::move(fault));
      }
    }
    return kinds;
  }
  void Wrong(std::string_view name, std::string description) {
    violations_.push_back({std::string(name), std::move(description)});
  }

  // `read`, unless anything was wrong or is left over.
  template <typename T>
  Result<T> Done(T read) {
    for (const auto& member : object_) {
      const std::string_view name(member.key().data(), member.key().size());
      Wrong(name.size() > kShownBytesMax || HasControl(name) ? "(a long name)" : name,
            "unknown field");
    }
    if (!violations_.empty()) {
      return Fail(InvalidFields(std::move(violations_)));
    }
    return read;
  }

 private:
  explicit Body(json::object object) : object_(std::move(object)) {}

  // std::nullopt: it is not there, or null.
  std::optional<json::value> Take(std::string_view name) {
    json::value* const value = object_.if_contains({name.data(), name.size()});
    if (value == nullptr) {
      return std::nullopt;
    }
    json::value taken = std::move(*value);
    object_.erase({name.data(), name.size()});
    return taken.is_null() ? std::nullopt : std::optional(std::move(taken));
  }

  json::object object_;
  std::vector<FieldViolation> violations_;
};

std::optional<bool> ReadFlag(std::string_view text) {
  if (text == "true") {
    return true;
  }
  if (text == "false") {
    return false;
  }
  return std::nullopt;
}

// Reads one parameter into `query`: what is wrong with it, empty if nothing is.
std::string ReadParameter(std::string_view name, std::string_view value, ListQuery* query) {
  if (name == "limit") {
    const auto limit = ParseEntryId(value);
    if (!limit || *limit > kLimitMax) {
      return "must be a whole number from 1 to " + std::to_string(kLimitMax);
    }
    query->limit = static_cast<std::uint32_t>(*limit);
  } else if (name == "before") {
    const auto before = ParseEntryId(value);
    query->before = before.value_or(0);
    return before ? "" : kIdRule;
  } else if (name == "unread") {
    query->unread = ReadFlag(value);
    return query->unread ? "" : "must be true or false";
  } else if (name == "archived") {
    const auto archived = ReadFlag(value);
    query->archived = archived.value_or(false);
    return archived ? "" : "must be true or false";
  } else if (name == "kind") {
    query->kind = value;
    return KindFault(value);
  } else if (name == "level") {
    query->level = value;
    return IsLevel(value) ? "" : R"(must be "info", "success", "warning" or "error")";
  } else {
    return "unknown parameter";
  }
  return "";
}

// A parameter's name as an error repeats it.
std::string ShownName(const std::string& name) {
  const bool shown = name.size() <= kShownBytesMax && IsUtf8(name) && !HasControl(name);
  return shown ? name : "(a name that is no text)";
}

bool TakesIds(StateOp op) { return op >= StateOp::kRead && op <= StateOp::kDelete; }

}  // namespace

std::optional<EntryId> ParseEntryId(std::string_view text) {
  EntryId id = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, id);
  if (text.empty() || error != std::errc() || rest != end || id == 0 || id > kEntryIdMax) {
    return std::nullopt;
  }
  return id;
}

Result<StateChange> ParseBulkBody(std::string_view text) {
  auto body = Body::Read(text);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  StateChange change;
  const std::string op = body->Text("op");
  for (const StateOp known : {StateOp::kRead, StateOp::kUnread, StateOp::kArchive,
                              StateOp::kUnarchive, StateOp::kDelete}) {
    if (op == NameOf(known)) {
      change.op = known;
    }
  }
  if (change.op == StateOp::kUnspecified) {
    body->Wrong("op", R"(must be "read", "unread", "archive", "unarchive" or "delete")");
  }
  change.ids = body->Ids("ids");
  return body->Done(std::move(change));
}

Result<StateChange> ParseReadAllBody(std::string_view text) {
  auto body = Body::Read(text);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  StateChange change;
  change.op = StateOp::kReadAll;
  change.up_to = body->Id("upTo", kUpToRule);
  change.kind = body->Kind("kind");
  return body->Done(std::move(change));
}

Result<StateChange> ParseArchiveAllBody(std::string_view text) {
  auto body = Body::Read(text);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  StateChange change;
  change.op = StateOp::kArchiveAll;
  change.up_to = body->Id("upTo", kUpToRule);
  change.only_read = body->Flag("onlyRead");
  change.kind = body->Kind("kind");
  return body->Done(std::move(change));
}

Result<StateChange> ParseSeenBody(std::string_view text) {
  auto body = Body::Read(text);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  StateChange change;
  change.op = StateOp::kSeen;
  change.up_to = body->Id("upTo", kUpToRule);
  return body->Done(std::move(change));
}

Result<StateChange> ParsePreferencesBody(std::string_view text) {
  auto body = Body::Read(text);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  StateChange change;
  change.op = StateOp::kPreferences;
  change.muted_kinds = body->Kinds("mutedKinds");
  return body->Done(std::move(change));
}

Result<StateUpdate> ParseRetractBody(std::string_view text) {
  auto body = Body::Read(text);
  if (!body.ok()) {
    return Fail(std::move(body.error()));
  }
  StateUpdate update;
  update.change.op = StateOp::kRetracted;
  const bool one = body->Has("userId") || body->Has("id");
  const int targets =
      (one ? 1 : 0) + (body->Has("broadcastId") ? 1 : 0) + (body->Has("idempotencyKey") ? 1 : 0);
  if (targets != 1) {
    return Fail(InvalidFields({{"(the body)",
                                "must have either userId and id, or broadcastId, or "
                                "idempotencyKey"}}));
  }
  if (one) {
    update.user_id = body->Text("userId");
    if (!IsUserId(update.user_id)) {
      body->Wrong("userId", "must be 1-128 bytes of UTF-8 without control characters");
    }
    update.change.ids = {body->Id("id", "required")};
  } else if (body->Has("broadcastId")) {
    update.change.ids = {body->Id("broadcastId", "required")};
  } else {
    update.idempotency_key = body->Text("idempotencyKey");
    if (!IsIdempotencyKey(update.idempotency_key)) {
      body->Wrong("idempotencyKey", "must be 1-128 bytes of printable ASCII");
    }
  }
  return body->Done(std::move(update));
}

Error UnknownParameters(const std::vector<std::pair<std::string, std::string>>& query) {
  std::vector<FieldViolation> violations;
  violations.reserve(query.size());
  for (const auto& [name, value] : query) {
    violations.push_back({ShownName(name), "unknown parameter"});
  }
  return InvalidFields(std::move(violations));
}

Result<ListQuery> ParseListQuery(const std::vector<std::pair<std::string, std::string>>& query) {
  ListQuery read;
  std::set<std::string_view> seen;
  std::vector<FieldViolation> violations;
  for (const auto& [name, value] : query) {
    const std::string fault = seen.insert(name).second ? ReadParameter(name, value, &read)
                                                       : std::string("given more than once");
    if (!fault.empty()) {
      violations.push_back({ShownName(name), fault});
    }
  }
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  return read;
}

std::vector<FieldViolation> CheckChange(const StateChange& change) {
  std::vector<FieldViolation> violations;
  const auto check = [&violations](const char* field, std::string fault) {
    if (!fault.empty()) {
      violations.push_back({field, std::move(fault)});
    }
  };
  if (TakesIds(change.op)) {
    check("ids", CountFault(change.ids.size(), 1, kMarkIdsMax));
    const bool good = std::all_of(change.ids.begin(), change.ids.end(),
                                  [](EntryId id) { return id > 0 && id <= kEntryIdMax; });
    check("ids", good ? "" : "must be ids: whole numbers above 0");
  } else if (change.op != StateOp::kPreferences && change.op != StateOp::kRetracted) {
    check("up_to", change.up_to == 0            ? kUpToRule
                   : change.up_to > kEntryIdMax ? "must be an id"
                                                : "");
  }
  check("kind", KindFault(change.kind));
  check("muted_kinds", CountFault(change.muted_kinds.size(), 0, kMutedKindsMax));
  for (const std::string& kind : change.muted_kinds) {
    check("muted_kinds", kind.empty() ? "must not have an empty kind" : KindFault(kind));
  }
  if (change.operation.size() > kOperationBytesMax || !IsUtf8(change.operation) ||
      HasControl(change.operation)) {
    check("operation", "must be at most 128 bytes of UTF-8 without control characters");
  }
  return violations;
}

std::vector<FieldViolation> CheckQuery(const ListQuery& query) {
  std::vector<FieldViolation> violations;
  if (query.limit > kLimitMax) {
    violations.push_back({"limit", "must be at most " + std::to_string(kLimitMax)});
  }
  if (std::string fault = KindFault(query.kind); !fault.empty()) {
    violations.push_back({"kind", std::move(fault)});
  }
  if (!query.level.empty() && !IsLevel(query.level)) {
    violations.push_back({"level", R"(must be "info", "success", "warning" or "error")"});
  }
  return violations;
}

Result<std::string> ListJson(const ListPage& page) {
  std::string out = R"({"notifications":[)";
  for (const Entry& entry : page.entries) {
    auto one = NotificationJson(entry);
    if (!one.ok()) {
      return Fail(std::move(one.error()));
    }
    out += out.back() == '[' ? "" : ",";
    out += *one;
  }
  out += R"(],"nextBefore":)";
  out += page.next_before == 0 ? "null" : "\"" + std::to_string(page.next_before) + "\"";
  out += R"(,"oldestId":")" + std::to_string(page.oldest_id);
  out += R"(","counts":)" + CountsJson(page.counts) + "}";
  return out;
}

std::string ChangedJson(const Counts& counts) { return R"({"counts":)" + CountsJson(counts) + "}"; }

std::string BulkJson(const std::vector<EntryId>& ids, const StateUpdated& updated) {
  std::string out = R"({"results":[)";
  for (const EntryId id : ids) {
    const bool found = std::find(updated.not_found.begin(), updated.not_found.end(), id) ==
                       updated.not_found.end();
    out += out.back() == '[' ? "" : ",";
    out += R"({"id":")" + std::to_string(id) + R"(","status":)" + (found ? "200}" : "404}");
  }
  return out + R"(],"counts":)" + CountsJson(updated.counts) + "}";
}

std::string PreferencesJson(const std::vector<std::string>& muted_kinds) {
  std::string out = R"({"mutedKinds":[)";
  for (const std::string& kind : muted_kinds) {
    out += out.back() == '[' ? "" : ",";
    AppendJsonString(kind, &out);
  }
  return out + "]}";
}

}  // namespace belfry::wire
