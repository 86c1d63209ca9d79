// SPDX-License-Identifier: Apache-2.0
#include "libs/http/request_head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <optional>
#include <string>
#include <utility>

#include "libs/common/ascii.h"

namespace belfry::http {
namespace {

namespace beast = boost::beast;

using Verb = beast::http::verb;
using ErrorCode = beast::error_code;

std::string ToString(beast::string_view text) { return {text.data(), text.size()}; }

Method ToMethod(Verb verb) {
  switch (verb) {
    case Verb::get:
      return Method::kGet;
    case Verb::head:
      return Method::kHead;
    case Verb::post:
      return Method::kPost;
    case Verb::put:
      return Method::kPut;
    case Verb::patch:
      return Method::kPatch;
    case Verb::delete_:
      return Method::kDelete;
    case Verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

// Keeps what Beast finds as it was sent.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  Method method = Method::kOther;
  std::string method_name;
  std::string target;
  int version = 0;  // 11 is HTTP/1.1
  std::vector<std::pair<std::string, std::string>> headers;

 private:
  void on_request_impl(Verb verb, beast::string_view verb_text, beast::string_view target_text,
                       int http_version, ErrorCode&) override {
    method = ToMethod(verb);
    method_name = ToString(verb_text);
    target = ToString(target_text);
    version = http_version;
  }
  void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     ErrorCode&) override {
    headers.emplace_back(ToString(name), ToString(value));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode&) override {
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}
};

Refusal Refuse(Reason reason, int status, std::string detail) {
  return {reason, status, std::move(detail)};
}

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

// Lines end with CR LF only, no line continues in the next, there are no control characters, and
// the request line is printable ASCII.
std::optional<Refusal> CheckBytes(std::string_view bytes) {
  bool request_line = true;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    if (byte == '\r') {
      if (bytes.substr(at, 2) != "\r\n") {
        return Refuse(Reason::kMalformed, 400, "a bare CR in the head");
      }
      ++at;
      if (at + 1 < bytes.size() && IsSpace(bytes[at + 1])) {
        return Refuse(Reason::kMalformed, 400, "a header line begins with white space");
      }
      request_line = false;
    } else if (byte == '\n') {
      return Refuse(Reason::kMalformed, 400, "a bare LF in the head");
    } else if (byte == 0x7F || (byte < 0x20 && (byte != '\t' || request_line))) {
      return Refuse(Reason::kMalformed, 400, "a control character in the head");
    } else if (byte > 0x7F && request_line) {
      return Refuse(Reason::kMalformed, 400, "the request line is not ASCII");
    }
  }
  return std::nullopt;
}

std::size_t CountHeader(const Request& request, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(request.headers.begin(), request.headers.end(),
                    [name](const auto& header) { return EqualsWithoutCase(header.first, name); }));
}

bool IsHost(std::string_view host) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=%:[]";
  return !host.empty() && host.find_first_not_of(kAllowed) == std::string_view::npos;
}

// `authority`: the target's, of an absolute-form one; else empty. A server must go by it and not by
// Host (RFC 9112, section 3.2.2); whoever sends two different ones means to deceive one of us.
std::optional<Refusal> CheckHost(const Request& request, std::string_view authority) {
  const auto host = request.Header("Host");
  if (!host) {
    return request.minor_version == 0
               ? std::nullopt
               : std::optional(Refuse(Reason::kHost, 400, "the header Host is missing"));
  }
  if (CountHeader(request, "Host") > 1) {
    return Refuse(Reason::kHost, 400, "more than one Host");
  }
  if (!IsHost(*host)) {
    return Refuse(Reason::kHost, 400, "the header Host is malformed");
  }
  if (!authority.empty() && !EqualsWithoutCase(authority, *host)) {
    return Refuse(Reason::kHost, 400, "the header Host is not the host of the target");
  }
  return std::nullopt;
}

// The body comes in chunks. What the handler sees is the body; how it came is no header of it.
std::optional<Refusal> TakeTransferEncoding(RequestHead* head) {
  Request& request = head->request;
  if (request.Header("Content-Length")) {
    return Refuse(Reason::kTransferEncoding, 400,
                  "Transfer-Encoding beside Content-Length: send one of them");
  }
  if (request.minor_version == 0) {
    return Refuse(Reason::kTransferEncoding, 400,
                  "HTTP/1.0 has no Transfer-Encoding: send Content-Length");
  }
  if (CountHeader(request, "Transfer-Encoding") > 1) {
    return Refuse(Reason::kTransferEncoding, 400, "more than one Transfer-Encoding");
  }
  if (!EqualsWithoutCase(*request.Header("Transfer-Encoding"), "chunked")) {
    return Refuse(Reason::kTransferEncoding, 501,
                  "the only Transfer-Encoding taken is \"chunked\"");
  }
  std::erase_if(request.headers, [](const auto& header) {
    return EqualsWithoutCase(header.first, "Transfer-Encoding");
  });
  head->chunked = true;
  return std::nullopt;
}

// How the body is framed: by Content-Length, by chunks or not at all.
std::optional<Refusal> TakeFraming(RequestHead* head) {
  if (head->request.Header("Transfer-Encoding")) {
    return TakeTransferEncoding(head);
  }
  const auto length = head->request.Header("Content-Length");
  if (!length) {
    return std::nullopt;
  }
  if (CountHeader(head->request, "Content-Length") > 1) {
    return Refuse(Reason::kContentLength, 400, "more than one Content-Length");
  }
  constexpr std::size_t kDigitsMax = 18;
  if (length->empty() || length->size() > kDigitsMax ||
      length->find_first_not_of("0123456789") != std::string_view::npos) {
    return Refuse(Reason::kContentLength, 400, "Content-Length is not a number");
  }
  head->content_length = std::stoull(std::string(*length));
  return std::nullopt;
}

// A body is taken as it is. Unpacking would let a small one become a large one.
std::optional<Refusal> CheckContentEncoding(const RequestHead& head) {
  const bool has_body = head.chunked || head.content_length > 0;
  for (const auto& [name, value] : head.request.headers) {
    const bool plain = value.empty() || EqualsWithoutCase(value, "identity");
    if (has_body && !plain && EqualsWithoutCase(name, "Content-Encoding")) {
      return Refuse(Reason::kContentEncoding, 415,
                    "Content-Encoding: " + value + " is not taken: send the body as it is");
    }
  }
  return std::nullopt;
}

std::optional<Refusal> TakeExpectation(RequestHead* head) {
  const auto expect = head->request.Header("Expect");
  if (!expect || head->request.minor_version == 0) {
    return std::nullopt;
  }
  if (CountHeader(head->request, "Expect") > 1 || !EqualsWithoutCase(*expect, "100-continue")) {
    return Refuse(Reason::kExpectation, 417, "only \"Expect: 100-continue\" is known");
  }
  head->expects_continue = true;
  return std::nullopt;
}

bool HasNul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// Makes "http://host/path" the "/path" that it means; the host. Empty: it has another form.
std::string TakeAuthority(std::string* target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsWithoutCase(std::string_view(*target).substr(0, scheme.size()), scheme)) {
      continue;
    }
    const std::size_t end = std::min(target->find_first_of("/?#", scheme.size()), target->size());
    std::string authority = target->substr(scheme.size(), end - scheme.size());
    if (!IsHost(authority)) {
      return {};
    }
    target->erase(0, end);
    if (!target->starts_with('/')) {
      target->insert(0, "/");
    }
    return authority;
  }
  return {};
}

std::optional<Refusal> TakeTarget(std::string target, Request* request) {
  const auto bad = [](std::string detail) {
    return Refuse(Reason::kTarget, 400, std::move(detail));
  };
  if (!target.starts_with('/')) {
    return bad("the target must be a path that begins with a slash, or a URL of http or https");
  }
  if (target.find('#') != std::string::npos) {
    return bad("the target has a fragment");
  }
  request->target = std::move(target);
  std::string_view rest = request->target;
  const std::size_t question = std::min(rest.find('?'), rest.size());
  const auto path = PercentDecode(rest.substr(0, question), false);
  if (!path || HasNul(*path)) {
    return bad("the path is not percent-encoded text");
  }
  request->path = *path;
  rest.remove_prefix(std::min(question + 1, rest.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = PercentDecode(pair.substr(0, equals), true);
    auto value = PercentDecode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value || HasNul(*name) || HasNul(*value)) {
      return bad("the query is not percent-encoded text");
    }
    request->query.emplace_back(std::move(*name), std::move(*value));
  }
  return std::nullopt;
}

}  // namespace

std::variant<RequestHead, Refusal> ParseRequestHead(std::string_view bytes) {
  if (auto refusal = CheckBytes(bytes)) {
    return std::move(*refusal);
  }
  HeadParser parser;
  parser.body_limit(boost::none);
  parser.header_limit(static_cast<std::uint32_t>(bytes.size() + 1));
  ErrorCode error;
  parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  if (error == beast::http::error::bad_version) {
    return Refuse(Reason::kVersion, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  const bool framing_error = error == beast::http::error::bad_transfer_encoding ||
                             error == beast::http::error::bad_content_length ||
                             error == beast::http::error::multiple_content_length;
  if (framing_error) {
    return Refuse(Reason::kContentLength, 400, "the body's length is ambiguous");
  }
  if (error || !parser.is_header_done()) {
    return Refuse(Reason::kMalformed, 400, "not HTTP/1.1: " + error.message());
  }
  RequestHead head;
  head.request.method = parser.method;
  head.request.method_name = std::move(parser.method_name);
  head.request.minor_version = parser.version % 10;
  head.request.headers = std::move(parser.headers);
  head.keep_alive = parser.version >= 11 && parser.keep_alive();
  const std::string authority = TakeAuthority(&parser.target);
  if (auto refusal = TakeTarget(std::move(parser.target), &head.request)) {
    return std::move(*refusal);
  }
  if (auto refusal = CheckHost(head.request, authority)) {
    return std::move(*refusal);
  }
  if (auto refusal = TakeFraming(&head)) {
    return std::move(*refusal);
  }
  if (auto refusal = CheckContentEncoding(head)) {
    return std::move(*refusal);
  }
  if (auto refusal = TakeExpectation(&head)) {
    return std::move(*refusal);
  }
  return head;
}

}  // namespace belfry::http
