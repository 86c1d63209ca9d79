// SPDX-License-Identifier: Apache-2.0
// One accepted socket: reads a request, has it answered, goes on or closes. One request at a time;
// what a peer sends ahead waits in the kernel or in a buffer smaller than a head.
// Not thread-safe: everything on the io_context's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "libs/http/asio_types.h"
#include "libs/http/chunk_decoder.h"
#include "libs/http/message.h"
#include "libs/http/refusal.h"
#include "libs/http/server_state.h"

namespace belfry::http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerState> state, Socket socket, std::string remote_address);

  void Start();
  // Closes if it waits for a next request of which nothing has come.
  void CloseIfIdle();
  // It waits for a request and has had its time to begin one.
  bool GivesWay() const;
  // Closes, and drops the callback that waits for the peer to go.
  void Abandon();

  // What a Responder asks for. `turn` is the request it answers; a call for one that has been
  // answered does nothing. `known`: it has shown good credentials.
  void Answer(std::uint64_t turn, const Response& response, bool known);
  int Take(std::uint64_t turn);
  void WatchPeer(std::uint64_t turn, std::function<void()> on_gone);

 private:
  enum class Phase { kWaiting, kHead, kBody, kHandling, kWriting, kLingering, kClosed };

  // Waits for a request from now on, or does so no longer.
  void EnterIdle();
  void LeaveIdle();
  void Read(std::size_t bytes_max);
  void OnRead(const ErrorCode& error, std::size_t held, std::size_t bytes);
  // Goes on with what has been read.
  void Advance();
  void TakeHead();
  // Whether the body may be read; else the request is being answered.
  bool JudgeHead();
  void TakeBody();
  void TakeChunks();
  // Reads `room` more bytes of a body of which `held` are here.
  void ReadBody(std::size_t held, std::size_t room);
  // Sends "100 Continue" if the peer waits for it.
  bool ContinuesFirst();
  // The body under way no longer counts towards bodies_bytes_max.
  void ReleaseBody();
  void SendContinue();
  void Dispatch();
  void Refuse(const Refusal& refusal);
  void Write(const Response& response);
  void OnWritten(const ErrorCode& error);
  // Ends our side and drops what still comes for a moment: closing a socket with unread bytes would
  // reset it and take the answer away from the peer.
  void Linger();
  void AwaitPeer();
  void OnPeerEvent(const ErrorCode& error);
  void Arm(std::chrono::milliseconds timeout);
  void Disarm();
  void OnTimeout();
  void Close();
  void Release();

  const std::shared_ptr<ServerState> state_;
  const std::string remote_address_;
  Socket socket_;
  Timer timer_;
  std::uint64_t armed_ = 0;
  Phase phase_ = Phase::kWaiting;
  bool fresh_ = true;  // no request yet: the wait for its first byte is part of header_timeout
  bool reading_ = false;
  bool sending_continue_ = false;
  bool watching_ = false;
  std::uint64_t turn_ = 0;
  bool known_ = false;                                    // it has shown good credentials
  std::optional<std::list<Connection*>::iterator> idle_;  // its place in ServerState::idle(known_)
  std::chrono::steady_clock::time_point idle_since_;
  std::string in_;           // read and not yet taken
  std::size_t scanned_ = 0;  // of in_, without finding the head's end
  std::size_t lingered_bytes_ = 0;

  // Of the request under way.
  Request request_;
  std::size_t content_length_ = 0;
  std::size_t body_max_ = 0;            // how large its body may be
  std::optional<ChunkDecoder> chunks_;  // of a body in chunks, until it has ended
  std::size_t body_reserved_ = 0;       // of bodies_bytes_max
  std::string account_;                 // whose share that is
  bool expects_continue_ = false;
  bool without_body_ = false;  // a HEAD
  bool close_ = true;
  std::string out_;
  std::function<void()> on_gone_;
};

}  // namespace belfry::http
