// SPDX-License-Identifier: Apache-2.0
// Ten thousand SSE clients as cheap as they can be: one thread, one epoll, no parser but a search
// for what is counted. What it costs is part of every number, the same for each server.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/http/chunk_decoder.h"
#include "tests/support/cluster/socket.h"

namespace belfry::bench {

// One thread only.
class Receiver {
 public:
  using Clock = std::chrono::steady_clock;

  Receiver();

  // Starts connecting one stream per request, all to one server; Run does the work. Streams that
  // were there are reset first.
  void Open(const test::Endpoint& server, std::vector<std::string> requests);
  // Resets all connections, so that no port waits for its peer.
  void CloseAll();

  // Each time all streams have received `goal` notifications since they were opened, Run returns.
  void ExpectEach(std::size_t goal);
  bool all_connected() const { return connected_ == streams_.size(); }
  bool all_have_enough() const { return behind_ == 0; }
  std::size_t told() const { return told_; }
  std::size_t lost() const { return lost_; }  // connections that ended by themselves

  // The last cursor of a stream, as text.
  const std::string& cursor(std::size_t stream) const { return streams_[stream].cursor; }
  // The bytes of the last notification that came.
  const std::string& last_frame() const { return last_frame_; }

  // Reads what comes until `done()` or the deadline; false at the deadline. `done` is asked after
  // each round of readiness.
  bool Run(const std::function<bool()>& done, std::chrono::seconds patience);

  // Titles that are numbers are the steady nanoseconds of when they were meant to be sent; while
  // this is set, the time since is appended here, in nanoseconds.
  void RecordLatencies(std::vector<std::int64_t>* latencies) { latencies_ = latencies; }
  // The same of the operations that `state` events carry.
  void RecordStateLatencies(std::vector<std::int64_t>* latencies) { state_latencies_ = latencies; }

 private:
  struct Stream {
    test::Socket socket;
    bool opening = false;
    bool connected = false;
    std::size_t told = 0;
    bool head_done = false;
    bool chunked = false;
    http::ChunkDecoder chunks{{}};
    std::string rest;  // an unfinished block; mostly empty
    std::string cursor;
  };
  void ConnectMore();
  void OnReady(std::size_t index, std::uint32_t events);
  void OnConnected(std::size_t index);
  // What `bytes` hold of the body, without the response's head and the chunks' frames: a view of
  // them or of decoded_.
  std::string_view BodyOf(Stream* stream, std::string_view bytes);
  void Take(Stream* stream, std::string_view blocks);
  void TakeNotification(Stream* stream, std::string_view frame);
  void TakeStates(std::string_view blocks);

  test::Socket epoll_;
  test::Endpoint server_;
  std::vector<std::string> requests_;
  std::vector<Stream> streams_;
  std::size_t next_to_open_ = 0;
  std::size_t opening_ = 0;
  std::size_t connected_ = 0;
  std::size_t goal_ = 0;
  std::size_t behind_ = 0;
  std::size_t told_ = 0;
  std::size_t lost_ = 0;
  std::string last_frame_;
  std::vector<std::int64_t>* latencies_ = nullptr;
  std::vector<std::int64_t>* state_latencies_ = nullptr;
  std::vector<char> buffer_;
  std::string decoded_;
};

// The request for a stream.
std::string StreamRequest(const std::string& token, const std::string& cursor);

}  // namespace belfry::bench
