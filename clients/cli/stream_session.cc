// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/stream_session.h"

#include <algorithm>
#include <boost/json/value.hpp>
#include <charconv>
#include <utility>

#include "libs/wire/codec/strict_json.h"

namespace belfry::cli {
namespace {

using std::chrono::milliseconds;
using State = StreamSession::State;

constexpr milliseconds kWaitMin{50};  // even if a server asks for less
constexpr milliseconds kBackoffMax{30'000};
constexpr int kDoublingsMax = 10;
constexpr std::size_t kRefusalBytesMax = 64 * 1024;

bool MayPass(int status) { return status >= 500 || status == 408 || status == 429; }

Code CodeOf(int status) {
  switch (status) {
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    default:
      return MayPass(status) ? Code::kUnavailable : Code::kInvalidArgument;
  }
}

// A text member of a problem+json body; empty if there is none.
std::string Member(std::string_view body, std::string_view name) {
  const auto problem = wire::ParseStrictJson(body);
  if (!problem.ok() || !problem->is_object()) {
    return {};
  }
  const auto* value = problem->as_object().if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) {
    return {};
  }
  return {value->as_string().data(), value->as_string().size()};
}

}  // namespace

StreamSession::StreamSession(std::string cursor, std::int64_t batch_ms, std::uint64_t seed)
    : cursor_(std::move(cursor)), batch_ms_(batch_ms), random_(seed) {}

std::string StreamSession::Open(const std::string& host, const std::string& token) {
  response_ = std::make_unique<http::ResponseReader>();
  parser_ = http::SseParser();
  head_taken_ = open_ = transient_ = false;
  refusal_body_.clear();
  std::string request = "GET /v1/stream";
  if (batch_ms_ > 0) {
    request += "?batch_ms=" + std::to_string(batch_ms_);
  }
  request += " HTTP/1.1\r\nHost: " + host +
             "\r\nAccept: text/event-stream\r\nUser-Agent: belfry\r\nAuthorization: Bearer " +
             token + "\r\n";
  if (!cursor_.empty()) {
    request += "Last-Event-ID: " + cursor_ + "\r\n";
  }
  return request + "\r\n";
}

State StreamSession::Receive(std::string_view bytes, const http::SseParser::OnEvent& on_event) {
  std::string body;
  if (!response_->Feed(bytes, &body).ok()) {
    return Lose();
  }
  if (!response_->head_done()) {
    return State::kWaiting;
  }
  if (!std::exchange(head_taken_, true)) {
    TakeHead();
  }
  if (!open_) {
    refusal_body_ += body;
    const bool whole = response_->done() || refusal_body_.size() > kRefusalBytesMax;
    return whole ? EndRefusal() : State::kWaiting;
  }
  const bool fed = parser_.Feed(body, [&](const http::SseEvent& event) {
    if (event.has_id) {
      cursor_ = event.id;
    }
    on_event(event);
  });
  if (parser_.retry()) {
    retry_ = *parser_.retry();
  }
  return fed && !response_->done() ? State::kOpen : Lose();
}

void StreamSession::TakeHead() {
  const int status = response_->status();
  const std::string_view type = response_->Header("Content-Type").value_or("");
  if (status == 200 && type.starts_with("text/event-stream")) {
    open_ = ever_open_ = true;
    failures_ = 0;
    return;
  }
  transient_ = MayPass(status);
  if (const auto after = response_->Header("Retry-After"); after && transient_) {
    std::int64_t seconds = 0;
    const auto parsed = std::from_chars(after->data(), after->data() + after->size(), seconds);
    if (parsed.ec == std::errc() && seconds >= 0 && seconds <= 3'600) {
      retry_ = std::chrono::seconds(seconds);
    }
  }
}

State StreamSession::EndRefusal() {
  const int status = response_->status();
  const std::string detail = Member(refusal_body_, "detail");
  refusal_ = Error{CodeOf(status), "GET /v1/stream: " + std::to_string(status), {}, {}, {}};
  if (status == 200) {
    refusal_.message += ", but no event stream";
  }
  if (!detail.empty()) {
    refusal_.message += ": " + detail;
  }
  refusal_.reason = Member(refusal_body_, "reason");
  if (!transient_) {
    return State::kRefused;
  }
  ++failures_;
  return State::kBroken;
}

State StreamSession::Lose() {
  const bool refusing = head_taken_ && !open_;
  if (refusing) {
    return EndRefusal();
  }
  // An ordinary end of an open stream waits for `retry:` only; the next failure will wait longer.
  if (!open_) {
    ++failures_;
  }
  return State::kBroken;
}

milliseconds StreamSession::NextWait() {
  const milliseconds shortest = std::max(retry_, kWaitMin);
  const milliseconds grown = shortest * (std::int64_t{1} << std::min(failures_, kDoublingsMax));
  const milliseconds longest = std::max(shortest, std::min(kBackoffMax, grown));
  std::uniform_int_distribution<std::int64_t> wait(shortest.count(), longest.count());
  return milliseconds(wait(random_));
}

}  // namespace belfry::cli
