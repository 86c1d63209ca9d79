// SPDX-License-Identifier: Apache-2.0
// Any text as strict JSON: taken if Boost's own parser takes it and no object names a member twice,
// and then with the same value.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "libs/common/text.h"
#include "libs/wire/codec/strict_json.h"
#include "tests/fuzz/harness/target.h"

namespace belfry::fuzz {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 8;

bool Same(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_double()) {
    // Boost 1.81 reads a double's last bit wrong at times, and 0e400 as no number at all.
    const double x = a.get_double();
    const double y = b.get_double();
    return x == y || std::isnan(y) || std::abs(x - y) <= std::abs(x) * 1e-15;
  }
  if (a.is_array() && b.is_array()) {
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), Same);
  }
  if (a.is_object() && b.is_object()) {
    return std::equal(a.get_object().begin(), a.get_object().end(), b.get_object().begin(),
                      b.get_object().end(), [](const auto& x, const auto& y) {
                        return x.key() == y.key() && Same(x.value(), y.value());
                      });
  }
  return a == b;
}

// The members of all objects in a text that is JSON.
std::size_t MembersWritten(std::string_view text) {
  std::size_t members = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      in_string = !in_string;
    }
    if (text[i] == '\\') {
      ++i;
    }
    if (!in_string && i < text.size() && text[i] == ':') {
      ++members;
    }
  }
  return members;
}

// Those that are left of them: Boost's parser drops all but the last of a name.
std::size_t MembersRead(const json::value& value) {
  std::size_t members = 0;
  if (value.is_array()) {
    for (const json::value& item : value.get_array()) {
      members += MembersRead(item);
    }
  } else if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      members += 1 + MembersRead(member.value());
    }
  }
  return members;
}

// What follows "at byte " in a message; the text's size if nothing does.
std::size_t ByteIn(std::string_view message, std::size_t size) {
  constexpr std::string_view kAt = "at byte ";
  const std::size_t at = message.rfind(kAt);
  BELFRY_PROMISE(at != std::string_view::npos, message);
  std::size_t byte = size + 1;
  std::from_chars(message.data() + at + kAt.size(), message.data() + message.size(), byte);
  return byte;
}

void CheckRefusal(const Error& error, std::string_view text) {
  BELFRY_PROMISE(error.code == Code::kInvalidArgument, text);
  if (error.violations.empty()) {
    BELFRY_PROMISE(ByteIn(error.message, text.size()) <= text.size(), text, error.message);
  } else {
    BELFRY_PROMISE(
        error.violations.size() == 1 && error.violations[0].description == "given more than once",
        text);
  }
}

}  // namespace

void Try(std::string_view input) {
  const auto ours = wire::ParseStrictJson(input, kDepthMax);
  json::parse_options options;
  options.max_depth = kDepthMax;
  json::error_code malformed;
  const json::value boosts = json::parse({input.data(), input.size()}, malformed, {}, options);
  if (!ours.ok()) {
    CheckRefusal(ours.error(), input);
    BELFRY_PROMISE(malformed || MembersWritten(input) > MembersRead(boosts), input,
                   ours.error().message);
    return;
  }
  BELFRY_PROMISE(!malformed && IsUtf8(input), input);
  BELFRY_PROMISE(MembersWritten(input) == MembersRead(boosts), input);
  BELFRY_PROMISE(Same(*ours, boosts), input, json::serialize(*ours));
  const std::string written = json::serialize(*ours);
  // A number beyond a double's range is read as infinite, for which JSON has no word.
  if (written.find("Infinity") != std::string::npos) {
    return;
  }
  const auto again = wire::ParseStrictJson(written, kDepthMax);
  BELFRY_PROMISE(again.ok() && *again == *ours, input, written);
}

}  // namespace belfry::fuzz
