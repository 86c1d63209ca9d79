// SPDX-License-Identifier: Apache-2.0
#include "bench/smoke/receiver.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "libs/common/check.h"

namespace belfry::bench {
namespace {

// Connects under way at once: fewer than the kernel's backlog, so that no SYN is dropped and
// repeated a second later.
constexpr std::size_t kOpeningMax = 512;
constexpr std::string_view kNotification = "event: notification\n";
constexpr std::string_view kConnected = "event: connected\n";
constexpr std::string_view kTitle = "\"title\":\"";
constexpr std::string_view kId = "id: ";
constexpr std::string_view kBlockEnd = "\n\n";
constexpr std::string_view kOperation = "\"operation\":\"";

// The nanoseconds since the moment that `text` begins with; std::nullopt: it begins otherwise.
std::optional<std::int64_t> Since(std::string_view text) {
  std::int64_t meant = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), meant).ec != std::errc{}) {
    return std::nullopt;
  }
  const auto now = Receiver::Clock::now().time_since_epoch();
  return std::chrono::nanoseconds(now).count() - meant;
}

}  // namespace

Receiver::Receiver() : epoll_(epoll_create1(EPOLL_CLOEXEC)), buffer_(256 * 1024) {}

void Receiver::Open(const test::Endpoint& server, std::vector<std::string> requests) {
  CloseAll();
  server_ = server;
  requests_ = std::move(requests);
  streams_.resize(requests_.size());
  behind_ = streams_.size();
}

void Receiver::CloseAll() {
  for (Stream& stream : streams_) {
    if (!stream.socket.valid()) {
      continue;
    }
    const linger reset{1, 0};
    setsockopt(stream.socket.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  streams_.clear();
  next_to_open_ = opening_ = connected_ = behind_ = told_ = lost_ = 0;
  goal_ = 1;
}

void Receiver::ExpectEach(std::size_t goal) {
  goal_ = goal;
  behind_ = static_cast<std::size_t>(
      std::count_if(streams_.begin(), streams_.end(),
                    [goal](const Stream& stream) { return stream.told < goal; }));
}

bool Receiver::Run(const std::function<bool()>& done, std::chrono::seconds patience) {
  const auto deadline = Clock::now() + patience;
  std::array<epoll_event, 512> events;
  while (!done()) {
    if (Clock::now() > deadline) {
      return false;
    }
    ConnectMore();
    const int n = epoll_wait(epoll_.fd(), events.data(), events.size(), 1);
    for (int i = 0; i < n; ++i) {
      OnReady(events[i].data.u64, events[i].events);
    }
  }
  return true;
}

void Receiver::ConnectMore() {
  while (next_to_open_ < streams_.size() && opening_ < kOpeningMax) {
    Stream& stream = streams_[next_to_open_];
    auto socket = test::StartConnecting(server_);
    BELFRY_CHECK(socket.ok());
    stream.socket = *std::move(socket);
    stream.opening = true;
    ++opening_;
    epoll_event event{};
    event.events = EPOLLOUT;
    event.data.u64 = next_to_open_++;
    BELFRY_CHECK(epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, stream.socket.fd(), &event) == 0);
  }
}

void Receiver::OnConnected(std::size_t index) {
  Stream& stream = streams_[index];
  stream.opening = false;
  --opening_;
  const std::string& request = requests_[index];
  const ssize_t sent = send(stream.socket.fd(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) {
    ++lost_;
    return stream.socket.Close();
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = index;
  BELFRY_CHECK(epoll_ctl(epoll_.fd(), EPOLL_CTL_MOD, stream.socket.fd(), &event) == 0);
}

void Receiver::OnReady(std::size_t index, std::uint32_t events) {
  Stream& stream = streams_[index];
  if (stream.opening) {
    return OnConnected(index);
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
    return;
  }
  const ssize_t n = recv(stream.socket.fd(), buffer_.data(), buffer_.size(), 0);
  if (n <= 0) {
    if (n < 0 && errno == EAGAIN) {
      return;
    }
    ++lost_;
    return stream.socket.Close();
  }
  std::string_view bytes =
      BodyOf(&stream, std::string_view(buffer_.data(), static_cast<std::size_t>(n)));
  std::string joined;
  if (!stream.rest.empty()) {
    joined = std::exchange(stream.rest, {}).append(bytes);
    bytes = joined;
  }
  if (!bytes.ends_with(kBlockEnd)) {
    const std::size_t end = bytes.rfind(kBlockEnd);
    const std::size_t whole = end == std::string_view::npos ? 0 : end + kBlockEnd.size();
    stream.rest.assign(bytes.substr(whole));
    bytes = bytes.substr(0, whole);
  }
  Take(&stream, bytes);
}

std::string_view Receiver::BodyOf(Stream* stream, std::string_view bytes) {
  if (!stream->head_done) {
    constexpr std::string_view kHeadEnd = "\r\n\r\n";
    const std::size_t end = bytes.find(kHeadEnd);
    BELFRY_CHECK(end != std::string_view::npos);  // it leaves in one write
    stream->head_done = true;
    stream->chunked = bytes.substr(0, end).find("chunked") != std::string_view::npos;
    bytes.remove_prefix(end + kHeadEnd.size());
  }
  if (!stream->chunked) {
    return bytes;
  }
  decoded_.clear();
  BELFRY_CHECK(stream->chunks.Feed(&bytes, &decoded_) != http::ChunkDecoder::State::kMalformed);
  return decoded_;
}

void Receiver::Take(Stream* stream, std::string_view blocks) {
  if (!stream->connected && blocks.find(kConnected) != std::string_view::npos) {
    stream->connected = true;
    ++connected_;
  }
  if (state_latencies_ != nullptr) {
    TakeStates(blocks);
  }
  // The last id line is the cursor. It is at the beginning of a line.
  for (std::size_t id = blocks.rfind(kId); id != std::string_view::npos;) {
    if (id == 0 || blocks[id - 1] == '\n') {
      const std::size_t end = blocks.find('\n', id);
      stream->cursor.assign(blocks.substr(id + kId.size(), end - id - kId.size()));
      break;
    }
    id = blocks.rfind(kId, id - 1);
  }
  while (true) {
    const auto* found = static_cast<const char*>(
        memmem(blocks.data(), blocks.size(), kNotification.data(), kNotification.size()));
    if (found == nullptr) {
      return;
    }
    blocks.remove_prefix(static_cast<std::size_t>(found - blocks.data()));
    const std::size_t end = blocks.find(kBlockEnd) + kBlockEnd.size();
    TakeNotification(stream, blocks.substr(0, end));
    blocks.remove_prefix(end);
  }
}

void Receiver::TakeNotification(Stream* stream, std::string_view frame) {
  ++told_;
  if (++stream->told == goal_) {
    --behind_;
  }
  if (latencies_ == nullptr) {
    last_frame_.assign(frame);
    return;
  }
  const std::size_t title = frame.find(kTitle);
  if (title == std::string_view::npos) {
    return;
  }
  if (const auto since = Since(frame.substr(title + kTitle.size()))) {
    latencies_->push_back(*since);
  }
}

void Receiver::TakeStates(std::string_view blocks) {
  for (std::size_t at = blocks.find(kOperation); at != std::string_view::npos;
       at = blocks.find(kOperation)) {
    blocks.remove_prefix(at + kOperation.size());
    if (const auto since = Since(blocks)) {
      state_latencies_->push_back(*since);
    }
  }
}

std::string StreamRequest(const std::string& token, const std::string& cursor) {
  return "GET /v1/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + token + "\r\n" +
         (cursor.empty() ? "" : "Last-Event-ID: " + cursor + "\r\n") + "\r\n";
}

}  // namespace belfry::bench
