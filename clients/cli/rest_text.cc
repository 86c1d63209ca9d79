// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/rest_text.h"

#include "clients/cli/exit_codes.h"
#include "libs/common/ascii.h"
#include "libs/common/hex.h"
#include "libs/common/text.h"

namespace belfry::cli {

using Json = boost::json::value;

std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (IsAsciiAlnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      encoded += c;
    } else {
      encoded += "%" + HexEncode(std::string_view(&c, 1));
    }
  }
  return encoded;
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  return quoted;
}

std::string List(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    list += list.size() > 1 ? "," : "";
    list += Quoted(text);
  }
  return list + "]";
}

const Json* Member(const Json& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains({name.data(), name.size()}) : nullptr;
}

std::string Text(const Json& value, std::string_view name) {
  const Json* member = Member(value, name);
  return member != nullptr && member->is_string()
             ? std::string(member->get_string().data(), member->get_string().size())
             : std::string();
}

std::string Number(const Json& value, std::string_view name) {
  const Json* member = Member(value, name);
  return member != nullptr && member->is_int64() ? std::to_string(member->get_int64()) : "?";
}

std::vector<std::string> Texts(const Json& value, std::string_view name) {
  std::vector<std::string> texts;
  const Json* list = Member(value, name);
  if (list != nullptr && list->is_array()) {
    for (const Json& one : list->get_array()) {
      if (one.is_string()) {
        texts.push_back(Printable({one.get_string().data(), one.get_string().size()}));
      }
    }
  }
  return texts;
}

}  // namespace belfry::cli
