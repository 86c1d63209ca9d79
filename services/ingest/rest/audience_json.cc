// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/audience_json.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>

#include "libs/common/text.h"
#include "libs/wire/codec/inbox_json.h"
#include "libs/wire/codec/strict_json.h"
#include "services/ingest/publish/audience_checks.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {
namespace {

namespace json = boost::json;

using Violations = std::vector<FieldViolation>;

constexpr std::size_t kDepthMax = 8;
constexpr std::size_t kShownBytesMax = 64;
constexpr std::uint32_t kLimitDefault = 100;

std::string Text(const json::string& text) { return {text.data(), text.size()}; }

// A member's name as an error repeats it.
std::string Shown(std::string_view name) {
  return name.size() > kShownBytesMax || HasControl(name) ? "(a long name)" : std::string(name);
}

// Adds a violation for each member of `object` that is none of `known`.
void RefuseOthers(const json::object& object, std::initializer_list<std::string_view> known,
                  const std::string& prefix, Violations* violations) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      violations->push_back({prefix + Shown(name), "unknown field"});
    }
  }
}

// std::nullopt: it is of another type.
std::optional<std::string> AttributeText(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string:
      return Text(value.get_string());
    case json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case json::kind::int64:
      return std::to_string(value.get_int64());
    case json::kind::uint64:
      return std::to_string(value.get_uint64());
    default:
      return std::nullopt;
  }
}

// The attributes of `object`, which is a user at `prefix` ("users[3].").
std::vector<Attribute> ReadAttributes(const json::object& object, const std::string& prefix,
                                      Violations* violations) {
  std::vector<Attribute> attributes;
  const json::value* const given = object.if_contains("attributes");
  if (given == nullptr || !given->is_object()) {
    violations->push_back({prefix + "attributes", "required: an object"});
    return attributes;
  }
  for (const auto& member : given->get_object()) {
    const std::string key(member.key().data(), member.key().size());
    auto text = AttributeText(member.value());
    if (text) {
      attributes.push_back({key, std::move(*text)});
    } else {
      violations->push_back(
          {prefix + "attributes." + Shown(key), "must be a string, a boolean or a whole number"});
    }
  }
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.key < b.key; });
  return attributes;
}

// The elements of the list `name`; null if there is none.
const json::array* ReadList(const json::object& object, const char* name, const char* rule,
                            Violations* violations) {
  const json::value* const list = object.if_contains(name);
  if (list == nullptr || !list->is_array()) {
    violations->push_back({name, rule});
    return nullptr;
  }
  return &list->get_array();
}

AudienceUser ReadUser(const json::value& value, const std::string& path, Violations* violations) {
  AudienceUser user;
  if (!value.is_object()) {
    violations->push_back({path, "must be an object"});
    return user;
  }
  const json::object& object = value.get_object();
  RefuseOthers(object, {"userId", "attributes"}, path + ".", violations);
  const json::value* const id = object.if_contains("userId");
  if (id != nullptr && id->is_string()) {
    user.user_id = Text(id->get_string());
  }
  user.attributes = ReadAttributes(object, path + ".", violations);
  return user;
}

// `parsing` are the violations found so far, and come first.
Result<AudienceUpdate> Checked(AudienceUpdate update, Violations parsing, Violations checks) {
  if (parsing.empty()) {
    parsing = std::move(checks);
  }
  if (!parsing.empty()) {
    return Fail(InvalidFields(std::move(parsing)));
  }
  return update;
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  return quoted;
}

// [..] of what `one` makes of each element.
template <typename List, typename One>
std::string ListOf(const List& list, One one) {
  std::string text = "[";
  for (const auto& element : list) {
    text += text.size() > 1 ? "," : "";
    text += one(element);
  }
  return text + "]";
}

std::string NextAfter(const AudiencePage& page) {
  return ",\"nextAfter\":" + (page.next_after.empty() ? "null" : Quoted(page.next_after)) + "}";
}

std::string TimeText(std::int64_t unix_us) {
  using google::protobuf::util::TimeUtil;
  return "\"" + TimeUtil::ToString(TimeUtil::MicrosecondsToTimestamp(unix_us)) + "\"";
}

const char* NameOf(OperationKind kind) {
  switch (kind) {
    case OperationKind::kNotifySegment:
      return "notify_segment";
    case OperationKind::kEraseUser:
      return "erase_user";
    case OperationKind::kUnspecified:
    case OperationKind::kSweep:
    case OperationKind::kDropProject:
      break;
  }
  return "unknown";
}

const char* NameOf(OperationState state) {
  switch (state) {
    case OperationState::kRunning:
      return "running";
    case OperationState::kDone:
      return "done";
    case OperationState::kFailed:
      return "failed";
    case OperationState::kUnspecified:
      break;
  }
  return "unknown";
}

}  // namespace

Result<AudienceUpdate> ParseUserBody(const std::string& user_id, std::string_view body) {
  auto object = wire::ParseBody(body, kDepthMax);
  if (!object.ok()) {
    return Fail(std::move(object.error()));
  }
  Violations violations;
  RefuseOthers(*object, {"attributes"}, "", &violations);
  AudienceUpdate update{.op = AudienceOp::kUpsertUsers};
  update.users.push_back(
      {.user_id = user_id, .attributes = ReadAttributes(*object, "", &violations)});
  Violations checks;
  CheckUser(update.users.front(), "", FieldNames::Rest(), &checks);
  return Checked(std::move(update), std::move(violations), std::move(checks));
}

Result<AudienceUpdate> ParseUsersBody(std::string_view body) {
  auto object = wire::ParseBody(body, kDepthMax);
  if (!object.ok()) {
    return Fail(std::move(object.error()));
  }
  Violations violations;
  RefuseOthers(*object, {"users"}, "", &violations);
  AudienceUpdate update{.op = AudienceOp::kUpsertUsers};
  const json::array* const users =
      ReadList(*object, "users", "required: a list of users", &violations);
  // A longer one is refused by its length alone.
  if (users != nullptr && users->size() <= kAudienceUsersMax) {
    for (const json::value& user : *users) {
      const std::string path = "users[" + std::to_string(update.users.size()) + "]";
      update.users.push_back(ReadUser(user, path, &violations));
    }
  } else if (users != nullptr) {
    update.users.resize(users->size());
  }
  Violations checks = CheckUpdate(update, FieldNames::Rest());
  return Checked(std::move(update), std::move(violations), std::move(checks));
}

Result<AudienceUpdate> ParseMembersBody(AudienceOp op, const std::string& segment,
                                        std::string_view body) {
  auto object = wire::ParseBody(body, kDepthMax);
  if (!object.ok()) {
    return Fail(std::move(object.error()));
  }
  Violations violations;
  RefuseOthers(*object, {"userIds"}, "", &violations);
  AudienceUpdate update{.op = op, .segment = segment};
  const json::array* const ids =
      ReadList(*object, "userIds", "required: a list of users' ids", &violations);
  if (ids != nullptr) {
    for (const json::value& id : *ids) {
      // What is no string is no id either.
      update.user_ids.push_back(id.is_string() ? Text(id.get_string()) : "");
    }
  }
  Violations checks = CheckUpdate(update, FieldNames::Rest());
  return Checked(std::move(update), std::move(violations), std::move(checks));
}

Result<AudienceQuery> ParsePage(
    AudienceQuery query, const std::vector<std::pair<std::string, std::string>>& parameters) {
  Violations violations;
  query.limit = kLimitDefault;
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : parameters) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      violations.push_back({Shown(name), "given more than once"});
      continue;
    }
    seen.push_back(name);
    if (name == "after") {
      query.after = value;
      if (value.empty()) {
        violations.push_back({name, "must not be empty"});
      }
    } else if (name == "limit") {
      const std::uint64_t limit = wire::ParseEntryId(value).value_or(0);
      query.limit = limit <= kAudiencePageMax ? static_cast<std::uint32_t>(limit) : 0;
    } else {
      violations.push_back({Shown(name), "unknown parameter"});
    }
  }
  for (FieldViolation& violation : CheckQuery(query, FieldNames::Rest())) {
    violations.push_back(std::move(violation));
  }
  if (!violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  return query;
}

std::string UserJson(const AudienceUser& user) {
  std::string text = "{\"userId\":" + Quoted(user.user_id) + ",\"attributes\":{";
  for (const Attribute& attribute : user.attributes) {
    text += text.back() == '{' ? "" : ",";
    text += Quoted(attribute.key) + ":" + Quoted(attribute.value);
  }
  return text + "},\"segments\":" + ListOf(user.segments, Quoted) + "}";
}

std::string UsersJson(const AudiencePage& page) {
  return "{\"users\":" + ListOf(page.users, UserJson) + NextAfter(page);
}

std::string SegmentsJson(const AudiencePage& page) {
  const auto one = [](const SegmentSize& size) {
    return "{\"segment\":" + Quoted(size.segment) + ",\"members\":" + std::to_string(size.members) +
           "}";
  };
  return "{\"segments\":" + ListOf(page.segments, one) + NextAfter(page);
}

std::string MembersJson(const AudiencePage& page) {
  const auto one = [](const AudienceUser& user) { return Quoted(user.user_id); };
  return "{\"userIds\":" + ListOf(page.users, one) + NextAfter(page);
}

std::string OperationJson(const Operation& operation) {
  std::string text = "{\"operationId\":\"" + std::to_string(operation.id) + "\",\"kind\":\"" +
                     NameOf(operation.kind) + "\",\"state\":\"" + NameOf(operation.state) +
                     "\",\"createdAt\":" + TimeText(operation.created_us);
  if (operation.finished_us != 0) {
    text += ",\"finishedAt\":" + TimeText(operation.finished_us);
  }
  text += ",\"total\":" + std::to_string(operation.total);
  text += ",\"done\":" + std::to_string(operation.done);
  text += ",\"suppressed\":" + std::to_string(operation.suppressed);
  text += ",\"failed\":" + std::to_string(operation.failed);
  return text + ",\"errors\":" + ListOf(operation.errors, Quoted) + "}";
}

}  // namespace belfry::ingest
