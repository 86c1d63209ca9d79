// SPDX-License-Identifier: Apache-2.0
#include "libs/http/response_reader.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <utility>
#include <vector>

#include "libs/common/ascii.h"

namespace belfry::http {
namespace {

// Proxies may add them.
constexpr ChunkDecoder::Limits kAroundChunks{64 * 1024, 64 * 1024};

bool HasBody(int status) { return status / 100 != 1 && status != 204 && status != 304; }

}  // namespace

namespace beast = boost::beast;
using ErrorCode = beast::error_code;

// Of the head only.
class ResponseReader::Parser final : public beast::http::basic_parser<false> {
 public:
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;

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
  std::size_t on_body_impl(beast::string_view bytes, ErrorCode&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, ErrorCode&) override {
    return bytes.size();
  }
  void on_finish_impl(ErrorCode&) override {}
};

ResponseReader::ResponseReader(std::size_t head_bytes_max)
    : head_bytes_max_(head_bytes_max), parser_(std::make_unique<Parser>()), chunks_(kAroundChunks) {
  parser_->skip(true);
  parser_->body_limit(boost::none);
  parser_->header_limit(static_cast<std::uint32_t>(head_bytes_max));
}

ResponseReader::~ResponseReader() = default;

Status ResponseReader::Feed(std::string_view bytes, std::string* body) {
  return head_done() ? FeedBody(bytes, body) : FeedHead(bytes, body);
}

Status ResponseReader::FeedHead(std::string_view bytes, std::string* body) {
  head_.append(bytes);
  ErrorCode error;
  while (!head_.empty() && !parser_->is_header_done()) {
    const std::size_t taken = parser_->put(boost::asio::buffer(head_.data(), head_.size()), error);
    head_.erase(0, taken);
    if (error || taken == 0) {
      break;
    }
  }
  if (error && error != beast::http::error::need_more) {
    return Fail(Code::kInvalidArgument, "read an HTTP response: " + error.message());
  }
  if (!parser_->is_header_done()) {
    return head_.size() <= head_bytes_max_
               ? Status()
               : Status(
                     Fail(Code::kInvalidArgument, "read an HTTP response: its head is too large"));
  }
  if (!HasBody(parser_->status)) {
    framing_ = Framing::kLength;
  } else if (parser_->chunked()) {
    framing_ = Framing::kChunks;
  } else if (const auto length = parser_->content_length()) {
    framing_ = Framing::kLength;
    left_ = *length;
  } else {
    framing_ = Framing::kToTheEnd;
  }
  const std::string rest = std::exchange(head_, {});
  return FeedBody(rest, body);
}

Status ResponseReader::FeedBody(std::string_view bytes, std::string* body) {
  switch (framing_) {
    case Framing::kLength: {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      body->append(bytes.substr(0, taken));
      left_ -= taken;
      return {};
    }
    case Framing::kChunks: {
      const ChunkDecoder::State state = chunks_.Feed(&bytes, body);
      chunks_done_ = state == ChunkDecoder::State::kDone;
      return state != ChunkDecoder::State::kMalformed
                 ? Status()
                 : Status(Fail(Code::kInvalidArgument,
                               "read an HTTP response: its chunks are malformed"));
    }
    case Framing::kToTheEnd:
      body->append(bytes);
      return {};
    case Framing::kUnknown:
      break;
  }
  return {};
}

bool ResponseReader::done() const {
  return chunks_done_ || (framing_ == Framing::kLength && left_ == 0);
}

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
