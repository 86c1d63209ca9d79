// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/strict_json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "libs/common/ascii.h"
#include "libs/common/invalid_fields.h"
#include "libs/common/text.h"

namespace belfry::wire {
namespace {

namespace json = boost::json;
using ErrorCode = boost::system::error_code;

// Of one text; one with more of them is refused.
constexpr std::size_t kRepeatedMax = 1'000;
// Of each name in the path to one.
constexpr std::size_t kNameShownBytesMax = 256;

ErrorCode TooManyRepeated() { return make_error_code(boost::system::errc::argument_list_too_long); }

// Receives the parser's events: builds the value and notes the names that come twice in one object,
// which Boost's own parser would settle silently. Names as Boost's concept wants them.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  bool on_document_begin(ErrorCode&) {
    stack_.reset();
    open_.clear();
    name_.clear();
    repeated_.clear();
    return true;
  }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode&) {
    CountValue();
    open_.push_back({.array = false});
    return true;
  }
  bool on_object_end(std::size_t size, ErrorCode&) {
    open_.pop_back();
    stack_.push_object(size);
    return true;
  }
  bool on_array_begin(ErrorCode&) {
    CountValue();
    open_.push_back({.array = true});
    return true;
  }
  bool on_array_end(std::size_t size, ErrorCode&) {
    open_.pop_back();
    stack_.push_array(size);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, ErrorCode&) {
    name_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, ErrorCode& error) {
    name_.append(part.data(), part.size());
    stack_.push_key(part);
    Container& object = open_.back();
    object.name = std::exchange(name_, {});
    if (++object.names[object.name] == 2) {
      if (repeated_.size() == kRepeatedMax) {
        error = TooManyRepeated();
        return false;
      }
      repeated_.push_back(Path());
    }
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, ErrorCode&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, ErrorCode&) {
    CountValue();
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, ErrorCode&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, ErrorCode&) {
    CountValue();
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, ErrorCode&) {
    CountValue();
    stack_.push_uint64(number);
    return true;
  }
  // The text is read again: Boost 1.81's double may be off by one in its last bit.
  bool on_double(double number, json::string_view text, ErrorCode&) {
    CountValue();
    double exact = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
    stack_.push_double(read.ec == std::errc() ? exact : number);  // number: beyond a double's range
    return true;
  }
  bool on_bool(bool value, ErrorCode&) {
    CountValue();
    stack_.push_bool(value);
    return true;
  }
  bool on_null(ErrorCode&) {
    CountValue();
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, ErrorCode&) { return true; }
  bool on_comment(json::string_view, ErrorCode&) { return true; }

  json::value Take() { return stack_.release(); }
  std::vector<std::vector<std::string>>& repeated() { return repeated_; }

 private:
  // One that has begun and not ended.
  struct Container {
    bool array = false;
    std::size_t values = 0;                 // of an array, with the one being read
    std::string name = {};                  // of an object: the last
    std::map<std::string, int> names = {};  // of an object: how often each was given
  };

  void CountValue() {
    if (!open_.empty() && open_.back().array) {
      ++open_.back().values;
    }
  }
  std::vector<std::string> Path() const {
    std::vector<std::string> path;
    for (const Container& container : open_) {
      path.push_back(container.array
                         ? "[" + std::to_string(container.values - 1) + "]"
                         : std::string(TruncateUtf8(container.name, kNameShownBytesMax)));
    }
    return path;
  }

  json::value_stack stack_;
  std::vector<Container> open_;
  std::string name_;  // the one being read
  std::vector<std::vector<std::string>> repeated_;
};

using Parser = json::basic_parser<Builder>;

json::parse_options Options(std::size_t depth_max, bool any_bytes) {
  json::parse_options options;
  options.max_depth = depth_max;
  options.allow_invalid_utf8 = any_bytes;
  return options;
}

struct Stop {
  ErrorCode error;
  std::size_t at = 0;
};

// Where and why the parser stops; no error: it has read all of `text`.
Stop Run(Parser& parser, std::string_view text) {
  Stop stop;
  stop.at = parser.write_some(false, text.data(), text.size(), stop.error);
  if (!stop.error && stop.at < text.size()) {
    stop.error = json::error::extra_data;
  }
  return stop;
}

std::size_t FirstBadByte(std::string_view text) {
  std::size_t at = 0;
  while (const int size = Utf8SequenceBytes(text.substr(at))) {
    at += static_cast<std::size_t>(size);
  }
  return at;
}

// The four digits of an escape, if they are there.
std::optional<unsigned> CodeUnit(std::string_view digits) {
  unsigned unit = 0;
  const std::string_view four = digits.substr(0, 4);
  const auto read = std::from_chars(four.data(), four.data() + four.size(), unit, 16);
  if (four.size() < 4 || read.ec != std::errc() || read.ptr != four.data() + four.size()) {
    return std::nullopt;
  }
  return unit;
}

bool IsHigh(std::optional<unsigned> unit) { return unit >= 0xD800u && unit <= 0xDBFFu; }
bool IsLow(std::optional<unsigned> unit) { return unit >= 0xDC00u && unit <= 0xDFFFu; }

// Replaces an escaped surrogate that has no partner by bytes that are not UTF-8. `at` is that of a
// backslash in a string; returns where its escape ends.
std::size_t RepairEscape(std::string& text, std::size_t at) {
  const std::string_view rest = std::string_view(text).substr(at);
  if (!rest.starts_with("\\u")) {
    return at + 2;
  }
  const auto unit = CodeUnit(rest.substr(2));
  if (!IsHigh(unit) && !IsLow(unit)) {
    return at + 2;
  }
  if (IsHigh(unit) && rest.substr(6).starts_with("\\u") && IsLow(CodeUnit(rest.substr(8)))) {
    return at + 12;
  }
  text.replace(at, 6, 6, '\xFF');
  return at + 6;
}

// Makes of a number whose exponent has ten digits or more, which Boost 1.81 cannot count, what
// later versions read it as: 0 if it is 0 or its exponent is negative, else infinite. `at` is that
// of an 'e' outside strings; returns where the digits end.
std::size_t RepairNumber(std::string& text, std::size_t at) {
  constexpr std::size_t kDigitsMax = 9;
  std::size_t begin = at + 1;
  if (begin < text.size() && (text[begin] == '+' || text[begin] == '-')) {
    ++begin;
  }
  const std::size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
  const std::size_t first = std::min(text.find_first_not_of('0', begin), end);
  if (end - first > kDigitsMax) {
    std::size_t mantissa = at;
    while (mantissa > 0 && (IsAsciiDigit(text[mantissa - 1]) || text[mantissa - 1] == '.')) {
      --mantissa;
    }
    const bool zero = text.find_first_of("123456789", mantissa) > at;
    text.replace(begin, end - begin, end - begin, '0');
    text.replace(end - kDigitsMax, kDigitsMax, kDigitsMax, zero ? '0' : '9');
  }
  return std::max(end, at + 1);
}

// `text` with another value, as long, for each for which Boost would refuse all of it.
std::string Repaired(std::string_view original) {
  std::string text(original);
  bool in_string = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      in_string = !in_string;
      ++at;
    } else if (in_string && c == '\\') {
      at = RepairEscape(text, at);
    } else if (!in_string && (c == 'e' || c == 'E')) {
      at = RepairNumber(text, at);
    } else {
      ++at;
    }
  }
  return text;
}

bool IsBareControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

std::string Describe(const Stop& stop, std::string_view text, std::size_t depth_max) {
  const std::string_view before = text.substr(0, stop.at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? stop.at + 1 : stop.at - newline;
  std::string what = stop.error.message();
  if (stop.error == json::error::too_deep) {
    what = "more than " + std::to_string(depth_max) + " levels deep";
  } else if (stop.error == TooManyRepeated()) {
    what = "more than " + std::to_string(kRepeatedMax) + " names are given twice";
  } else if (stop.at < text.size() && IsBareControl(text[stop.at])) {
    what = "a control character";
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + what;
}

}  // namespace

Result<json::value> ParseStrictJson(std::string_view text, std::size_t depth_max) {
  if (!IsUtf8(text)) {
    return Fail(Code::kInvalidArgument,
                "parse JSON: not UTF-8 at byte " + std::to_string(FirstBadByte(text)));
  }
  Parser parser(Options(depth_max, false));
  if (const Stop stop = Run(parser, text); stop.error) {
    return Fail(Code::kInvalidArgument,
                "parse JSON: " + stop.error.message() + " at byte " + std::to_string(stop.at));
  }
  if (const auto& repeated = parser.handler().repeated(); !repeated.empty()) {
    Error error{Code::kInvalidArgument, "parse JSON: a name is given twice"};
    error.violations.push_back({repeated.front().back(), "given more than once"});
    return Fail(std::move(error));
  }
  return parser.handler().Take();
}

Result<json::object> ParseBody(std::string_view body, std::size_t depth_max) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return Fail(Code::kInvalidArgument, "read the body: it is empty", "MALFORMED_JSON");
  }
  auto value = ParseStrictJson(body, depth_max);
  if (!value.ok()) {
    if (!value.error().violations.empty()) {
      return Fail(InvalidFields(std::move(value.error().violations)));
    }
    Error error = Wrap("read the body", std::move(value.error()));
    error.reason = "MALFORMED_JSON";
    return Fail(std::move(error));
  }
  if (!value->is_object()) {
    return Fail(Code::kInvalidArgument, "read the body: must be an object", "MALFORMED_JSON");
  }
  return std::move(value->get_object());
}

Result<LenientJson> ParseLenientJson(std::string_view text, std::size_t depth_max) {
  Parser parser(Options(depth_max, true));
  Stop stop = Run(parser, text);
  if (stop.error) {
    if (const std::string repaired = Repaired(text); repaired != text) {
      parser.reset();
      stop = Run(parser, repaired);
    }
  }
  if (stop.error) {
    return Fail(Code::kInvalidArgument, Describe(stop, text, depth_max));
  }
  LenientJson read;
  read.repeated = std::move(parser.handler().repeated());
  read.value = parser.handler().Take();
  return read;
}

}  // namespace belfry::wire
