// SPDX-License-Identifier: Apache-2.0
#include "services/ingest/rest/json_body.h"

#include <cstddef>
#include <utility>

#include "libs/wire/codec/strict_json.h"
#include "services/ingest/publish/validate.h"

namespace belfry::ingest {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 100;
constexpr std::string_view kList = "notifications";

Error Malformed(std::string_view why) {
  return {Code::kInvalidArgument, "parse the body: " + std::string(why), "MALFORMED_JSON", {}, {}};
}

Result<wire::LenientJson> Read(std::string_view body) {
  if (body.find_first_not_of(" \t\n\r") == std::string_view::npos) {
    return Fail(Malformed("line 1, column 1: the body is empty"));
  }
  auto read = wire::ParseLenientJson(body, kDepthMax);
  if (!read.ok()) {
    return Fail(Malformed(read.error().message));
  }
  if (!read->value.is_object() && !read->value.is_array()) {
    return Fail(Malformed("line 1, column 1: an object expected"));
  }
  return read;
}

// "meta.x[3].y" for the part of `path` from `begin` on.
std::string Join(const std::vector<std::string>& path, std::size_t begin) {
  std::string joined;
  for (std::size_t i = begin; i < path.size(); ++i) {
    if (!joined.empty() && !path[i].starts_with('[')) {
      joined += '.';
    }
    joined += path[i];
  }
  return joined;
}

// The violations of a body that must be {"notifications": [...]}.
std::vector<FieldViolation> CheckMembers(const wire::LenientJson& body) {
  constexpr const char* kNothingElse = "must be {\"notifications\": [...]} and nothing else";
  std::vector<FieldViolation> violations;
  for (const auto& member : body.value.get_object()) {
    if (std::string_view(member.key().data(), member.key().size()) != kList) {
      violations.push_back({"(the body)", kNothingElse});
    }
  }
  for (const std::vector<std::string>& path : body.repeated) {
    if (path.size() == 1) {
      violations.push_back({path[0] == kList ? std::string(kList) : "(the body)", kNothingElse});
    }
  }
  const json::value* list = body.value.get_object().if_contains({kList.data(), kList.size()});
  if (list == nullptr || !list->is_array()) {
    violations.push_back({std::string(kList), "must be a list"});
  }
  return violations;
}

// The elements of `list`, which lies `depth` steps deep, and what of `repeated` is theirs.
std::vector<JsonItem> TakeItems(json::array& list, const wire::LenientJson& body,
                                std::size_t depth) {
  std::vector<JsonItem> items(list.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    items[i].value = std::move(list[i]);
  }
  std::size_t item = 0;
  for (const std::vector<std::string>& path : body.repeated) {
    // In the order of the items, as the paths stand in the order of the text.
    while (path[depth] != "[" + std::to_string(item) + "]") {
      ++item;
    }
    items[item].repeated.push_back(Join(path, depth + 1));
  }
  return items;
}

}  // namespace

Result<JsonItem> ReadJsonItem(std::string_view body) {
  auto read = Read(body);
  if (!read.ok()) {
    return Fail(read.error());
  }
  if (!read->value.is_object()) {
    return Fail(Malformed("a notification must be an object"));
  }
  JsonItem item;
  item.value = std::move(read->value);
  for (const std::vector<std::string>& path : read->repeated) {
    item.repeated.push_back(Join(path, 0));
  }
  return item;
}

Result<std::vector<JsonItem>> ReadJsonBatch(std::string_view body) {
  auto read = Read(body);
  if (!read.ok()) {
    return Fail(read.error());
  }
  if (read->value.is_array()) {
    return TakeItems(read->value.get_array(), *read, 0);
  }
  if (auto violations = CheckMembers(*read); !violations.empty()) {
    return Fail(InvalidFields(std::move(violations)));
  }
  return TakeItems(read->value.get_object().at({kList.data(), kList.size()}).get_array(), *read, 1);
}

}  // namespace belfry::ingest
