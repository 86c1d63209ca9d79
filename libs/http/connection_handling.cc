// SPDX-License-Identifier: Apache-2.0
// The part of a connection that calls the handler and writes its answer.
#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <utility>

#include "libs/http/connection.h"

namespace belfry::http {
namespace {

// The state of the peer's socket, without reading from it.
enum class Peer { kQuiet, kSentMore, kEnded, kBroken };

Peer LookAtPeer(int socket) {
  pollfd looked{socket, POLLIN | POLLRDHUP, 0};
  if (poll(&looked, 1, 0) <= 0) {
    return Peer::kQuiet;
  }
  if ((looked.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
    return Peer::kBroken;
  }
  if ((looked.revents & POLLRDHUP) != 0) {
    return Peer::kEnded;
  }
  return Peer::kSentMore;
}

// Holds the connection weakly: a handler may keep its responder for as long as it likes, on any
// thread, and the connection must die on its own.
class ConnectionResponder final : public Responder {
 public:
  ConnectionResponder(std::shared_ptr<ServerState> state, std::weak_ptr<Connection> connection,
                      std::uint64_t turn)
      : state_(std::move(state)), connection_(std::move(connection)), turn_(turn) {}

  ~ConnectionResponder() override {
    if (!used_) {
      Send(Problem(500, Error{Code::kInternal, "the request was not answered"}));
    }
  }

  void Send(Response response) override {
    if (used_.exchange(true)) {
      return;
    }
    state_->Run([connection = connection_, turn = turn_, response = std::move(response),
                 known = known_.load()] {
      if (const auto alive = connection.lock()) {
        alive->Answer(turn, response, known);
      }
    });
  }

  int TakeSocket() override {
    if (used_.exchange(true)) {
      return -1;
    }
    const auto alive = connection_.lock();
    return alive ? alive->Take(turn_) : -1;
  }

  void NoteKnown() override { known_ = true; }

  void OnPeerGone(std::function<void()> callback) override {
    state_->Run([connection = connection_, turn = turn_, callback = std::move(callback)]() mutable {
      if (const auto alive = connection.lock()) {
        alive->WatchPeer(turn, std::move(callback));
      }
    });
  }

 private:
  const std::shared_ptr<ServerState> state_;
  const std::weak_ptr<Connection> connection_;
  const std::uint64_t turn_;
  std::atomic<bool> used_ = false;
  std::atomic<bool> known_ = false;
};

}  // namespace

void Connection::Dispatch() {
  phase_ = Phase::kHandling;
  // Some writers of JSON begin with it, and no reader of JSON has to know it.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (request_.body.starts_with(kByteOrderMark)) {
    request_.body.erase(0, kByteOrderMark.size());
  }
  Disarm();
  request_.remote_address = remote_address_;
  state_->handler(std::exchange(request_, {}),
                  std::make_shared<ConnectionResponder>(state_, weak_from_this(), ++turn_));
}

int Connection::Take(std::uint64_t turn) {
  if (phase_ != Phase::kHandling || turn != turn_) {
    return -1;
  }
  on_gone_ = nullptr;
  const Peer peer = LookAtPeer(socket_.native_handle());
  if (peer == Peer::kEnded || peer == Peer::kBroken) {
    Close();
    return -1;
  }
  ErrorCode error;
  const int socket = socket_.release(error);
  if (error) {
    Close();
    return -1;
  }
  Release();
  // Asio has it non-blocking by ioctl already, but only once it has waited for something.
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  return socket;
}

void Connection::WatchPeer(std::uint64_t turn, std::function<void()> on_gone) {
  if (phase_ != Phase::kHandling || turn != turn_) {
    return;
  }
  on_gone_ = std::move(on_gone);
  if (!std::exchange(watching_, true)) {
    AwaitPeer();
  }
}

void Connection::AwaitPeer() {
  // When more has been sent ahead, or the peer has ended its own side, only a reset is seen.
  const bool quiet = LookAtPeer(socket_.native_handle()) == Peer::kQuiet;
  socket_.async_wait(quiet ? Socket::wait_read : Socket::wait_error,
                     [self = shared_from_this(), turn = turn_](const ErrorCode& error) {
                       if (self->turn_ == turn) {
                         self->OnPeerEvent(error);
                       }
                     });
}

void Connection::OnPeerEvent(const ErrorCode& error) {
  if (phase_ != Phase::kHandling || !watching_) {
    return;
  }
  if (error) {
    return;
  }
  switch (LookAtPeer(socket_.native_handle())) {
    case Peer::kQuiet:
    case Peer::kSentMore:
    case Peer::kEnded:  // its own side: it may wait for the answer
      return AwaitPeer();
    case Peer::kBroken:
      return Close();
  }
}

}  // namespace belfry::http
