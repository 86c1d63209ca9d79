// SPDX-License-Identifier: Apache-2.0
#include "tests/support/inbox/inbox_json.h"

#include <boost/json.hpp>
#include <charconv>
#include <ctime>
#include <utility>

namespace belfry::test {
namespace {

namespace json = boost::json;

std::optional<json::object> Parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) {
    return std::nullopt;
  }
  return std::move(value.as_object());
}

std::string TextIn(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

EntryId ToId(std::string_view text) {
  EntryId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() ? id : 0;
}

EntryId IdIn(const json::object& object, std::string_view name) {
  return ToId(TextIn(object, name));
}

// Of RFC 3339 in UTC, unix microseconds; 0 for an empty text.
std::int64_t ToMicros(const std::string& text) {
  std::tm parts{};
  const char* rest = text.empty() ? nullptr : strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) {
    return 0;
  }
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  for (rest += *rest == '.' ? 1 : 0; *rest >= '0' && *rest <= '9'; ++rest, unit /= 10) {
    micros += (*rest - '0') * unit;
  }
  return static_cast<std::int64_t>(timegm(&parts)) * 1'000'000 + micros;
}

std::optional<Counts> CountsIn(const json::object& object) {
  const json::value* unread = object.if_contains("unreadCount");
  const json::value* unseen = object.if_contains("unseenCount");
  const json::value* kinds = object.if_contains("byKind");
  if (unread == nullptr || !unread->is_int64() || unseen == nullptr || !unseen->is_int64() ||
      kinds == nullptr || !kinds->is_object()) {
    return std::nullopt;
  }
  Counts counts;
  counts.unread = static_cast<std::uint64_t>(unread->as_int64());
  counts.unseen = static_cast<std::uint64_t>(unseen->as_int64());
  counts.up_to = IdIn(object, "upTo");
  for (const auto& [kind, count] : kinds->as_object()) {
    counts.by_kind.push_back({std::string(kind), static_cast<std::uint64_t>(count.as_int64())});
  }
  return counts;
}

std::optional<Counts> CountsOfAnswer(const json::object& object) {
  const json::value* counts = object.if_contains("counts");
  return CountsIn(counts != nullptr && counts->is_object() ? counts->as_object() : object);
}

Shown ShownOf(const json::object& object) {
  Shown shown;
  shown.id = IdIn(object, "id");
  shown.tag = TextIn(object, "title");
  shown.kind = TextIn(object, "kind");
  shown.read_at_us = ToMicros(TextIn(object, "readAt"));
  shown.archived = object.contains("archivedAt");
  return shown;
}

StateOp OpNamed(const std::string& name) {
  for (auto number = static_cast<int>(StateOp::kRead);
       number <= static_cast<int>(StateOp::kReplaced); ++number) {
    if (name == NameOf(static_cast<StateOp>(number))) {
      return static_cast<StateOp>(number);
    }
  }
  return StateOp::kUnspecified;
}

}  // namespace

std::optional<ShownPage> ReadPage(std::string_view text) {
  const auto object = Parse(text);
  const json::value* list = object ? object->if_contains("notifications") : nullptr;
  if (list == nullptr || !list->is_array() || !object->contains("nextBefore")) {
    return std::nullopt;
  }
  ShownPage page;
  for (const json::value& one : list->as_array()) {
    page.items.push_back(ShownOf(one.as_object()));
  }
  page.next_before = IdIn(*object, "nextBefore");
  const auto counts = CountsOfAnswer(*object);
  if (!counts) {
    return std::nullopt;
  }
  page.counts = *counts;
  return page;
}

std::optional<Shown> ReadShown(std::string_view text) {
  const auto object = Parse(text);
  return object ? std::optional(ShownOf(*object)) : std::nullopt;
}

std::optional<StateTold> ReadState(std::string_view text) {
  const auto object = Parse(text);
  if (!object) {
    return std::nullopt;
  }
  StateTold told;
  told.change.op = OpNamed(TextIn(*object, "op"));
  told.change.up_to = IdIn(*object, "upTo");
  told.change.kind = TextIn(*object, "kind");
  told.change.operation = TextIn(*object, "operation");
  told.change.only_read = object->contains("onlyRead");
  told.at_us = ToMicros(TextIn(*object, "at"));
  if (const json::value* ids = object->if_contains("ids"); ids != nullptr && ids->is_array()) {
    for (const json::value& id : ids->as_array()) {
      told.change.ids.push_back(ToId(id.is_string() ? std::string_view(id.as_string()) : ""));
    }
  }
  told.change.counts = CountsOfAnswer(*object);
  const bool good = told.change.op != StateOp::kUnspecified && told.change.counts;
  return good ? std::optional(std::move(told)) : std::nullopt;
}

std::optional<Counts> ReadCounts(std::string_view text) {
  const auto object = Parse(text);
  return object ? CountsOfAnswer(*object) : std::nullopt;
}

std::optional<std::vector<EntryId>> ReadNotFound(std::string_view text) {
  const auto object = Parse(text);
  const json::value* results = object ? object->if_contains("results") : nullptr;
  if (results == nullptr || !results->is_array()) {
    return std::nullopt;
  }
  std::vector<EntryId> ids;
  for (const json::value& one : results->as_array()) {
    if (one.at("status").as_int64() == 404) {
      ids.push_back(IdIn(one.as_object(), "id"));
    }
  }
  return ids;
}

EntryId ReadId(std::string_view text, const std::string& name) {
  const auto object = Parse(text);
  return object ? IdIn(*object, name) : 0;
}

bool ReadTrue(std::string_view text, const std::string& name) {
  const auto object = Parse(text);
  const json::value* value = object ? object->if_contains(name) : nullptr;
  return value != nullptr && value->is_bool() && value->as_bool();
}

}  // namespace belfry::test
