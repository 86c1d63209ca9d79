// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/counts_line.h"

#include <boost/json/value.hpp>
#include <string_view>

#include "clients/cli/exit_codes.h"

namespace belfry::cli {
namespace {

using Json = boost::json::value;

std::string Number(const Json* value) {
  return value != nullptr && value->is_int64() ? std::to_string(value->get_int64()) : "?";
}

const Json* Member(const Json& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains({name.data(), name.size()}) : nullptr;
}

}  // namespace

std::string CountsText(const Json& counts) {
  std::string text = Number(Member(counts, "unreadCount")) + " unread";
  const Json* const kinds = Member(counts, "byKind");
  if (kinds != nullptr && kinds->is_object() && !kinds->get_object().empty()) {
    const char* separator = " (";
    for (const auto& kind : kinds->get_object()) {
      const std::string_view name(kind.key().data(), kind.key().size());
      text += separator + (name.empty() ? "other" : Printable(name)) + " " + Number(&kind.value());
      separator = ", ";
    }
    text += ")";
  }
  return text + ", " + Number(Member(counts, "unseenCount")) + " unseen";
}

}  // namespace belfry::cli
