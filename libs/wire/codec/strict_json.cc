// SPDX-License-Identifier: Apache-2.0
#include "libs/wire/codec/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cstddef>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "libs/common/text.h"

namespace belfry::wire {
namespace {

namespace json = boost::json;
using ErrorCode = boost::system::error_code;

// Receives the parser's events: builds the value and notes a name that comes twice in one object,
// which Boost's own parser would settle silently. Names as Boost's concept wants them.
class Builder {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = max_object_size;
  static constexpr std::size_t max_key_size = max_object_size;
  static constexpr std::size_t max_string_size = max_object_size;

  bool on_document_begin(ErrorCode&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_object_begin(ErrorCode&) {
    names_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t size, ErrorCode&) {
    names_.pop_back();
    stack_.push_object(size);
    return true;
  }
  bool on_array_begin(ErrorCode&) { return true; }
  bool on_array_end(std::size_t size, ErrorCode&) {
    stack_.push_array(size);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, ErrorCode&) {
    name_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, ErrorCode&) {
    name_.append(part.data(), part.size());
    stack_.push_key(part);
    if (!names_.back().insert(name_).second && repeated_.empty()) {
      repeated_ = name_;
      has_repeated_ = true;
    }
    name_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, ErrorCode&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, ErrorCode&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, ErrorCode&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, ErrorCode&) {
    stack_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, ErrorCode&) {
    stack_.push_uint64(number);
    return true;
  }
  // The text is read again: Boost 1.81's double may be off by one in its last bit.
  bool on_double(double number, json::string_view text, ErrorCode&) {
    double exact = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exact);
    stack_.push_double(read.ec == std::errc() ? exact : number);  // number: beyond a double's range
    return true;
  }
  bool on_bool(bool value, ErrorCode&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(ErrorCode&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, ErrorCode&) { return true; }
  bool on_comment(json::string_view, ErrorCode&) { return true; }

  json::value Take() { return stack_.release(); }
  bool has_repeated() const { return has_repeated_; }
  const std::string& repeated() const { return repeated_; }

 private:
  json::value_stack stack_;
  std::vector<std::set<std::string>> names_;  // one set for each open object
  std::string name_;                          // the one being read
  bool has_repeated_ = false;
  std::string repeated_;
};

std::size_t FirstBadByte(std::string_view text) {
  std::size_t at = 0;
  while (const int size = Utf8SequenceBytes(text.substr(at))) {
    at += static_cast<std::size_t>(size);
  }
  return at;
}

}  // namespace

Result<json::value> ParseStrictJson(std::string_view text, std::size_t depth_max) {
  if (!IsUtf8(text)) {
    return Fail(Code::kInvalidArgument,
                "parse JSON: not UTF-8 at byte " + std::to_string(FirstBadByte(text)));
  }
  json::parse_options options;
  options.max_depth = depth_max;
  json::basic_parser<Builder> parser(options);
  ErrorCode error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) {
    error = json::error::extra_data;
  }
  if (error) {
    return Fail(Code::kInvalidArgument,
                "parse JSON: " + error.message() + " at byte " + std::to_string(read));
  }
  if (parser.handler().has_repeated()) {
    Error repeated{Code::kInvalidArgument, "parse JSON: a name is given twice"};
    repeated.violations.push_back({parser.handler().repeated(), "given more than once"});
    return Fail(std::move(repeated));
  }
  return parser.handler().Take();
}

}  // namespace belfry::wire
