// SPDX-License-Identifier: Apache-2.0
#include "libs/http/connection.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <ctime>
#include <utility>

#include "libs/http/ascii.h"
#include "libs/http/request_head.h"
#include "libs/http/response_bytes.h"

namespace belfry::http {
namespace {

constexpr std::size_t kReadBytes = 4 * 1024;
constexpr std::size_t kBodyReadBytes = 64 * 1024;
constexpr std::chrono::milliseconds kLingerTime{2'000};
// The extensions of all chunks of a body; nobody uses them.
constexpr ChunkDecoder::Limits kAroundChunks{1024, 0};
constexpr std::size_t kLingerBytesMax = 16 * 1024 * 1024;

// Is `bytes` from `from` on certainly no head? What takes another line end would else wait for its
// time to run out.
bool HasBareLf(std::string_view bytes, std::size_t from) {
  for (std::size_t at = bytes.find('\n', from); at != std::string_view::npos;
       at = bytes.find('\n', at + 1)) {
    if (at == 0 || bytes[at - 1] != '\r') {
      return true;
    }
  }
  return false;
}

// How many bytes of empty lines `bytes` begins with.
std::size_t EmptyLines(std::string_view bytes) {
  std::size_t size = 0;
  while (bytes.substr(size).starts_with("\r\n")) {
    size += 2;
  }
  return size;
}

Code CodeOf(int status) {
  switch (status) {
    case 429:
      return Code::kResourceExhausted;
    case 408:
      return Code::kDeadlineExceeded;
    case 501:
    case 505:
      return Code::kUnimplemented;
    default:
      return Code::kInvalidArgument;
  }
}

Refusal TooLarge(std::size_t body_max) {
  return {Reason::kBodyTooLarge, 413,
          "the body is larger than " + std::to_string(body_max) + " bytes"};
}

std::string UpperName(Reason reason) {
  std::string name{kReasonNames[static_cast<std::size_t>(reason)]};
  for (char& c : name) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerState> state, Socket socket,
                       std::string remote_address)
    : state_(std::move(state)),
      remote_address_(std::move(remote_address)),
      socket_(std::move(socket)),
      timer_(state_->io) {}

void Connection::Start() {
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  Arm(state_->options.limits.header_timeout);
  EnterIdle();
  Advance();
}

bool Connection::GivesWay() const {
  return (phase_ == Phase::kWaiting && !fresh_) ||
         std::chrono::steady_clock::now() - idle_since_ >= state_->options.limits.silent_min;
}

void Connection::EnterIdle() {
  idle_since_ = std::chrono::steady_clock::now();
  std::list<Connection*>& idle = state_->idle(known_);
  idle_ = idle.insert(idle.end(), this);
}

void Connection::LeaveIdle() {
  if (idle_) {
    state_->idle(known_).erase(*std::exchange(idle_, std::nullopt));
  }
}

void Connection::CloseIfIdle() {
  if (phase_ == Phase::kWaiting && !fresh_) {
    Close();
  }
}

void Connection::Abandon() {
  on_gone_ = nullptr;
  Close();
}

void Connection::Read(std::size_t bytes_max) {
  const std::size_t held = in_.size();
  in_.resize(held + bytes_max);
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(in_.data() + held, bytes_max),
      [self = shared_from_this(), held](const ErrorCode& error, std::size_t bytes) {
        self->OnRead(error, held, bytes);
      });
}

void Connection::OnRead(const ErrorCode& error, std::size_t held, std::size_t bytes) {
  reading_ = false;
  in_.resize(held + bytes);
  switch (phase_) {
    case Phase::kWaiting:
    case Phase::kHead:
    case Phase::kBody:
      if (error) {
        return Close();
      }
      return Advance();
    case Phase::kLingering:
      lingered_bytes_ += bytes;
      if (error || lingered_bytes_ > kLingerBytesMax) {
        return Close();
      }
      in_.clear();
      return Read(kBodyReadBytes);
    case Phase::kHandling:
    case Phase::kWriting:
    case Phase::kClosed:
      return;
  }
}

void Connection::Advance() {
  if (phase_ == Phase::kWaiting) {
    // Empty lines ahead of a request are let pass (RFC 9112, section 2.2), however many come at
    // once.
    in_.erase(0, EmptyLines(in_));
    if (in_.empty() || in_ == "\r") {
      return Read(kReadBytes);
    }
    phase_ = Phase::kHead;
    scanned_ = 0;
    if (!std::exchange(fresh_, false)) {
      Arm(state_->options.limits.header_timeout);
    }
  }
  if (phase_ == Phase::kHead) {
    return TakeHead();
  }
  TakeBody();
}

void Connection::TakeHead() {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t limit = state_->options.limits.header_bytes_max;
  const std::size_t end = in_.find(kEnd, scanned_ - std::min(scanned_, kEnd.size() - 1));
  const std::size_t size = end == std::string::npos ? in_.size() : end + kEnd.size();
  if (size > limit) {
    return Refuse({Reason::kHeaderTooLarge, 431,
                   "the head is larger than " + std::to_string(limit) + " bytes"});
  }
  if (end == std::string::npos) {
    if (!IsTokenChar(in_.front()) || HasBareLf(in_, scanned_)) {
      return Refuse({Reason::kMalformed, 400, "not HTTP/1.1"});
    }
    scanned_ = in_.size();
    return Read(kReadBytes);
  }
  auto parsed = ParseRequestHead(std::string_view(in_).substr(0, size));
  in_.erase(0, size);
  if (const Refusal* refusal = std::get_if<Refusal>(&parsed)) {
    return Refuse(*refusal);
  }
  RequestHead& head = std::get<RequestHead>(parsed);
  const std::size_t body_max = state_->options.limits.body_bytes_max;
  if (head.content_length > body_max) {
    return Refuse(TooLarge(body_max));
  }
  LeaveIdle();
  request_ = std::move(head.request);
  content_length_ = head.content_length;
  if (head.chunked) {
    chunks_.emplace(kAroundChunks);
  }
  account_.clear();
  body_max_ = body_max;
  expects_continue_ = head.expects_continue;
  without_body_ = request_.method == Method::kHead;
  close_ = !head.keep_alive;
  phase_ = Phase::kBody;
  if (chunks_ || in_.size() < content_length_) {
    if (!JudgeHead()) {
      return;
    }
    Arm(state_->options.limits.body_timeout);
  }
  TakeBody();
}

bool Connection::JudgeHead() {
  if (!state_->options.judge) {
    return true;
  }
  HeadVerdict verdict = state_->options.judge(request_);
  if (!verdict.read_body) {
    close_ = true;  // the body is still to come
    chunks_.reset();
    Dispatch();
    return false;
  }
  body_max_ = std::min(body_max_, verdict.body_bytes_max);
  if (content_length_ > body_max_) {
    Refuse(TooLarge(body_max_));
    return false;
  }
  account_ = std::move(verdict.account);
  return true;
}

void Connection::TakeBody() {
  if (chunks_) {
    return TakeChunks();
  }
  if (in_.size() < content_length_) {
    if (!ContinuesFirst()) {
      // Room grows with what has come, not with what was announced.
      ReadBody(in_.size(), std::min(content_length_ - in_.size(),
                                    std::clamp(in_.size(), kReadBytes, kBodyReadBytes)));
    }
    return;
  }
  ReleaseBody();
  if (in_.size() == content_length_) {
    request_.body = std::exchange(in_, {});
  } else {
    request_.body = in_.substr(0, content_length_);
    in_.erase(0, content_length_);
  }
  Dispatch();
}

void Connection::TakeChunks() {
  if (ContinuesFirst()) {
    return;
  }
  std::string_view bytes = in_;
  const ChunkDecoder::State state = chunks_->Feed(&bytes, &request_.body);
  in_.erase(0, in_.size() - bytes.size());
  if (request_.body.size() + chunks_->chunk_left() > body_max_) {
    return Refuse(TooLarge(body_max_));
  }
  if (state == ChunkDecoder::State::kMalformed) {
    return Refuse({Reason::kChunks, 400,
                   "the body's chunks are malformed, or have trailers or long extensions"});
  }
  if (state == ChunkDecoder::State::kMore) {
    return ReadBody(request_.body.size(),
                    std::clamp(request_.body.size(), kReadBytes, kBodyReadBytes));
  }
  chunks_.reset();
  ReleaseBody();
  Dispatch();
}

bool Connection::ContinuesFirst() {
  if (!std::exchange(expects_continue_, false) || !in_.empty()) {
    return false;
  }
  SendContinue();
  return true;
}

void Connection::ReadBody(std::size_t held, std::size_t room) {
  const std::size_t more = held + room - body_reserved_;
  if (!state_->ReserveBody(account_, body_reserved_, more)) {
    return Refuse({Reason::kBodies, 429, "too many bodies are being read"});
  }
  body_reserved_ += more;
  Read(room);
}

void Connection::ReleaseBody() { state_->ReleaseBody(account_, std::exchange(body_reserved_, 0)); }

void Connection::SendContinue() {
  sending_continue_ = true;
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(kContinue),
                    [self = shared_from_this()](const ErrorCode& error, std::size_t) {
                      self->sending_continue_ = false;
                      if (self->phase_ != Phase::kBody) {
                        return;
                      }
                      if (error) {
                        return self->Close();
                      }
                      self->TakeBody();
                    });
}

void Connection::Refuse(const Refusal& refusal) {
  LeaveIdle();
  ReleaseBody();
  chunks_.reset();
  state_->Count(refusal.reason);
  state_->log.Debug("request refused",
                    {{"remote", remote_address_},
                     {"reason", kReasonNames[static_cast<std::size_t>(refusal.reason)]}});
  Response response =
      Problem(refusal.status,
              Error{CodeOf(refusal.status), refusal.detail, UpperName(refusal.reason), {}, {}});
  response.close = true;
  if (refusal.reason == Reason::kContentEncoding) {
    response.headers.emplace_back("Accept-Encoding", "identity");
  }
  without_body_ = false;
  if (reading_) {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  Write(response);
}

void Connection::Answer(std::uint64_t turn, const Response& response, bool known) {
  if (phase_ != Phase::kHandling || turn != turn_) {
    return;
  }
  known_ = known_ || known;
  on_gone_ = nullptr;
  if (std::exchange(watching_, false)) {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  Write(response);
}

void Connection::Write(const Response& response) {
  close_ = close_ || response.close || state_->stopping;
  out_ = ResponseBytes(response, without_body_, close_, std::time(nullptr));
  phase_ = Phase::kWriting;
  Arm(state_->options.limits.write_timeout);
  asio::async_write(
      socket_, asio::buffer(out_),
      [self = shared_from_this()](const ErrorCode& error, std::size_t) { self->OnWritten(error); });
}

void Connection::OnWritten(const ErrorCode& error) {
  out_ = {};
  if (phase_ != Phase::kWriting) {
    return;
  }
  if (error) {
    return Close();
  }
  if (close_ || state_->stopping) {
    return Linger();
  }
  phase_ = Phase::kWaiting;
  EnterIdle();
  if (in_.empty()) {
    Arm(state_->options.limits.idle_timeout);
  }
  Advance();
}

void Connection::Linger() {
  phase_ = Phase::kLingering;
  ErrorCode error;
  socket_.shutdown(asio::socket_base::shutdown_send, error);
  if (error) {
    return Close();
  }
  Arm(kLingerTime);
  if (reading_) {
    return;
  }
  in_.clear();
  Read(kReadBytes);
}

void Connection::Arm(std::chrono::milliseconds timeout) {
  timer_.expires_after(timeout);
  timer_.async_wait([self = shared_from_this(), armed = ++armed_](const ErrorCode& error) {
    if (!error && armed == self->armed_) {
      self->OnTimeout();
    }
  });
}

void Connection::Disarm() {
  ++armed_;
  timer_.cancel();
}

void Connection::OnTimeout() {
  switch (phase_) {
    case Phase::kHead:
      return Refuse({Reason::kHeaderTimeout, 408, "the head did not arrive in time"});
    case Phase::kBody:
      if (sending_continue_) {
        return Close();
      }
      return Refuse({Reason::kBodyTimeout, 408, "the body did not arrive in time"});
    case Phase::kWriting:
      state_->Count(Reason::kWriteTimeout);
      return Close();
    case Phase::kWaiting:
    case Phase::kLingering:
      return Close();
    case Phase::kHandling:
    case Phase::kClosed:
      return;
  }
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) {
    return;
  }
  ErrorCode ignored;
  socket_.close(ignored);
  Release();
}

void Connection::Release() {
  phase_ = Phase::kClosed;
  Disarm();
  LeaveIdle();
  ReleaseBody();
  request_ = {};
  if (!reading_) {
    in_ = {};  // else a read still writes there
  }
  const auto on_gone = std::exchange(on_gone_, nullptr);
  state_->Remove(this);
  if (on_gone) {
    on_gone();
  }
}

}  // namespace belfry::http
