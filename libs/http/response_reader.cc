// SPDX-License-Identifier: Apache-2.0
#include "libs/http/response_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <utility>
#include <vector>

#include "libs/common/ascii.h"

namespace belfry::http {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

class ResponseReader::Parser final : public beast::http::basic_parser<false> {
 public:
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string* body = nullptr;  // where the running Feed wants it

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       ErrorCode&) override {}
  void on_response_impl(int code, beast::string_view, int, ErrorCode&) override { status = code; }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorCode&) override {
    headers.emplace_back(std::string(name.data(), name.size()),
                         std::string(value.data(), value.size()));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view bytes, ErrorCode&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, ErrorCode&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(ErrorCode&) override {}
};

ResponseReader::ResponseReader(std::size_t head_bytes_max)
    : head_bytes_max_(head_bytes_max), parser_(std::make_unique<Parser>()) {
  parser_->eager(true);
  parser_->body_limit(boost::none);
  parser_->header_limit(static_cast<std::uint32_t>(head_bytes_max));
}

ResponseReader::~ResponseReader() = default;

Status ResponseReader::Feed(std::string_view bytes, std::string* body) {
  unread_.append(bytes);
  parser_->body = body;
  ErrorCode error;
  while (!unread_.empty() && !parser_->is_done()) {
    const std::size_t taken =
        parser_->put(boost::asio::buffer(unread_.data(), unread_.size()), error);
    unread_.erase(0, taken);
    if (error || taken == 0) {
      break;
    }
  }
  if (parser_->is_done()) {
    unread_.clear();
  }
  if (error && error != beast::http::error::need_more) {
    return Fail(Code::kInvalidArgument, "read an HTTP response: " + error.message());
  }
  // What waits to be completed is a head, or a chunk's head.
  if (unread_.size() > head_bytes_max_) {
    return Fail(Code::kInvalidArgument, "read an HTTP response: its head is too large");
  }
  return {};
}

bool ResponseReader::head_done() const { return parser_->is_header_done(); }

bool ResponseReader::done() const { return parser_->is_done(); }

int ResponseReader::status() const { return parser_->status; }

std::optional<std::string_view> ResponseReader::Header(std::string_view name) const {
  for (const auto& [key, value] : parser_->headers) {
    if (EqualsWithoutCase(key, name)) {
      return value;
    }
  }
  return std::nullopt;
}

}  // namespace belfry::http
